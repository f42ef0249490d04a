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
    for text in ("Período medio de cobro", "IBNET 23.1", "más bajo", "90.0 días", "ops.sum_at_last", "VAR UltimoMes", "metrics_collections.yml"):
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
        (["query", "receivable_amount,receivable_by_age"], "different marts"),
        (["show", "nada"], "nada"),
    ],
)
def test_mistakes_are_told_without_a_traceback(args, message):
    out = run(app, args)
    assert out.exit_code == 1
    assert message in out.stderr
    assert "Traceback" not in out.output


def test_docs_check_tells_an_old_page(tmp_path):
    page = tmp_path / "indicadores.md"
    assert run(app, ["docs", "--check", "--target", str(page)]).exit_code == 1
    assert run(app, ["docs", "--target", str(page)]).exit_code == 0
    assert run(app, ["docs", "--check", "--target", str(page)]).exit_code == 0
    page.write_text(page.read_text(encoding="utf-8").replace("Morosidad", "Mora"), encoding="utf-8")
    assert run(app, ["docs", "--check", "--target", str(page)]).exit_code == 1
