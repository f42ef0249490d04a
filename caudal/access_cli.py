"""`caudal access`: quién ve qué, en Superset y en Power BI. Ejemplo: caudal access grant jperez cobranzas --sector S03"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import typer

from caudal import access as store
from caudal import warehouse
from caudal.access import Access, AccessError

app = typer.Typer(no_args_is_help=True, help=__doc__)

_BY = typer.Option(None, "--por", help="Quién lo ordena, para la auditoría; si no se dice, el usuario del sistema.")
_UNTIL = typer.Option(None, "--hasta", formats=["%Y-%m-%d"], help="Último día en que vale. Ejemplo: --hasta 2027-01-31")
_CSV = typer.Argument(help="CSV con las columnas usuario, rol, municipio, sector, hasta, principal, nota.")


@app.command("list")
def list_(user: str = typer.Argument(None, help="Solo los de este usuario.")) -> None:
    """Los accesos dados. Ejemplo: caudal access list"""
    _ready()
    found = store.rows(user)
    valid = set(store.rows(user, valid_only=True))
    for row in found:
        end = f"hasta {row.valid_until:%d/%m/%Y}" if row.valid_until else "sin fin"
        typer.echo(f"{row.user_name:<24} {row.role:<18} {row.place:<34} {end}{'' if row in valid else '  (no vigente)'}")
    if not found:
        typer.echo("No hay accesos: nadie ve nada. Ejemplo: caudal access grant jperez cobranzas --sector S03")


@app.command()
def grant(
    user: str = typer.Argument(help="Nombre del usuario en Superset."),
    role: str = typer.Argument(help=f"Uno de: {', '.join(store.ROLES)}."),
    municipality: str = typer.Option(None, "--municipio", help="Código del municipio; sin municipio ni sector, ve toda la empresa."),
    sector: str = typer.Option(None, "--sector", help="Código del sector."),
    until: datetime = _UNTIL,
    principal: str = typer.Option(None, "--principal", help="Su nombre en Power BI (correo), si no es el mismo."),
    note: str = typer.Option(None, "--nota", help="Por qué."),
    by: str = _BY,
) -> None:
    """Da un acceso, o cambia el plazo de uno. Ejemplo: caudal access grant jperez cobranzas --municipio 01 --hasta 2027-01-31"""
    _ready()
    wanted = Access(user, role, municipality, sector, until.date() if until else None, principal, note)
    try:
        store.grant(wanted, by)
    except AccessError as error:
        _fail(error)
    typer.echo(f"{wanted.user_name}: {store.ROLES[role]}, {wanted.place}. En Superset: ejecute `caudal superset users`.")


@app.command()
def revoke(
    user: str = typer.Argument(help="Nombre del usuario."),
    role: str = typer.Option(None, "--rol", help="Solo este rol."),
    municipality: str = typer.Option(None, "--municipio", help="Solo este municipio."),
    sector: str = typer.Option(None, "--sector", help="Solo este sector."),
    by: str = _BY,
) -> None:
    """Quita los accesos de un usuario; vale desde ya. Ejemplo: caudal access revoke jperez"""
    _ready()
    count = store.revoke(user, role, municipality, sector, by)
    if not count:
        _fail(AccessError(f"{user} no tiene ese acceso: vea `caudal access list {user}`"))
    typer.echo(f"Quitados {count} acceso(s) de {user}.")


@app.command("import")
def import_(path: Path = _CSV, by: str = _BY) -> None:
    """Da todos los accesos de un archivo o, si alguno está mal, ninguno. Ejemplo: caudal access import accesos.csv"""
    _ready()
    try:
        wanted = store.read_csv(path)
        store.grant_all(wanted, by)
    except (AccessError, OSError) as error:
        _fail(error)
    typer.echo(f"Dados {len(wanted)} acceso(s). En Superset: ejecute `caudal superset users`.")


def _ready() -> None:
    try:
        warehouse.ensure()
    except warehouse.WarehouseUnavailable as error:
        _fail(error)


def _fail(error: Exception) -> None:
    typer.secho(str(error), err=True, fg="red")
    raise typer.Exit(1)
