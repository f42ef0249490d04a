"""`inlets.csv` and `network.csv`: which meter feeds which sector, and what the leakage index needs to know of a sector. Read whole at each load."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import psycopg
from psycopg import sql

from sources.telemetry.errors import TelemetryError

SOURCE = "telemetry"


@dataclass(frozen=True)
class Master:
    """A file that describes the network; `numbers` are its columns that hold one, `optional` those that may be empty or missing."""

    file: str
    table: str
    columns: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


INLETS = Master("inlets.csv", "telemetry_inlet", ("inlet_code", "inlet_name", "sector_code", "from_sector_code"), optional=("from_sector_code",))
NETWORK = Master("network.csv", "telemetry_network", ("sector_code", "mains_km", "service_pipe_km", "pressure_m"),
                 numbers=("mains_km", "service_pipe_km", "pressure_m"))


def load_master(conn: psycopg.Connection, folder: Path, master: Master, run_id: int) -> int:
    """Make the table what the file says; nothing when there is no such file. Returns the rows that changed.

    Raises TelemetryError, naming file, line and column: a person keeps these few lines, so one that is wrong is mended, not set aside.
    """
    path = folder / master.file
    if not path.exists():
        return 0
    rows = _read(path, master)
    table, key = sql.Identifier("raw", master.table), sql.Identifier(master.columns[0])
    columns = sql.SQL(", ").join(map(sql.Identifier, master.columns))
    values = sql.SQL(", ").join(sql.Placeholder() * len(master.columns))
    rest = [sql.Identifier(c) for c in master.columns[1:]]
    news = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(c) for c in rest)
    upsert = sql.SQL("""
        insert into {t} as r ({c}, _source, _loaded_at, _run_id) values ({v}, %s, clock_timestamp(), %s)
        on conflict ({k}) do update set {n}, _loaded_at = excluded._loaded_at, _run_id = excluded._run_id
        where ({old}) is distinct from ({new})""").format(
            t=table, c=columns, v=values, k=key, n=news, old=sql.SQL(", ").join(sql.SQL("r.{}").format(c) for c in rest),
            new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(c) for c in rest))
    changed = sum(conn.execute(upsert, [*row, SOURCE, run_id]).rowcount for row in rows)
    gone = conn.execute(sql.SQL("delete from {} where {} <> all(%s)").format(table, key), [[row[0] for row in rows]])
    return changed + gone.rowcount


def _read(path: Path, master: Master) -> list[list[str | Decimal | None]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in master.columns if c not in (reader.fieldnames or ()) and c not in master.optional]
            if missing:
                raise TelemetryError(f"A {path.name} le falta la columna {', '.join(missing)}: su encabezado debe ser {','.join(master.columns)}.")
            rows = [[_value(path, reader.line_num, row, c, master) for c in master.columns] for row in reader]
    except UnicodeDecodeError:
        raise TelemetryError(f"{path.name} no está en UTF-8: guárdelo así desde la hoja de cálculo.") from None
    keys = [row[0] for row in rows]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise TelemetryError(f"{path.name}: {', '.join(twice)} está más de una vez en {master.columns[0]}; deje una sola línea.")
    return rows


def _value(path: Path, line: int, row: dict[str, str | None], column: str, master: Master) -> str | Decimal | None:
    text = (row.get(column) or "").strip()
    if not text:
        if column in master.optional:
            return None
        raise TelemetryError(f"{path.name}, línea {line}: {column} está vacío.")
    if column not in master.numbers:
        return text
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise TelemetryError(f"{path.name}, línea {line}: {column} debe ser un número no negativo con punto decimal y es «{text}».")
    return value
