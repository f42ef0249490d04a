"""The pages of the dashboards: as committed, whole, in Spanish, their links leading somewhere; and the dashboards' link to them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from caudal.semantic.docs import FOLDER, anchor
from superset_assets import docs, expand_dashboards, pull
from superset_assets.context import Context, load
from superset_assets.state import Asset
from tests.parsed_manifest import parsed_manifest, read_manifest

ENGLISH = re.compile(r"\b(the|of|and|by|month|with|each|overdue|amount|chart)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def context() -> Context:
    return load(manifest=parsed_manifest())


@pytest.fixture(scope="module")
def manifest() -> dict:
    return read_manifest()


def test_the_committed_pages_are_those_of_the_files(context: Context, manifest: dict) -> None:
    assert docs.stale(FOLDER, docs.pages(context, manifest)) == [], "run `caudal build`, then `caudal superset docs`, and commit docs/es"


def test_every_chart_and_dashboard_says_in_spanish_what_it_means(context: Context) -> None:
    said = {f"charts/{name}": docs.meaning(context, name) for name in context.assets.charts}
    said |= {f"dashboards/{slug}": board.description for slug, board in context.assets.dashboards.items()}
    assert [name for name, text in said.items() if len(text) < 15] == [], "add a `description`"
    assert {name: text for name, text in said.items() if ENGLISH.search(text)} == {}


def test_a_page_says_formula_thresholds_source_filters_and_who(context: Context, manifest: dict) -> None:
    page = docs.pages(context, manifest)["tableros/morosidad.md"]
    sheet = page.split("### Índice de morosidad\n")[1].split("\n### ")[0]
    assert "= Monto vencido ÷ cuentas por cobrar." in sheet and "Umbrales: alerta con más de 40.0 %" in sheet
    assert "`marts.mart_commercial__month`" in sheet and "Municipio, Sector, Ruta, Tipo de usuario, Período" in sheet
    assert "Nivel de morosidad" not in sheet  # a filter that does not reach it
    assert "- **Responsable:** Gerencia comercial" in page and "Cobranzas" in page.split("**Lo abren:**")[1].split("\n")[0]


def test_a_page_says_which_charts_are_empty_for_who_sees_a_part(context: Context, manifest: dict) -> None:
    pages = docs.pages(context, manifest)
    sheets = [sheet for sheet in pages["tableros/recaudacion.md"].split("\n### ") if "Es de toda la empresa: sale vacío" in sheet]
    assert {sheet.split("Origen: `")[1].split("`")[0] for sheet in sheets} == {
        "marts.fct_cash_session", "marts.mart_collections__cash_month", "marts.mart_collections__external_collector",
        "marts.mart_collections__remittance_month"}
    assert "Es de toda la empresa" not in pages["tableros/morosidad.md"]


def test_links_and_pictures_lead_somewhere(context: Context, manifest: dict) -> None:
    broken = []
    for name, text in docs.pages(context, manifest).items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, place = target.partition("#")
            if not _leads((FOLDER / name).parent / path, place):
                broken.append((name, target))
    assert broken == [], "a picture is missing: `caudal superset screenshots`"
    for slug in context.assets.dashboards:
        picture = docs.IMAGES / f"{slug}.png"
        assert picture.stat().st_size <= 200_000 and Image.open(picture).width == 1200, slug


def _leads(file: Path, place: str) -> bool:
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE) if place else []
    return file.exists() and (not place or place in map(anchor, headings))


def test_the_served_pages_ask_nothing_and_lead_to_served_pages(context: Context, manifest: dict) -> None:
    served = docs.html(context, manifest)
    assert set(served) == {name.replace(".md", ".html") for name in docs.pages(context, manifest)}
    for name, text in served.items():
        for target in re.findall(r'(?:href|src)="([^"]+)"', text):
            assert not urlsplit(target).scheme and ".md" not in target, (name, target)
    assert 'href="../indicadores.html#delinquency_ratio"' in served["tableros/morosidad.html"]


def test_a_dashboard_links_to_its_page_where_the_pages_are_served_and_pull_knows_it(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> Asset:
        return Asset("dashboard", "", "Morosidad", {}, expand_dashboards.dashboard(context, "morosidad"))

    monkeypatch.delenv("CAUDAL_DOCS_URL", raising=False)
    without = made()
    monkeypatch.setenv("CAUDAL_DOCS_URL", "http://127.0.0.1:8099/")
    having = made()
    texts = [item["meta"]["code"] for item in having.document["position"].values() if isinstance(item, dict) and item["type"] == "MARKDOWN"]
    assert texts == ["[Qué significa cada gráfico](http://127.0.0.1:8099/tableros/morosidad.html)"]
    assert "MARKDOWN" not in str(without.document["position"])
    pulled = pull._dashboard(context, "morosidad", having)
    monkeypatch.delenv("CAUDAL_DOCS_URL")
    assert pulled == pull._dashboard(context, "morosidad", without)  # the link is in no file
    assert pulled["status"] == "estado_datos"
