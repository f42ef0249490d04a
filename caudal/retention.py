"""Old months of the big facts, out of the database and into files.

`caudal retention --keep-months N` archives each partition older than N months (compressed CSV, and a manifest with rows, sums and SHA-256),
and then drops it on both sides of the marts. The monthly KPI marts keep their history. A month that is archived is frozen: what happens to it
later in Odoo no longer reaches the facts (`ops.model_state.kept_from`). Making a fact whole again (`caudal build --full-refresh`) brings the
months back from raw, until the next retention.

Reads and writes: schemas `marts`, `marts_next`, `archive` (what was restored), `ops.model_state`, `<home>/archive/`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from caudal import warehouse
from caudal.settings import settings

PATIENCE = "60s"  # how long a reader in the middle of a query is waited for before its fact loses a partition


@dataclass(frozen=True)
class Archived:
    """A partition in a file: what the manifest says of it. `sums`: of each numeric column, as text."""

    fact: str
    month: str
    file: str
    rows: int
    sums: dict[str, str | None]
    columns: dict[str, str]
    sha256: str
    archived_at: str


class RetentionError(RuntimeError):
    """What could not be archived or restored, in Spanish, and nothing was dropped."""


def folder() -> Path:
    """Where archived partitions are."""
    return settings().home / "archive"


def cutoff(keep_months: int, today: date) -> date:
    """First day of the oldest month that is kept: N closed months before the present one."""
    index = today.year * 12 + today.month - 1 - keep_months
    return date(index // 12, index % 12 + 1, 1)


def old_partitions(conn: psycopg.Connection, schema: str, before: date) -> list[tuple[str, date, str]]:
    """Partitions of a schema's facts for months before a date: fact, month, qualified name of the part."""
    return conn.execute(
        """select c.relname, p.period_month, p.part from pg_class c cross join lateral ops.month_partitions(c.oid) p
           where c.relnamespace = to_regnamespace(%s) and c.relkind = 'p' and p.period_month < %s order by 1, 2""", [schema, before]).fetchall()


def retain(keep_months: int, dry_run: bool = False) -> list[Archived | tuple[str, date, int]]:
    """Archive and drop; what was archived. With `dry_run` what would be: fact, month and rows."""
    if keep_months < 13:
        raise RetentionError("Conserve al menos 13 meses: la facturación anual y la comparación con el año anterior los necesitan.")
    with warehouse.connect(autocommit=True) as conn, warehouse.advisory_lock(conn, "build"):
        before = cutoff(keep_months, settings().today)
        found = old_partitions(conn, "marts", before)
        if dry_run:
            return [(fact, month, conn.execute(f"select count(*) from {part}").fetchone()[0]) for fact, month, part in found]
        archived = [_archive(conn, fact, month, part) for fact, month, part in found]
        for schema in ("marts", "marts_next"):
            with conn.transaction():
                conn.execute(f"set local lock_timeout = '{PATIENCE}'")
                facts = {fact for fact, _, _ in old_partitions(conn, schema, before)}
                for _, _, part in old_partitions(conn, schema, before):
                    conn.execute(f"drop table {part}")
                conn.execute("update ops.model_state set kept_from = %s where side = ops.side_of(%s) and model = any(%s)", [before, schema, list(facts)])
        return archived


def _archive(conn: psycopg.Connection, fact: str, month: date, part: str) -> Archived:
    """Write one partition, read the file again, and only then add it to the manifest."""
    folder().mkdir(parents=True, exist_ok=True)
    file = folder() / f"{fact}_{month:%Y_%m}.csv.gz"
    columns = dict(conn.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
        [part]).fetchall())
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        sums = {c: t for c, t in columns.items() if t.startswith("numeric")}
        rows, *totals = conn.execute(f"select count(*){''.join(f', sum({c})' for c in sums)} from {part}").fetchone()
        draft = file.with_suffix(".draft")
        with gzip.open(draft, "wb") as out, conn.cursor().copy(f"copy (select * from {part} order by 1, 2) to stdout (format csv, header)") as copy:
            for block in copy:
                out.write(block)
    digest, lines = hashlib.sha256(draft.read_bytes()).hexdigest(), sum(1 for _ in _records(draft))
    if lines != rows:
        raise RetentionError(f"{draft}: se escribieron {lines} filas y {part} tiene {rows}. No se borró nada.")
    draft.replace(file)
    archived = Archived(fact, f"{month:%Y-%m}", file.name, rows, {c: None if v is None else str(v) for c, v in zip(sums, totals, strict=True)},
                        columns, digest, datetime.now(UTC).isoformat(timespec="seconds"))
    kept = {e["file"]: e for e in manifest()} | {file.name: asdict(archived)}
    temporary = folder() / ".manifest.json"
    temporary.write_text(json.dumps(list(kept.values()), indent=1, ensure_ascii=False), encoding="utf-8")
    temporary.replace(folder() / "manifest.json")
    return archived


def _records(file: Path) -> Iterator[list[str]]:
    import csv

    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        next(reader)
        yield from reader


def manifest() -> list[dict]:
    """What is archived."""
    file = folder() / "manifest.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def restore(name: str) -> str:
    """Load an archived partition into schema `archive`, checked against the manifest; the table's name. It is not put back into the fact."""
    entry = next((e for e in manifest() if e["file"].removesuffix(".csv.gz") == name.removesuffix(".csv.gz")), None)
    if entry is None:
        raise RetentionError(f"{name} no está en {folder() / 'manifest.json'}.")
    file = folder() / entry["file"]
    if hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
        raise RetentionError(f"{file} no es el archivo que se escribió: su SHA-256 no es el del manifiesto.")
    table = sql.Identifier("archive", entry["file"].removesuffix(".csv.gz"))
    with warehouse.connect() as conn:
        conn.execute("create schema if not exists archive")
        conn.execute(sql.SQL("drop table if exists {}").format(table))
        conn.execute(sql.SQL("create table {} ({})").format(table, sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(t)) for c, t in entry["columns"].items())))
        with gzip.open(file, "rb") as source, conn.cursor().copy(sql.SQL("copy {} from stdin (format csv, header)").format(table)) as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        sums = entry["sums"]
        rows, *totals = conn.execute(sql.SQL("select count(*){} from {}").format(
            sql.SQL("").join(sql.SQL(", sum({})").format(sql.Identifier(c)) for c in sums), table)).fetchone()
        if rows != entry["rows"] or [None if v is None else str(v) for v in totals] != list(sums.values()):
            raise RetentionError(f"{file}: no suma lo que dice el manifiesto. No se restauró.")
    return f"archive.{entry['file'].removesuffix('.csv.gz')}"
