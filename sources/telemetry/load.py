"""`load(folder)`: hourly files → raw.telemetry_hour, each file in one transaction with its ledger and its quarantine.

Reads: `<folder>/**/*.csv`. Writes: raw.telemetry_hour, raw.telemetry_inlet, raw.telemetry_network, ops.telemetry_file, ops.quarantine, ops.run.
Killed anywhere and started again it goes on with the file that was not finished; a file that did not change is not read again. Of two files
that tell of the same hour the younger counts (by the file's own time, then its name), whatever the order in which they arrive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from caudal import lineage, runlog, warehouse
from caudal.settings import settings
from sources.telemetry.errors import TelemetryError
from sources.telemetry.masters import INLETS, NETWORK, SOURCE, load_master
from sources.telemetry.rows import BadRow, Hour, parse
from sources.telemetry.tables import create, ensure_partitions

ENTITY = "telemetry_hour"
MASTERS = {INLETS.file, NETWORK.file}

STAGE = """create temporary table telemetry_new (inlet_code text, hour_at timestamptz, flow_m3h numeric(18, 3), counter_m3 numeric(18, 3))
on commit drop"""

UPSERT = """
insert into raw.telemetry_hour as r
    (inlet_code, hour_at, flow_m3h, counter_m3, source_file, delivered_at, _source, _loaded_at, _run_id)
select n.inlet_code, n.hour_at, n.flow_m3h, n.counter_m3, %(file)s, %(at)s, %(source)s, clock_timestamp(), %(run)s
from telemetry_new as n
on conflict (inlet_code, hour_at) do update set flow_m3h = excluded.flow_m3h, counter_m3 = excluded.counter_m3,
    source_file = excluded.source_file, delivered_at = excluded.delivered_at, _loaded_at = excluded._loaded_at, _run_id = excluded._run_id
where (excluded.delivered_at, excluded.source_file) >= (r.delivered_at, r.source_file)
    and (r.flow_m3h, r.counter_m3, r.source_file, r.delivered_at)
        is distinct from (excluded.flow_m3h, excluded.counter_m3, excluded.source_file, excluded.delivered_at)"""

KNOWN = "select count(*) from telemetry_new as n inner join raw.telemetry_hour as r on r.inlet_code = n.inlet_code and r.hour_at = n.hour_at"

# What an earlier delivery of the same file told of and this one no longer does.
WITHDRAW = """
delete from raw.telemetry_hour as r
where r.source_file = %(file)s and r.hour_at between %(first)s and %(last)s
    and not exists (select from telemetry_new as n where n.inlet_code = r.inlet_code and n.hour_at = r.hour_at)"""

LEDGER = """
insert into ops.telemetry_file as f
    (file_name, sha256, size_bytes, rows_read, rows_changed, rows_quarantined, first_hour_at, last_hour_at, delivered_at, run_id)
