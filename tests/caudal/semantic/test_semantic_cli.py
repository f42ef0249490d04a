"""`caudal metrics`: what a person types and reads."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from caudal import warehouse
from caudal.semantic import fetch
from caudal.semantic.cli import app

run = CliRunner().invoke


@pytest.fixture(autouse=True)
def _published(built):
    """The commands read the published marts and the last build's manifest."""


def test_list_shows_every_public_metric_by_folder(built):
    out = run(app, ["list"])
    assert out.exit_code == 0
    assert "Morosidad" in out.stdout
    assert "collection_efficiency" in out.stdout
    assert "billed_12m_amount" not in out.stdout


def test_show_is_the_whole_sheet_of_a_metric():
    out = run(app, ["show", "average_collection_days"])
    assert out.exit_code == 0
    for text in ("Sale de: mart_commercial__month → fct_", "raw.odoo_account_move", "× 365 = ", "(oct 2026)", "Período medio de cobro", "IBNET 23.1", "más bajo", "90.0 días", "ops.sum_at_last", "VAR UltimoMes", "metrics_collections.yml"):
        assert text in out.stdout


def test_query_as_json_and_csv_gives_every_digit():
    with warehouse.connect("read") as conn:
        rows = fetch(conn, ["billed_amount", "delinquency_ratio"], ["sector_name", "period_month"], {"user_type_name": "Residencial"})
    args = ["query", "billed_amount,delinquency_ratio", "--by", "sector_name,period_month", "--where", "user_type_name='Residencial'", "--format"]
    assert rows
    as_json = json.loads(run(app, [*args, "json"]).stdout)
    assert [Decimal(r["billed_amount"]) for r in as_json] == [r["billed_amount"] for r in rows]
    as_csv = list(csv.DictReader(io.StringIO(run(app, [*args, "csv"]).stdout)))
    assert [(r["sector_name"], r["period_month"]) for r in as_csv] == [(r["sector_name"], r["period_month"].isoformat()) for r in rows]
    assert [r["delinquency_ratio"] for r in as_csv] == ["" if (v := r["delinquency_ratio"]) is None else f"{v:f}" for r in rows]


def test_query_as_a_table_is_written_for_people():
    out = run(app, ["query", "billed_amount,collection_efficiency", "--by", "period_month", "--where", "period_month = '2026-10'"])
    assert out.exit_code == 0, out.output
    assert all(text in out.stdout for text in ("Monto facturado", "oct 2026", "RD$ ", " %"))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["query", "nada"], "nada"),
        (["query", "billed_amount", "--by", "color"], "color"),
        (["query", "billed_amount", "--where", "sector_name = 'a' or 1=1"], "Se acepta"),
        (["query", "billed_amount", "--compare", "budget"], "budget"),
        (["query", "billed_amount", "--by", "user_type", "--compare", "plan"], "la meta existe por mes"),
        (["query", "billed_amount", "--from", "octubre"], "AAAA-MM"),
        (["query", "billed_amount", "--from", "2026-01", "--where", "month = '2026-10'"], "uno de los dos"),
        (["query", "billed_amount,reconciled_share", "--by", "sector"], "data_quality_month"),
        (["show", "nada"], "nada"),
    ],
)
def test_mistakes_are_told_without_a_traceback(args, message):
    out = run(app, args)
    assert out.exit_code == 1
    assert message in out.stderr
    assert "Traceback" not in out.output


def test_docs_check_tells_an_old_page(tmp_path):
    target = ["--target", str(tmp_path)]
    assert run(app, ["docs", "--check", *target]).exit_code == 1
    assert run(app, ["docs", *target]).exit_code == 0
    assert run(app, ["docs", "--check", *target]).exit_code == 0
    page = tmp_path / "indicadores" / "morosidad.md"
    page.write_text(page.read_text(encoding="utf-8").replace("Morosidad", "Mora"), encoding="utf-8")
    out = run(app, ["docs", "--check", *target])
    assert (out.exit_code, "indicadores/morosidad.md" in out.stderr) == (1, True)


