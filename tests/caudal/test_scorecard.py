"""The scorecard says what the semantic layer says; its targets are checked by line; what changed is all that is written."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from caudal import scorecard, warehouse
from caudal.semantic import fetch, load
from caudal.semantic.reader import manifest_path, parse

LAST = date(2026, 10, 1)
SECTORS = {"MOC-01"}


@pytest.fixture(scope="module")
def layer(built):
    return load()


def test_it_holds_the_value_of_every_metric(layer):
    """Of the whole utility and of each sector, in the last closed month and in one before it."""
    with warehouse.connect() as conn:
        for metric in layer.metrics.values():
            if metric.model.table == scorecard.MART:
                continue
            for month in (LAST, date(2026, 3, 1)):
                by = ["sector_code"] if "sector_code" in metric.dimensions else []
                expected = {(None,): fetch(conn, metric.name, where={"period_month": month}, layer=layer)[0][metric.name]}
                if by:
                    expected |= {(r["sector_code"],): r[metric.name] for r in fetch(conn, metric.name, by, {"period_month": month}, layer)}
                rows = conn.execute("select sector_code, value from ops.metric_value where metric_name = %s and period_month = %s", [metric.name, month])
                found = {(sector,): value for sector, value in rows.fetchall()}
                assert found == {k: pytest.approx(v, rel=Decimal("1e-12")) for k, v in expected.items() if v is not None}, metric.name


def test_readers_see_it_beside_last_year_and_plan(built):
    with warehouse.connect("read") as conn:
        value, last_year, target, status = conn.execute(
            """select value, last_year_value, target_value, status from marts.mart_kpi__month
               where metric_name = 'delinquency_ratio' and period_month = %s and sector_code is null""", [LAST]).fetchone()
        [before] = conn.execute(
            """select value from marts.mart_kpi__month
               where metric_name = 'delinquency_ratio' and period_month = '2025-10-01' and sector_code is null""").fetchone()
    assert last_year == before
    assert target > 0
    assert status == ("warn" if value > Decimal("0.40") else "good")


def test_a_kpi_is_reserved_when_its_mart_is(layer):
    """By the mart's own word in dbt, `meta: {whole_utility: true}`; of a manifest that does not say it, every one."""
    folder = manifest_path().parent
    nodes = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    whole = {n["alias"] for n in nodes if n["resource_type"] == "model" and n["config"]["meta"].get("whole_utility")}
    with warehouse.connect("read") as conn:
        found = dict(conn.execute("select distinct metric_name, is_reserved from marts.mart_kpi__month").fetchall())
    assert found == {name: layer.metrics[name].model.table in whole for name in found}
    assert {"mart_management__month", "mart_collections__cash_month", "mart_audit__month", "mart_quality__month"} <= {
        layer.metrics[name].model.table for name, is_reserved in found.items() if is_reserved}
    bare = parse(json.loads((folder / "semantic_manifest.json").read_text(encoding="utf-8")))
    assert all(model.whole_utility for model in bare.models.values())


def test_only_what_changed_is_written(layer):
    with warehouse.connect() as conn:
        assert scorecard.refresh(conn, "marts", layer, LAST) == 0
        conn.execute("update ops.metric_value set value = value + 1 where metric_name = 'billed_amount' and period_month = %s and sector_code is null", [LAST])
        conn.execute("delete from ops.metric_value where metric_name = 'active_contracts' and period_month = %s and sector_code is null", [LAST])
        conn.execute("insert into ops.metric_value values ('billed_amount', '2001-01-01', null, 1)")
        months = {"mart_commercial__month": [LAST]}
        assert scorecard.refresh(conn, "marts", layer, LAST, months) == 2, "the months that changed, and no other"
        assert scorecard.refresh(conn, "marts", layer, LAST) == 1
        conn.rollback()


def test_a_metric_that_is_no_more_goes(layer):
    fewer = layer.model_copy(update={"metrics": {n: m for n, m in layer.metrics.items() if n != "payments_count"}})
    with warehouse.connect() as conn:
        scorecard.refresh(conn, "marts", fewer, LAST)
        assert conn.execute("select count(*) from ops.metric_value where metric_name = 'payments_count'").fetchone() == (0,)
        conn.rollback()


HEADER = "metric_name,period_month,sector_code,target_value\n"


@pytest.mark.parametrize(
    ("lines", "messages"),
    [
        ("delinquency_ratio,2026-01-01,,0.4\n", []),
        ("delinquency_ratio,2026-01-01,MOC-01,0.4\nmorosidad,2026-01-01,,0.4\n", ["t.csv:3: no existe el indicador 'morosidad'"]),
        ("delinquency_ratio,2026-01-01,MOC-99,0.4\n", ["t.csv:2: no existe el sector 'MOC-99'"]),
        ("delinquency_ratio,2026-01-15,,0.4\n", ["t.csv:2: 2026-01-15 no es el primer día"]),
        ("delinquency_ratio,enero,,0.4\n", ["t.csv:2: 'enero' no es una fecha"]),
        ("delinquency_ratio,2026-01-01,,mucho\n", ["t.csv:2: 'mucho' no es un número"]),
        ("delinquency_ratio,2026-01-01,,NaN\n", ["t.csv:2: 'NaN' no es un número"]),
        ("reconciled_share,2026-01-01,MOC-01,1\n", ["t.csv:2: el indicador reconciled_share no se mide por sector"]),
        ("delinquency_ratio,2026-01-01,,0.4\ndelinquency_ratio,2026-01-01,,0.5\n", ["t.csv:3: esta meta ya está en la línea 2"]),
    ],
)
def test_targets_are_checked_by_line(layer, tmp_path, lines, messages):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + lines, encoding="utf-8")
    found = scorecard.check_targets(path, layer, SECTORS)
    assert len(found) == len(messages)
    assert all(f.startswith(m) for f, m in zip(found, messages, strict=True))


def test_a_file_of_other_columns_is_refused(layer, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("indicador,mes\n", encoding="utf-8")
    [found] = scorecard.check_targets(path, layer, SECTORS)
    assert found.startswith("t.csv:1:")


def test_wrong_targets_publish_nothing(layer, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + "nada,2026-01-01,,1\n", encoding="utf-8")
    monkeypatch.setattr(scorecard, "TARGETS", Path(path))
    with warehouse.connect() as conn:
        with pytest.raises(scorecard.TargetsError, match="t.csv:2"):
            scorecard.refresh(conn, "marts", layer, LAST)
        conn.rollback()
