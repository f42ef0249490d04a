"""`caudal retention`: archiva y quita de la base los meses viejos de los hechos grandes. Ejemplo: caudal retention --keep-months 84 --dry-run"""

from __future__ import annotations

import typer

from caudal import warehouse

app = typer.Typer(help=__doc__, add_completion=False)


@app.command()
def retention(
    keep_months: int = typer.Option(None, "--keep-months", help="Cuántos meses cerrados conservan los hechos; al menos 13."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Dice qué archivaría, y no toca nada."),
    restore: str = typer.Option(None, "--restore", help="Carga en el esquema archive un mes archivado. Ejemplo: --restore fct_invoice_2019_03"),
) -> None:
    """Archiva cada mes viejo de cada hecho (CSV comprimido y manifiesto con filas, sumas y SHA-256) y después lo quita de la base.

    Los cuadros mensuales conservan toda su historia. Los archivos quedan en `<home>/archive`: respáldelos.

    Ejemplo: caudal retention --keep-months 84 --dry-run
    Ejemplo: caudal retention --restore fct_invoice_2019_03
    """
    from caudal.retention import Archived, RetentionError, folder, retain
    from caudal.retention import restore as load

    if (keep_months is None) == (restore is None):
        raise typer.BadParameter("diga --keep-months N o --restore NOMBRE")
    try:
        warehouse.bootstrap()
        if restore:
            typer.echo(f"{load(restore)} tiene lo que dice el manifiesto.")
            return
        done = retain(keep_months, dry_run)
    except (RetentionError, warehouse.WarehouseUnavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for item in done:
        fact, month, rows = (item.fact, item.month, item.rows) if isinstance(item, Archived) else (item[0], f"{item[1]:%Y-%m}", item[2])
        typer.echo(f"  {fact} {month}: {rows} filas")
    typer.echo(f"Se archivarían {len(done)} meses." if dry_run else f"Se archivaron {len(done)} meses en {folder()}.")
