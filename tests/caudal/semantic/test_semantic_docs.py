"""The Spanish KPI dictionary: complete, reproducible, offline, and the committed one up to date. And how values are written."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from caudal.semantic import MetricMetaError, docs, examples, formats
from caudal.semantic.lineage import lineage, load_manifest


@pytest.fixture(scope="module")
def texts(layer, manifest_folder):
    return docs.dictionary(layer, load_manifest(manifest_folder / "semantic_manifest.json"))


def test_the_committed_dictionary_is_up_to_date(texts):
    assert docs.stale(docs.FOLDER, texts) == [], "run `caudal build`, then `caudal metrics docs`, and commit docs/es"


def test_the_same_manifests_give_the_same_bytes(layer, manifest_folder, texts):
    assert docs.dictionary(layer, load_manifest(manifest_folder / "semantic_manifest.json")) == texts


def test_the_pages_say_all_there_is_to_know_of_every_metric(layer, texts):
    for m in layer.metrics.values():
        page = texts[f"{docs.PAGES}/{docs.slug(m.folder)}.md"]
        section = page.split(f"## {m.label_es}\n")[1].split("\n## ")[0]
        for text in (m.description_es.strip(), m.formula_es, docs.UNITS[m.unit], m.owner, m.source, m.table, f"`{m.name}`", m.file):
            assert text in section, (m.name, text)
        if m.warn is not None:
            assert f"alerta con {'menos' if m.direction == 'up' else 'más'} de {formats.value(m, m.warn)}" in section
        assert "**Ejemplo:**" in section
        assert section.count("```mermaid") == 1
        assert f"]({docs.PAGES}/{docs.slug(m.folder)}.md#{docs.anchor(m.label_es)})" in texts[docs.INDEX]
        assert f'id="{m.name}"' in texts[docs.HTML]


def test_the_html_page_asks_nothing_of_the_internet(layer, texts):
    """No address but SVG's own name; every drawing is well-formed and holds what the metric stands on."""
    page = texts[docs.HTML]
    assert set(re.findall(r"https?://[^\"\s<]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(script|link|img|iframe)\b", page)
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) == len(layer.metrics)
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert any("Índice de morosidad" in d and "Σ overdue_amount (último mes)" in d and "fct_receivable_month" in d for d in drawings)


def test_pages_of_folders_that_are_no_more_go(texts, tmp_path):
    docs.write(tmp_path, texts)
    assert docs.stale(tmp_path, texts) == []
    (tmp_path / docs.PAGES / "vieja.md").write_text("x", encoding="utf-8")
    assert docs.stale(tmp_path, texts) == [f"{docs.PAGES}/vieja.md"]
    docs.write(tmp_path, texts)
    assert docs.stale(tmp_path, texts) == []


def test_an_example_is_worked_out(layer):
    text = examples.invented(layer.metric("collection_efficiency"))
    above, below = (Decimal(x.replace(",", "")) for x in re.search(r": ([\d,]+) ÷ ([\d,]+) = ", text).groups())
    assert text.endswith(formats.value(layer.metric("collection_efficiency"), above / below))
    assert all(examples.invented(m) for m in layer.metrics.values())


def test_the_lineage_goes_down_to_the_raw_tables(layer, manifest_folder):
    manifest = json.loads((manifest_folder / "manifest.json").read_text(encoding="utf-8"))
    facts, staging, sources = lineage(layer.metric("delinquency_ratio").model.table, manifest)
    assert {"fct_receivable_month", "fct_payment", "fct_invoice_line"} <= set(facts)
    assert {"raw.odoo_account_move_line", "raw.odoo_account_payment"} <= set(sources)
    assert "stg_odoo__account_move_line" in staging
    facts, _, _ = lineage(layer.metric("receivable_by_age").model.table, manifest)
    assert facts == ["fct_receivable_age_month", "fct_receivable_month"]


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