def rows(*args: str) -> list[dict]:
    out = run(app, ["query", *args, "--format", "json"])
    assert out.exit_code == 0, out.output
    return json.loads(out.stdout)


def test_short_names_mean_the_same():
    where = "user_type_name='Residencial' and period_month = '2026-10'"
    long = rows("billed_amount", "--by", "sector_name,period_month", "--where", where)
    assert rows("billed_amount", "--by", "sector,month", "--where", where.replace("user_type_name", "user_type").replace("period_month", "mes")) == long
    assert rows("billed_amount", "--by", "sector,month", "--where", "tipo_usuario='Residencial'", "--from", "2026-10", "--to", "2026-10") == long


def test_metrics_of_several_marts_are_one_table():
    """Joined on the dimensions asked for; a month that only one of them has keeps its row."""
    both = rows("billed_amount,receivable_by_age,reconciled_share", "--by", "month")
    assert list(both[0]) == ["period_month", "billed_amount", "receivable_by_age", "reconciled_share"]
    for metric in ("billed_amount", "receivable_by_age", "reconciled_share"):
        alone = {r["period_month"]: r[metric] for r in rows(metric, "--by", "month")}
        assert {r["period_month"]: r[metric] for r in both if r["period_month"] in alone} == alone
    assert [r["period_month"] for r in both] == sorted({r["period_month"] for r in both})


def test_last_year_is_the_same_month_a_year_before():
    found = {r["period_month"]: r for r in rows("billed_amount,delinquency_ratio", "--by", "month", "--compare", "last_year")}
    now, before = found["2026-10-01"], found["2025-10-01"]
    assert now["billed_amount__last_year"] == before["billed_amount"]
    money = [Decimal(r["billed_amount"]) for r in (now, before)]
    assert float(now["billed_amount__change"]) == pytest.approx(float((money[0] - money[1]) / money[1]))
    ratios = [Decimal(r["delinquency_ratio"]) for r in (now, before)]
    assert Decimal(now["delinquency_ratio__change"]) == ratios[0] - ratios[1], "points, where the unit is %"
    [total] = rows("billed_amount", "--compare", "last_year")
    assert (total["billed_amount"], total["billed_amount__last_year"]) == (now["billed_amount"], before["billed_amount"]), "the last closed month"
    [span] = rows("billed_amount", "--from", "2026-09", "--to", "2026-10", "--compare", "last_year")
    assert Decimal(span["billed_amount__last_year"]) == sum(Decimal(found[m]["billed_amount"]) for m in ("2025-09-01", "2025-10-01"))


def test_the_plan_is_that_of_the_scorecard():
    by_month = {r["period_month"]: r for r in rows("delinquency_ratio", "--by", "month", "--compare", "plan")}
    by_sector = rows("delinquency_ratio", "--by", "sector,month", "--from", "2026-10", "--to", "2026-10", "--compare", "plan")
    with warehouse.connect("read") as conn:
        whole = conn.execute("""select target_value, attainment from marts.mart_kpi__month
                                where metric_name = 'delinquency_ratio' and period_month = '2026-10-01' and sector_code is null""").fetchone()
        sectors = dict(conn.execute("""select sector_name, target_value from marts.mart_kpi__month
                                       where metric_name = 'delinquency_ratio' and period_month = '2026-10-01' and sector_code is not null""").fetchall())
    october = by_month["2026-10-01"]
    assert Decimal(october["delinquency_ratio__plan"]) == whole[0]
    assert round(Decimal(october["delinquency_ratio__attainment"]), 4) == whole[1]
    plans = {r["sector_name"]: r["delinquency_ratio__plan"] and Decimal(r["delinquency_ratio__plan"]) for r in by_sector}
    assert sectors.items() <= plans.items()
    assert any(plans.values())


def test_a_comparison_as_a_table_has_its_units():
    out = run(app, ["query", "delinquency_ratio", "--compare", "last_year,plan"])
    assert all(text in out.stdout for text in ("Oct 2026 (último mes cerrado)", "año anterior", "meta", "cumplimiento", "puntos", " %"))