values (%(file)s, %(sha256)s, %(size)s, %(read)s, %(changed)s, %(bad)s, %(first)s, %(last)s, %(at)s, %(run)s)
on conflict (file_name) do update set sha256 = excluded.sha256, size_bytes = excluded.size_bytes, rows_read = excluded.rows_read,
    rows_changed = excluded.rows_changed, rows_quarantined = excluded.rows_quarantined, first_hour_at = excluded.first_hour_at,
    last_hour_at = excluded.last_hour_at, delivered_at = excluded.delivered_at, run_id = excluded.run_id, loaded_at = clock_timestamp(),
    deliveries = f.deliveries + (f.sha256 <> excluded.sha256)::int"""


@dataclass
class TelemetryResult:
    """What a load did. `skipped`: files that had not changed; `files`: those that were read."""

    files: int = 0
    skipped: int = 0
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class _File:
    """A file as it is in the folder now."""

    path: Path
    name: str
    size: int
    delivered_at: datetime


def load(folder: Path, progress: Callable[[str], None] | None = None) -> TelemetryResult:
    """Load what is new or changed in `folder`. Waits for another load to end first.

    A bad row goes to ops.quarantine with file, line, field and reason, and the rest of its file is loaded; when the file comes again without
    it, that is resolved. Raises TelemetryError when the folder is not there or its inlets.csv or network.csv cannot be used.
    """
    folder, tell = Path(folder), progress or (lambda _: None)
    if not folder.is_dir():
        raise TelemetryError(f"No existe la carpeta de telemetría {folder}: revise la ruta (CAUDAL_TELEMETRY_DIR).")
    result = TelemetryResult()
    writes = [lineage.warehouse_table("raw", ENTITY)]
    with runlog.run("telemetry", ENTITY, writes=writes) as run, warehouse.connect("load") as conn, warehouse.advisory_lock(conn, "telemetry"):
        create(conn)
        changed = sum(load_master(conn, folder, master, run.run_id) for master in (INLETS, NETWORK))
        conn.commit()
        run.details["network_changes"] = changed
        for file in _files(folder):
            if _seen(conn, file):
                result.skipped += 1
            else:
                _load_file(conn, file, run, result)
                tell(f"{file.name}: {run.details['last_file']}")
            run.rows_read, run.rows_inserted, run.rows_updated = result.rows_read, result.inserted, result.updated
            run.rows_deleted, run.rows_quarantined = result.deleted, result.quarantined
        run.details |= {"files": result.files, "skipped": result.skipped}
    return result


def _files(folder: Path) -> list[_File]:
    """The hourly files, in the order in which they were written."""
    found = []
    for path in folder.rglob("*.csv"):
        if path.name in MASTERS and path.parent == folder or not path.is_file():
            continue
        facts = path.stat()
        found.append(_File(path, path.relative_to(folder).as_posix(), facts.st_size, datetime.fromtimestamp(facts.st_mtime_ns // 1000 / 1e6, UTC)))
    return sorted(found, key=lambda f: (f.delivered_at, f.name))


def _seen(conn: psycopg.Connection, file: _File) -> bool:
    """Whether size and time are those of the content that was loaded: a year of files is not read again every night to find out."""
    return conn.execute("select exists (select from ops.telemetry_file where file_name = %s and size_bytes = %s and delivered_at = %s)",
                        [file.name, file.size, file.delivered_at]).fetchone()[0]


def _load_file(conn: psycopg.Connection, file: _File, run: runlog.Run, result: TelemetryResult) -> None:
    content = file.path.read_bytes()
    parsed = parse(content, settings().today, settings().timezone)
    hours = [h.hour_at for h in parsed.hours]
    facts = {"file": file.name, "at": file.delivered_at, "source": SOURCE, "run": run.run_id, "sha256": hashlib.sha256(content).hexdigest(),
             "size": len(content), "read": len(parsed.hours) + len(parsed.bad), "bad": len(parsed.bad),
             "first": min(hours, default=None), "last": max(hours, default=None)}
    inserted = updated = deleted = 0
    with conn.transaction():
        if parsed.hours:
            ensure_partitions(conn, hours)
            _stage(conn, parsed.hours)
            earlier = conn.execute("select first_hour_at, last_hour_at from ops.telemetry_file where file_name = %s and first_hour_at is not null",
                                   [file.name]).fetchone()
            if earlier:
                deleted = conn.execute(WITHDRAW, facts | {"first": earlier[0], "last": earlier[1]}).rowcount
            inserted = len(hours) - conn.execute(KNOWN).fetchone()[0]  # a partitioned table does not tell which rows an upsert inserted
            updated = conn.execute(UPSERT, facts).rowcount - inserted
        _quarantine(conn, run.run_id, file.name, parsed.bad)
        conn.execute(LEDGER, facts | {"changed": inserted + updated + deleted})
    conn.commit()
    result.files += 1
    result.rows_read += facts["read"]
    result.inserted += inserted
    result.updated += updated
    result.deleted += deleted
    result.quarantined += len(parsed.bad)
    run.details["last_file"] = f"{facts['read']} filas, {inserted} nuevas, {updated} cambiadas, {deleted} retiradas, {len(parsed.bad)} en cuarentena"


def _stage(conn: psycopg.Connection, hours: list[Hour]) -> None:
    conn.execute("drop table if exists telemetry_new")
    conn.execute(STAGE)
    with conn.cursor() as cursor, cursor.copy("copy telemetry_new from stdin") as copy:
        for h in hours:
            copy.write_row((h.inlet_code, h.hour_at, h.flow_m3h, h.counter_m3))


def _quarantine(conn: psycopg.Connection, run_id: int, file: str, bad: list[BadRow]) -> None:
    """Each fault once: what was open of this file and is no longer in it is resolved."""
    ids = [f"{file}:{b.line}" for b in bad]
    conn.execute("""
        update ops.quarantine as q set resolved_at = clock_timestamp()
        where q.source = %s and q.entity = %s and q.resolved_at is null and q.payload ->> 'file' = %s
          and not exists (select from unnest(%s::text[], %s::text[]) as now (id, reason) where now.id = q.record_id and now.reason = q.reason)""",
                 [SOURCE, ENTITY, file, ids, [b.reason for b in bad]])
    for record_id, row in zip(ids, bad, strict=True):
        conn.execute("""
            insert into ops.quarantine (run_id, source, entity, record_id, field, reason, payload)
            select %(run)s, %(source)s, %(entity)s, %(id)s, %(field)s, %(reason)s, %(payload)s
            where not exists (select from ops.quarantine as q where q.source = %(source)s and q.entity = %(entity)s and q.resolved_at is null
                and q.record_id = %(id)s and q.reason = %(reason)s)""",
                     {"run": run_id, "source": SOURCE, "entity": ENTITY, "id": record_id, "field": row.field, "reason": row.reason,
                      "payload": Jsonb({"file": file, "line": row.line, "text": row.text.replace("\0", "")})})
