"""The Spanish KPI page: complete, reproducible, and the committed one up to date. And how values are written."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from caudal.semantic import MetricMetaError, docs, formats


@pytest.fixture(scope="module")
def page(layer, manifest_folder):
    return docs.page(layer, docs.load_manifest(manifest_folder / "semantic_manifest.json"))


def test_the_committed_page_is_up_to_date(page):
    assert docs.PAGE.read_text(encoding="utf-8") == page, "run `caudal build`, then `caudal metrics docs`, and commit the page"


def test_the_page_says_all_there_is_to_know_of_every_metric(layer, page):
    for m in layer.metrics.values():
        section = page.split(f"### {m.label_es}\n")[1].split("\n### ")[0]
        for text in (m.description_es.strip(), m.formula_es, docs.UNITS[m.unit], m.owner, m.source, m.table, f"`{m.name}`", m.file):
            assert text in section, (m.name, text)
        if m.warn is not None:
            assert f"alerta con {'menos' if m.direction == 'up' else 'más'} de {formats.value(m, m.warn)}" in section
        assert f"](#{docs.anchor(m.label_es)})" in page


def test_the_lineage_goes_down_to_the_raw_tables(layer, manifest_folder):
    manifest = json.loads((manifest_folder / "manifest.json").read_text(encoding="utf-8"))
    facts, sources = docs.lineage(layer.metric("delinquency_ratio").model.table, manifest)
    assert {"fct_receivable_month", "fct_payment", "fct_invoice_line"} <= set(facts)
    assert {"raw.odoo_account_move_line", "raw.odoo_account_payment"} <= set(sources)
    facts, _ = docs.lineage(layer.metric("receivable_by_age").model.table, manifest)
    assert facts == ["fct_receivable_month"]


def test_a_ratio_shows_its_resolved_computation(layer):
    assert docs.computation(layer.metric("delinquency_ratio").node) == "Σ overdue_amount (último mes) ÷ Σ receivable_amount (último mes)"
    days = "(Σ receivable_amount (último mes) ÷ Σ billed_12m_amount (último mes)) × 365"
    assert docs.computation(layer.metric("average_collection_days").node) == days


@pytest.mark.parametrize(
    ("metric", "amount", "written"),
    [
        ("billed_amount", Decimal("1234567.895"), "RD$ 1,234,567.90"),
        ("billed_amount", Decimal("-0.001"), "RD$ 0.00"),
        ("billed_amount", Decimal("-1234.5"), "RD$ -1,234.50"),
        ("billed_amount", None, "—"),
        ("collection_efficiency", Decimal("0.8525"), "85.3 %"),
        ("billed_volume_m3", Decimal("1234.4"), "1,234 m³"),
        ("average_collection_days", Decimal("93.25"), "93.3 días"),
        ("active_contracts", Decimal(198), "198"),
        ("average_tariff", Decimal("45.2"), "RD$ 45.20/m³"),
    ],
)
def test_values_are_written_as_people_here_write_them(layer, metric, amount, written):
    assert formats.value(layer.metric(metric), amount) == written


def test_months(layer):
    assert formats.month(date(2026, 10, 1)) == "oct 2026"


def test_an_unknown_format_names_the_metric(layer):
    metric = layer.metric("billed_amount").model_copy(update={"format": "$.3s"})
    with pytest.raises(MetricMetaError, match="'billed_amount'"):
        formats.number(metric, Decimal(1))
