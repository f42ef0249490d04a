"""Puts finished documents in their place and keeps their history in `ops.report_file`.

`<root>/<AAAA-MM>/<file>` is the current version; `<root>/<AAAA-MM>/anteriores/v<N>_<file>` are the ones it replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from reports.status import DataStatus
from reports.writers import files


@dataclass(frozen=True)
class Document:
    """A finished file in memory. `fingerprint` identifies what it says, without the stamp of the build that said it.

    `totals`: name → amount or count, for `ops.report_file`; `mode`: who may read it (writers.files.PRIVATE | SHARED).
    """

    file_name: str
    format: Literal["xlsx", "pdf", "txt", "csv"]
    content: bytes
    fingerprint: str
    row_count: int
    totals: Mapping[str, Any] = field(default_factory=dict)
    status: Literal["ok", "observado"] = "ok"
    mode: int = files.SHARED


@dataclass(frozen=True)
class Output:
    """What a report made of one published build. `register(conn, run_id)` writes its other traces (quarantine) with the files' rows."""

    documents: Sequence[Document]
    rows_read: int
    rows_quarantined: int = 0
    register: Callable[[Connection, int], None] | None = None


@dataclass(frozen=True)
class ReportFile:
    """One file of a report, as registered. `is_new` tells a version written now from one found unchanged.

    `is_stale` and `data_status` are those of the present run, also for a file found unchanged.
    """

    report: str
    period_month: date
    path: Path
    format: str
    version: int
    sha256: str
    row_count: int
    totals: Mapping[str, str]
    status: str
    is_stale: bool
    data_status: str
    is_new: bool


def store(conn: Connection, root: Path, report: str, month: date, documents: Sequence[Document], status: DataStatus) -> list[ReportFile]:
    """Write the documents of one report and register them. The caller's transaction (role load) makes the rows final.

    A document that says the same as its latest version is not written again: that version is marked as verified by the present
    build. A file that was lost or altered on disk is put back. A file that the report no longer makes (no errors any more) goes to
    `anteriores`. The files of other reports and months are not touched.
    """
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"report {report} {month}"])
    stored = [_store(conn, root, report, month, document, status) for document in documents]
    _retire(conn, root, report, month, [document.file_name for document in documents])
    return stored


def _retire(conn: Connection, root: Path, report: str, month: date, kept: Sequence[str]) -> None:
    rows = conn.execute(
        "select file_name, max(version) from ops.report_file where report = %s and period_month = %s and file_name <> all(%s) group by file_name",
        [report, month, list(kept)],
    ).fetchall()
    for file_name, version in rows:
        target = root / f"{month:%Y-%m}" / file_name
        if target.exists():
            older = target.parent / "anteriores" / f"v{version}_{file_name}"
            older.parent.mkdir(exist_ok=True)
            target.replace(older)


def _store(conn: Connection, root: Path, report: str, month: date, document: Document, status: DataStatus) -> ReportFile:
    target = root / f"{month:%Y-%m}" / document.file_name
    latest = _latest(conn, report, month, document.file_name)
    if latest and latest["fingerprint"] == document.fingerprint:
        intact = target.exists() and files.sha256(target.read_bytes()) == latest["sha256"]
        if intact or files.sha256(document.content) == latest["sha256"]:
            if not intact:
                files.write(target, document.content, document.mode)
            conn.execute("update ops.report_file set verified_at = now(), verified_build_id = %s where report_file_id = %s",
                         [status.build_id, latest["report_file_id"]])
            return _registered(latest, target, status, is_new=False)
    if latest and target.exists() and files.sha256(target.read_bytes()) == latest["sha256"]:
        files.write(target.parent / "anteriores" / f"v{latest['version']}_{target.name}", target.read_bytes(), document.mode)
    row = _insert(conn, report, month, document, status, version=latest["version"] + 1 if latest else 1)
    files.write(target, document.content, document.mode)
    return _registered(row, target, status, is_new=True)


def _latest(conn: Connection, report: str, month: date, file_name: str) -> dict[str, Any] | None:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select * from ops.report_file where report = %s and period_month = %s and file_name = %s order by version desc limit 1",
            [report, month, file_name],
        ).fetchone()


def _insert(conn: Connection, report: str, month: date, document: Document, status: DataStatus, version: int) -> dict[str, Any]:
    values = {
        "report": report, "period_month": month, "file_name": document.file_name, "format": document.format, "version": version,
        "path": f"{month:%Y-%m}/{document.file_name}", "sha256": files.sha256(document.content), "fingerprint": document.fingerprint,
        "row_count": document.row_count, "totals": Jsonb({name: str(value) for name, value in document.totals.items()}),
        "status": document.status, "build_id": status.build_id, "is_stale": status.needs_warning, "data_status": status.message_es,
        "verified_build_id": status.build_id,
    }
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """insert into ops.report_file (report, period_month, file_name, format, version, path, sha256, fingerprint, row_count, totals,
                   status, build_id, is_stale, data_status, verified_build_id)
               values (%(report)s, %(period_month)s, %(file_name)s, %(format)s, %(version)s, %(path)s, %(sha256)s, %(fingerprint)s,
                   %(row_count)s, %(totals)s, %(status)s, %(build_id)s, %(is_stale)s, %(data_status)s, %(verified_build_id)s)
               returning *""",
            values,
        ).fetchone()


def _registered(row: Mapping[str, Any], path: Path, status: DataStatus, is_new: bool) -> ReportFile:
    names = ("report", "period_month", "format", "version", "sha256", "row_count", "totals", "status")
    return ReportFile(path=path, is_stale=status.needs_warning, data_status=status.message_es, is_new=is_new, **{name: row[name] for name in names})
