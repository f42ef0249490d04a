"""Takes one segment of customers out of the warehouse as a file, and records who did.

Reads `marts.mart_contact__segment` (role pii), its masked twin and `mart_contact__segment_size` (role read). Writes the file and a row of
`ops.contact_export` (role load).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection, sql

from caudal import warehouse
from caudal.settings import settings
from reports import status
from reports.contacts import layout
from reports.errors import DataChanged, ReportError
from reports.status import DataStatus
from reports.writers import files

CHANNELS = ("email", "whatsapp", "phone")
ATTEMPTS = 3  # a build that is published while we read: read again


@dataclass(frozen=True)
class Segment:
    """A segment and how many contracts it would reach; `without_consent` and `unreachable` are in it and are not written to."""

    code: str
    name: str
    contacts: int
    without_consent: int
    unreachable: int


@dataclass(frozen=True)
class Export:
    """A list that was taken out."""

    export_id: int
    path: Path
    segment: Segment
    row_count: int
    with_personal_data: bool
    status: DataStatus


def segments(conn: Connection, sector: str | None = None) -> list[Segment]:
    """The segments of the published build, in order; of one sector, or of all."""
    rows = conn.execute(
        """select segment_code, segment_name, sum(contacts_count)::bigint, sum(without_consent_count)::bigint, sum(unreachable_count)::bigint
           from marts.mart_contact__segment_size where %(sector)s::text is null or sector_code = %(sector)s
           group by segment_order, segment_code, segment_name order by segment_order""", {"sector": sector}).fetchall()
    return [Segment(*row) for row in rows]


def available(sector: str | None = None) -> tuple[list[Segment], DataStatus]:
    """The segments there are and how fresh they are. Raises ReportError when there is no such sector or nothing was published."""
    with warehouse.connect("read", autocommit=True) as conn:
        now = status.read(conn)
        _check_sector(conn, sector)
        return segments(conn, sector), now


def export(segment: str, by: str, sector: str | None = None, channel: str | None = None, out: Path | None = None,
           with_personal_data: bool = False) -> Export:
    """Write the list of `segment` to `out` (default: `<home>/reports/contactos/`); its suffix, xlsx or csv, is the format.

    `by` is recorded as who took it. Without `with_personal_data` names, telephones and addresses are masked. Raises ReportError (Spanish) when
    there is no such segment, sector, channel or format, when nobody is in the list, or when the data change while they are read.
    """
    if channel is not None and channel not in CHANNELS:
        raise ReportError(f"No existe el medio «{channel}». Los que hay: {', '.join(CHANNELS)}.")
    target = (out or _default(segment, sector, channel, with_personal_data)).absolute()
    fmt = target.suffix.lower().removeprefix(".")
    if fmt not in layout.FORMATS:
        raise ReportError(f"El archivo debe terminar en {' o '.join('.' + name for name in layout.FORMATS)}: «{target.name}».")
    chosen, fields, rows, now = _steady(segment, sector, channel, with_personal_data)
    where = f"{f'Sector {sector}' if sector else 'Todos los sectores'}{f', medio {channel}' if channel else ''}"
    content = layout.content(fmt, chosen.name, where, fields, rows, now)
    with warehouse.connect("load") as conn:  # before the file exists: nothing leaves unrecorded
        export_id = conn.execute(
            """insert into ops.contact_export (exported_by, segment_code, sector_code, channel_code, with_personal_data, columns, row_count, file, sha256,
                                               build_id)
               values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning export_id""",
            [by, chosen.code, sector, channel, with_personal_data, [f.name for f in fields], len(rows), str(target), files.sha256(content), now.build_id],
        ).fetchone()[0]
    files.write(target, content, files.PRIVATE if with_personal_data else files.SHARED)
    return Export(export_id, target, chosen, len(rows), with_personal_data, now)


def _steady(segment: str, sector: str | None, channel: str | None, with_personal_data: bool) -> tuple[Segment, tuple, list[tuple], DataStatus]:
    """The list as one published build has it."""
    for _ in range(ATTEMPTS):
        with warehouse.connect("read", autocommit=True) as conn:
            before = status.read(conn)
            _check_sector(conn, sector)
            known = segments(conn)
        chosen = next((s for s in known if s.code == segment), None)
        if chosen is None:
            raise ReportError(f"No existe el segmento «{segment}». Los que hay: {', '.join(s.code for s in known)}.")
        fields = layout.fields(with_personal_data)
        with warehouse.connect("pii" if with_personal_data else "read", autocommit=True) as conn:
            rows = _rows(conn, fields, segment, sector, channel, with_personal_data)
            after = status.read(conn)
        if after == before:
            if not rows:
                raise ReportError(f"Nadie a quien escribir en «{chosen.name}»: ningún cliente que cumpla consintió en recibir avisos y tiene por dónde.")
            return chosen, fields, rows, after
    raise DataChanged("Se publicaron datos nuevos mientras se leía la lista, varias veces seguidas. Vuelva a intentarlo en unos minutos.")


def _rows(conn: Connection, fields: tuple, segment: str, sector: str | None, channel: str | None, with_personal_data: bool) -> list[tuple]:
    shown = {"reclamo": sql.SQL("case when has_open_claim then 'Sí' else 'No' end")}
    table = "mart_contact__segment" if with_personal_data else "mart_contact__segment_masked"
    return conn.execute(sql.SQL(
        """select {} from marts.{} where segment_code = %(segment)s and (%(sector)s::text is null or sector_code = %(sector)s)
           and (%(channel)s::text is null or channel_code = %(channel)s) order by sector_code, route_code, contract_code""").format(
        sql.SQL(", ").join(shown.get(f.name, sql.Identifier(f.name)) for f in fields), sql.Identifier(table)),
        {"segment": segment, "sector": sector, "channel": channel}).fetchall()


def _check_sector(conn: Connection, sector: str | None) -> None:
    known = [row[0] for row in conn.execute("select sector_code from marts.dim_commercial_sector order by 1").fetchall()]
    if sector is not None and sector not in known:
        raise ReportError(f"No existe el sector «{sector}». Los que hay: {', '.join(known)}.")


def _default(segment: str, sector: str | None, channel: str | None, with_personal_data: bool) -> Path:
    parts = [segment, sector, channel, "con_datos_personales" if with_personal_data else None, f"{settings().today:%Y-%m-%d}"]
    return settings().home / "reports" / "contactos" / f"contactos_{'_'.join(p.replace('/', '-') for p in parts if p)}.xlsx"
