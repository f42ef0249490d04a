"""Who may see what: rows of `ops.user_access`, each change of which the database records in `ops.user_access_event`.

Superset filters every dataset by them (superset_assets/security.py) and Power BI's roles read the same rows. Without a row: nothing.
"""

from __future__ import annotations

import csv
import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from caudal import warehouse

# role → what it is for, as a person reads it. What each one opens in Superset: superset_assets/roles/<role>.yml.
ROLES = {
    "administracion": "Administra la instalación",
    "gerencia": "Gerencia",
    "comercial": "Comercial",
    "cobranzas": "Cobranzas",
    "facturacion": "Facturación",
    "catastro": "Catastro",
    "auditoria": "Auditoría",
    "analista_power_bi": "Analista de Power BI",
    "solo_lectura": "Solo lectura",
    "invitado": "Tableros incrustados en otra página",
}
_COLUMNS = ("usuario", "rol", "municipio", "sector", "hasta", "principal", "nota")


class AccessError(ValueError):
    """An access that cannot be given or taken; the message says why, in Spanish."""


@dataclass(frozen=True)
class Access:
    """One row of ops.user_access. No municipality and no sector: all of the utility."""

    user_name: str
    role: str
    municipality_code: str | None = None
    sector_code: str | None = None
    valid_until: date | None = None
    principal: str | None = None
    note: str | None = None

    @property
    def place(self) -> str:
        """The territory in words."""
        if self.sector_code:
            return f"sector {self.sector_code}" + (f" del municipio {self.municipality_code}" if self.municipality_code else "")
        return f"municipio {self.municipality_code}" if self.municipality_code else "toda la empresa"


def rows(user_name: str | None = None, valid_only: bool = False) -> list[Access]:
    """The rows of one user or of all. `valid_only`: those that count today."""
    query = sql.SQL("select user_name, role, municipality_code, sector_code, valid_until, principal, note from ops.user_access {} order by 1, 2, 3, 4")
    terms = [sql.SQL("user_name = %(user)s")] if user_name else []
    if valid_only:
        terms.append(sql.SQL("(now() at time zone 'America/Santo_Domingo')::date between valid_from and coalesce(valid_until, 'infinity')"))
    where = sql.SQL("where ") + sql.SQL(" and ").join(terms) if terms else sql.SQL("")
    with warehouse.connect() as conn, conn.cursor(row_factory=class_row(Access)) as cursor:
        return cursor.execute(query.format(where), {"user": (user_name or "").lower()}).fetchall()


def grant(access: Access, by: str | None = None) -> None:
    """Give an access, or change the end, name in Power BI or note of one that is there. Raises AccessError."""
    grant_all([access], by)


def grant_all(wanted: Sequence[Access], by: str | None = None) -> None:
    """Give all of them or, where one is wrong, none. Raises AccessError naming each that is wrong."""
    with warehouse.connect() as conn:
        problems = [problem for access in wanted for problem in _problems(conn, access)]
        if problems:
            raise AccessError("\n".join(problems))
        who = _sign(conn, by)
        for access in wanted:
            try:
                conn.execute(
                    """insert into ops.user_access (user_name, role, municipality_code, sector_code, valid_until, principal, note, granted_by)
                    values (%s, %s, %s, %s, %s, %s, %s, %s)
                    on conflict (user_name, role, coalesce(municipality_code, ''), coalesce(sector_code, '')) do update
                    set valid_until = excluded.valid_until, principal = excluded.principal, note = excluded.note, granted_by = excluded.granted_by
                    where (user_access.valid_until, user_access.principal, user_access.note)
                        is distinct from (excluded.valid_until, excluded.principal, excluded.note)""",
                    [access.user_name.lower(), access.role, access.municipality_code, access.sector_code, access.valid_until,
                     access.principal and access.principal.lower(), access.note, who],
                )
            except psycopg.errors.CheckViolation as error:
                raise AccessError(f"{access.user_name}, {access.role}, {access.place}: valor no admitido ({error.diag.constraint_name})") from None


def revoke(user_name: str, role: str | None = None, municipality_code: str | None = None, sector_code: str | None = None, by: str | None = None) -> int:
    """Take away the user's accesses, those of the role and place where given; how many there were. It counts at once."""
    with warehouse.connect() as conn:
        _sign(conn, by)
        return conn.execute(
            """delete from ops.user_access where user_name = %(user)s and (%(role)s::text is null or role = %(role)s)
            and (%(municipality)s::text is null or municipality_code = %(municipality)s) and (%(sector)s::text is null or sector_code = %(sector)s)""",
            {"user": user_name.lower(), "role": role, "municipality": municipality_code, "sector": sector_code},
        ).rowcount


def read_csv(path: Path) -> list[Access]:
    """Accesses of a file with the columns usuario, rol and any of municipio, sector, hasta (AAAA-MM-DD), principal, nota. Raises AccessError."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        unknown = set(reader.fieldnames or ()) - set(_COLUMNS)
        if unknown or not {"usuario", "rol"} <= set(reader.fieldnames or ()):
            raise AccessError(f"{path}: se esperan las columnas {', '.join(_COLUMNS)} (usuario y rol, obligatorias); tiene {reader.fieldnames}")
        found = []
        for number, line in enumerate(reader, start=2):
            values = {key: (value or "").strip() or None for key, value in line.items()}
            try:
                until = date.fromisoformat(values["hasta"]) if values.get("hasta") else None
            except ValueError:
                raise AccessError(f"{path}, línea {number}: {values['hasta']!r} no es una fecha AAAA-MM-DD") from None
            if not values["usuario"] or not values["rol"]:
                raise AccessError(f"{path}, línea {number}: falta usuario o rol")
            found.append(Access(values["usuario"], values["rol"], values.get("municipio"), values.get("sector"), until,
                                values.get("principal"), values.get("nota")))
    return found


def _problems(conn: psycopg.Connection, access: Access) -> Iterable[str]:
    where = f"{access.user_name}, {access.role}"
    if access.role not in ROLES:
        yield f"{where}: el rol no existe; los roles son {', '.join(ROLES)}"
    for kind, table, column, code in (
        ("municipio", "dim_municipality", "municipality_code", access.municipality_code),
        ("sector", "dim_commercial_sector", "sector_code", access.sector_code),
    ):
        # Before the first publication there is nothing to compare with.
        if code and conn.execute("select to_regclass(%s) is not null", [f"marts.{table}"]).fetchone()[0]:
            query = sql.SQL("select 1 from marts.{} where {} = %s").format(sql.Identifier(table), sql.Identifier(column))
            if conn.execute(query, [code]).fetchone() is None:
                yield f"{where}: no hay ningún {kind} con el código {code!r}"


def _sign(conn: psycopg.Connection, by: str | None) -> str:
    """Who the event of this transaction will name."""
    who = by or getpass.getuser()
    conn.execute("select set_config('caudal.by_whom', %s, true)", [who])
    return who
