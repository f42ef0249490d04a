"""Runs dbt for `caudal build`: environment, command, its lines made short, and what failed.

Reads and writes through dbt only; artefacts go to `<home>/dbt-target`, dbt's lines to `<home>/logs/dbt/build.log`. dbt's own log, of every statement,
takes a fifth of a build's time: `DBT_LOG_LEVEL_FILE=debug` has it written beside.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qs, unquote, urlsplit

from caudal.settings import settings

PROJECT = Path(__file__).resolve().parent.parent / "dbt"
BUILDING = "marts_next"
LOG_BYTES = 10_000_000
UNIT_TESTS_PASSED = "unit_tests_passed"  # the file that says of which project they did
PROCESS = Path(__file__).with_name("dbt_process.py")
NODE_LINE = re.compile(r"(\d+) of (\d+) (\w+) (.*)")
DOTS = re.compile(r" \.{2,}|(?<=\S)\.{2,}")
CHATTER = ("Running with", "Registered adapter", "Performance info", "Concurrency:", "Unable to do partial parsing", "Done.")
FAILED_STATUSES = ("fail", "error", "runtime error")


def target_dir() -> Path:
    """Where dbt leaves its artefacts."""
    return settings().home / "dbt-target"


def log_dir() -> Path:
    """Where dbt's lines are kept."""
    return settings().home / "logs" / "dbt"


def parsed_manifest() -> Path:
    """The manifest as parsed. A run adds to its own the macros that its branches happened to call, so that the same files give another one."""
    return target_dir() / "parsed_manifest.json"


def read_manifest() -> dict[str, Any]:
    """What `parsed_manifest()` holds."""
    return json.loads(parsed_manifest().read_text(encoding="utf-8"))


