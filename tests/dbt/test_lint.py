"""The SQL's style (sqlfluff) and what every model must have (dbt-bouncer): names, layers, owners, descriptions, contracts, tests."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.parsed_manifest import DBT, parsed_manifest, read_manifest

BIN = Path(sys.executable).parent
PASSED = DBT.parent / ".caudal" / "lint-passed"  # sqlfluff takes half a second a file: what passed once is not linted again
MAX_LINE = 170
LINTED = ("models", "tests")


def files() -> list[Path]:
    return sorted(p for folder in LINTED for p in (DBT / folder).rglob("*.sql"))


def print_of(path: Path, shared: bytes) -> str:
    return hashlib.sha256(shared + str(path.relative_to(DBT)).encode() + b"\0" + path.read_bytes()).hexdigest()


def shared_print() -> bytes:
    """Of all that decides whether a file passes, beside the file: rules, macros, the linter itself."""
    parts = [(DBT / ".sqlfluff").read_bytes(), version("sqlfluff").encode(), version("sqlfluff-templater-dbt").encode()]
    return hashlib.sha256(b"\0".join(parts + [p.read_bytes() for p in sorted((DBT / "macros").glob("*.sql"))])).digest()


def test_sqlfluff(home):
    from caudal.dbt_run import dbt_environment
    from caudal.warehouse import ensure_database

    shared = shared_print()
    marks = {path: PASSED / print_of(path, shared) for path in files()}
    todo = [path for path, mark in marks.items() if not mark.exists()]
    if not todo:
        return
    ensure_database("lint")  # an empty one: what the macros write depends on what is loaded and built
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("run_sqlfluff.py")), "lint", "--format", "json", "--disable-progress-bar", "--processes", "2",
         *(str(p.relative_to(DBT)) for p in todo)],
        cwd=DBT, env={**dbt_environment(), "CAUDAL_DBT_DBNAME": "lint"}, capture_output=True, text=True, check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout[done.stdout.index("["):])
    wrong = [f"{f['filepath']}:{v['start_line_no']}: {v['code']} {v['description']}" for f in report for v in f["violations"]]
    failed = {f["filepath"] for f in report if f["violations"]}
    PASSED.mkdir(parents=True, exist_ok=True)
    for path in todo:
        if str(path.relative_to(DBT)) not in failed:
            marks[path].touch()
    assert wrong == []
    assert len(report) == len(todo), "sqlfluff left files out"


@pytest.mark.parametrize("folder", ["models", "tests", "macros"])
def test_no_line_is_too_long(folder):
    """sqlfluff would measure what the macros write."""
    lines = [(p, n, len(line)) for p in sorted((DBT / folder).rglob("*.sql"))
             for n, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1) if not line.lstrip().startswith("{#")]
    assert [f"{p.relative_to(DBT)}:{n}: {length}" for p, n, length in lines if length > MAX_LINE] == []


def test_a_join_reaches_into_every_view():
    """PostgreSQL does not pull up a view that has a CTE: of a join with a few keys it would read all of what lies below."""
    nodes = read_manifest()["nodes"].values()
    views = {n["name"]: n["raw_code"] for n in nodes if n["resource_type"] == "model" and n["config"]["materialized"] == "view"
             and n["path"].startswith(("staging/", "intermediate/"))}
    assert len(views) > 60
    assert [name for name, code in views.items() if re.search(r"^\s*with\b", code, re.MULTILINE)] == []


def bouncer(manifest_folder: Path, tmp_path: Path) -> dict[str, str]:
    """Failed check → message, of dbt-bouncer.yml over the manifest in `manifest_folder`."""
    config = yaml.safe_load((DBT / "dbt-bouncer.yml").read_text(encoding="utf-8"))
    path, report = tmp_path / "bouncer.yml", tmp_path / "report.json"
    path.write_text(yaml.safe_dump({**config, "dbt_artifacts_dir": str(manifest_folder)}), encoding="utf-8")
    done = subprocess.run([str(BIN / "dbt-bouncer"), "run", "--config-file", str(path), "--output-file", str(report), "--output-format", "json"],
                          cwd=DBT, capture_output=True, text=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    rows = json.loads(report.read_text(encoding="utf-8"))
    assert len(rows) > 500, "the checks did not run"
    failed = {r["check_run_id"]: r["failure_message"] for r in rows if r["outcome"] != "success"}
    assert (done.returncode == 0) == (not failed), done.stdout
    return failed


def test_dbt_bouncer(tmp_path):
    assert bouncer(parsed_manifest(), tmp_path) == {}


def test_dbt_bouncer_sees_what_is_missing(tmp_path):
    """A mart without owner, models over raw, a staging view over a rule of the site, a name of no layer."""
    folder = tmp_path / "target"
    folder.mkdir()
    manifest = read_manifest()
    mart = manifest["nodes"]["model.caudal.mart_collections__cash_month"]
    mart["meta"], mart["config"]["meta"] = {}, {}
    for name, parent in (("mart_collections__cash_month", next(iter(manifest["sources"]))), ("int_core__sector", next(iter(manifest["sources"]))),
                         ("stg_ops__reconciliation", "seed.caudal.quality_rules")):
        manifest["nodes"][f"model.caudal.{name}"]["depends_on"]["nodes"].append(parent)
    manifest["nodes"]["model.caudal.dim_date"]["name"] = "calendario"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    failed = " ".join(bouncer(folder, tmp_path))
    for check, model in (("check_model_has_meta_keys", "mart_collections__cash_month"), ("check_lineage_source_cannot_be_used", "mart_collections__cash_month"),
                         ("check_lineage_source_cannot_be_used", "int_core__sector"), ("check_lineage_seed_cannot_be_used", "stg_ops__reconciliation"),
                         ("check_model_names", "(calendario|dim_date)")):
        assert re.search(rf"{check}\S*{model}", failed), (check, model, failed)