def dbt_environment(role: str = "transform", schema: str = BUILDING) -> dict[str, str]:
    """Environment for running dbt or MetricFlow by hand: connection as `role`, marts in `schema`, no telemetry.

    With `schema="marts"` and `role="read"` MetricFlow's own queries run over the published marts.
    """
    config = settings()
    url = urlsplit(config.warehouse_url(role))
    return {
        **os.environ,
        "CAUDAL_DBT_HOST": url.hostname or "127.0.0.1",
        "CAUDAL_DBT_PORT": str(url.port or 5432),
        "CAUDAL_DBT_USER": unquote(url.username or ""),
        "DBT_ENV_SECRET_CAUDAL_PASSWORD": unquote(url.password or ""),
        "CAUDAL_DBT_DBNAME": url.path.lstrip("/"),
        "CAUDAL_DBT_SSLMODE": parse_qs(url.query).get("sslmode", ["prefer"])[0],
        "CAUDAL_DBT_THREADS": os.environ.get("CAUDAL_DBT_THREADS") or str(min(4, max(2, (os.cpu_count() or 2) + 1))),
        "CAUDAL_DBT_MARTS_SCHEMA": schema,
        "CAUDAL_TODAY": config.today.isoformat(),
        "CAUDAL_TIMEZONE": config.timezone,
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE") or "none",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def project_fingerprint() -> str:
    """Hash of every file of the project and of the interpreter's dbt."""
    digest = hashlib.sha256(sys.prefix.encode())
    for name in sorted(p.relative_to(PROJECT) for p in PROJECT.rglob("*") if p.suffix in (".sql", ".yml", ".csv")):
        if name.parts[0] not in ("target", "logs"):
            digest.update(str(name).encode() + b"\0" + (PROJECT / name).read_bytes() + b"\0")
    return digest.hexdigest()


def _reads(mark: Path, fingerprint: str) -> bool:
    """Whether a mark was left by the project's files as they are now."""
    return mark.exists() and mark.read_text() == fingerprint


def parse(tell: Callable[[str], None]) -> list[str]:
    """Have `parsed_manifest()` be that of the project's files as they are now; what failed, empty when it could be parsed."""
    mark, fingerprint = target_dir() / "fingerprint", project_fingerprint()
    if _reads(mark, fingerprint) and parsed_manifest().exists():
        return []
    # dbt 1.12 keeps renamed unit tests in its partial parse: use that only while no file has changed (it saves two seconds)
    failed = _dbt(["parse", "--no-partial-parse"], tell)
    if not failed:
        shutil.copyfile(target_dir() / "manifest.json", parsed_manifest())
        mark.write_text(fingerprint)
    return failed


def without(*kinds: str) -> list[str]:
    """dbt's arguments that leave out nodes of these kinds: `test`, `unit_test`, `exposure`…"""
    return [part for kind in kinds for part in ("--exclude-resource-type", kind)]


def compiled(*models: str, schema: str = BUILDING) -> dict[str, Any]:
    """dbt's manifest in which these models (`resource_type:model`: all) have the SQL that makes them whole, not the incremental one.

    `schema` is where that SQL finds the marts. Needs a build before it. Raises RuntimeError with what dbt said.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(target_dir() / "partial_parse.msgpack", folder)  # spares the parse
        done = subprocess.run(
            [str(Path(sys.executable).with_name("dbt")), "--quiet", "compile", "--full-refresh", "--select", *models, "--target-path", folder, "--log-path", folder],
            cwd=PROJECT, env=dbt_environment(schema=schema), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))


def list_models(select: str) -> set[str]:
    """Names of the models in a selection."""
    lines: list[str] = []
    _dbt(["ls", "--select", select, "--resource-type", "model", "--output", "name", "--quiet"], lines.append)
    return {line.strip() for line in lines}


def run_dbt(select: str | None, tell: Callable[[str], None], standing: Sequence[str] = ()) -> list[str]:
    """Run `dbt build`; the names of what failed, empty when all passed.

    `standing`: what a whole build leaves out: views and seeds that stay as they are (the tests of views run). Unit tests say something of the
    project's files and nothing of the data: once all have passed here, they run again when a file changes.
    """
    mark, fingerprint = target_dir() / UNIT_TESTS_PASSED, project_fingerprint()
    left_out = without(*(["exposure", "unit_test"] if _reads(mark, fingerprint) else ["exposure"]))
    if select is not None:
        chosen = ["--select", select, "--indirect-selection", "buildable"]
    else:
        chosen = ["--exclude", *standing, "--indirect-selection", "empty"] if standing else []
    failed = _dbt(["build", *left_out, *chosen], tell)
    statuses = {node["status"] for node in results() if node["kind"] == "unit_test"}
    if select is None and statuses == {"pass"}:
        mark.write_text(fingerprint)
    return failed


def _dbt(arguments: list[str], tell: Callable[[str], None]) -> list[str]:
    """Run a command of dbt and tell its lines; the names of what failed."""
    target = target_dir()
    target.mkdir(parents=True, exist_ok=True)
    results_file = target / "run_results.json"
    results_file.unlink(missing_ok=True)  # never read an earlier run's
    # the manifest that `parse` wrote stays: dbt would write the same again before and after a run
    keep_manifest = [] if arguments[0] == "parse" else ["--no-write-json"]
    command = [
        sys.executable, "-P", str(PROCESS), *arguments, *keep_manifest, "--target-path", str(target), "--log-path", str(log_dir()),
    ]
    last: list[str] = []
    with _log() as log, subprocess.Popen(
        command, cwd=PROJECT, env=dbt_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace",
    ) as process:
        try:
            for line in process.stdout:
                last = [*last[-30:], line.rstrip()]
                log.write(line)
                if short := _compact(line):
                    tell(short)
        except BaseException:
            process.kill()
            raise
    failed = _failures(results_file)
    if process.returncode and not failed:
        for line in last:
            tell(line)
        failed = ["dbt: " + next((text for text in reversed(last) if "rror" in text), f"terminó con código {process.returncode}")[:300]]
    return failed


def _log() -> TextIO:
    """The file to which dbt's lines are added; one that has become too long makes room for a new one."""
    file = log_dir() / "build.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > LOG_BYTES:
        file.replace(file.with_suffix(".log.1"))
    return file.open("a", encoding="utf-8", buffering=1)


def results() -> list[dict]:
    """What each node of the last run took: kind, name, status, seconds, and rows where the database said how many."""
    file = target_dir() / "run_results.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["results"] if file.exists() else []
    return [{
        "kind": row["unique_id"].split(".")[0], "name": _name(row["unique_id"]), "status": row["status"],
        "seconds": round(row["execution_time"], 3), "rows": (row.get("adapter_response") or {}).get("rows_affected"),
    } for row in rows]


def _compact(line: str) -> str | None:
    """One dbt line as shown to a person: every tenth node, all that is not well, and the end; None for the rest."""
    text = line.rstrip()
    body = text[10:] if text[2:3] == ":" and text[5:6] == ":" else text
    node = NODE_LINE.match(body)
    if node is None:
        return None if not body.strip() or body.startswith(CHATTER) else body.strip()
    number, total, status, rest = node.groups()
    if status == "START" or (status in ("OK", "PASS") and int(number) % 10 and number != total) or "[SKIP" in rest:
        return None
    return f"{number}/{total} {status} {DOTS.sub(' ', rest).strip()}"


def _failures(results: Path) -> list[str]:
    """Names of failed nodes in a run_results.json."""
    if not results.exists():
        return []
    rows = json.loads(results.read_text(encoding="utf-8"))["results"]
    return [_name(row["unique_id"]) for row in rows if row["status"] in FAILED_STATUSES]


def _name(unique_id: str) -> str:
    """A person's name for a node: `test.caudal.<name>.<hash>`, `unit_test.caudal.<model>.<name>`, `model.caudal.<name>`."""
    parts = unique_id.split(".")
    return parts[-1] if parts[0] == "unit_test" else parts[2]
