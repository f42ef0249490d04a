"""A dashboard as its user sees it, in headless Chromium: Spanish, every chart drawn, the map coloured, a filter that filters, offline.

Morosidad, with its first tab open; the others, and every other dashboard, are drawn in test_dashboards.py.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from caudal import semantic, warehouse
from superset_assets import server
from superset_assets.chart_kinds.figure import Figure
from superset_assets.context import load
from superset_assets.expand_dashboards import filter_id
from superset_assets.setup_names import ADMIN
from tests.superset import pages
from tests.superset.pages import SHOTS

DRAWN_MS = 60_000


@pytest.fixture(scope="module")
def page(superset: object) -> Iterator[Page]:
    """The dashboard, open and drawn."""
    with sync_playwright() as driver:
        browser = pages.chromium(driver)
        page = pages.log_in(browser, ADMIN, server.admin_password())
        page.set_viewport_size({"width": 1440, "height": 2100})
        page.goto(superset.url + "/superset/dashboard/morosidad/")
        _wait_until_drawn(page)
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / "morosidad.png")
        yield page
        browser.close()


def _chart(page: Page, name: str):
    return page.locator(f'[data-test-chart-name="{name}"]')


def _charts() -> dict[str, object]:
    """The charts over the tabs and in the first one, by name: those that are on the page when it opens."""
    context = load()
    titles, charts = pages.charts_of(context, "morosidad"), context.assets.charts
    assert not [name for name, title in titles.items() if title != charts[name].title], "a title of its own in the dashboard: look for it by that"
    return {name: charts[name] for name in titles}


def _wait_until_drawn(page: Page) -> None:
    """Every chart there, none still loading, the map's canvas in place."""
    wanted = len(_charts())
    expect(page.locator('[data-test="chart-grid-component"]')).to_have_count(wanted, timeout=DRAWN_MS)
    expect(page.locator('[data-test="slice-container"]')).to_have_count(wanted, timeout=DRAWN_MS)
    expect(page.locator('[data-test="loading-indicator"], .dashboard-chart .loading')).to_have_count(0, timeout=DRAWN_MS)
    expect(page.locator("canvas#deckgl-overlay")).to_be_visible(timeout=DRAWN_MS)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)  # the lines grow for a second


def test_all_in_spanish_and_nothing_complains(page: Page) -> None:
    assert page.title() == "Morosidad"
    text = page.locator("body").inner_text()
    for word in ("Filtros", "Municipio", "Sector", "Tipo de usuario", "Período", "Nivel de morosidad", "Aplicar filtros", "Borrar todo"):
        assert word in text, word
    for word in ("Filters", "Apply", "Clear all", "Loading", "No results", "Unexpected error"):
        assert word not in text, word
    assert page.complaints == []


def test_every_chart_is_drawn_without_error(page: Page) -> None:
    for slug, spec in _charts().items():
        chart = _chart(page, spec.title)
        assert chart.locator('[role="alert"], .ant-alert, .ant-empty, [data-test="error-message"]').count() == 0, slug
        assert chart.locator(".slice_container canvas, .slice_container table, .header-line").count() > 0, slug
        assert "Sin datos" not in chart.inner_text() and "No hay" not in chart.inner_text(), slug


def test_status_and_big_numbers_are_those_of_the_warehouse(page: Page) -> None:
    with warehouse.connect("read") as conn:
        message = conn.execute("select message_es from ops.data_status").fetchone()[0]
    assert message in _chart(page, "Estado de los datos").inner_text()
    expected = _figures({})
    shown = {title: _chart(page, title).locator(".header-line").inner_text() for title in expected}
    assert shown == expected


def test_big_numbers_say_their_change_in_a_year(page: Page) -> None:
    """Percentages in points, the rest in per cent: never one as the other."""
    figures = {spec.title: spec.metric for spec in _charts().values() if isinstance(spec, Figure)}
    with warehouse.connect("read") as conn:
        [month, ago] = conn.execute("select max(period_month), (max(period_month) - interval '1 year')::date from marts.mart_commercial__month").fetchone()
        now, before = (semantic.fetch(conn, list(figures.values()), where={"period_month": when})[0] for when in (month, ago))

    def change(metric: str) -> str:
        difference = float(now[metric]) - float(before[metric])
        if semantic.load().metric(metric).unit == "%":
            points = f"{100 * difference:+.1f}"
            return f"{'0.0' if float(points) == 0 else points} puntos en un año"
        return f"{100 * difference / abs(float(before[metric])):+.1f}% en un año"

    shown = {title: _chart(page, title).locator(".subheader-line").inner_text().replace("\N{MINUS SIGN}", "-") for title in figures}
    assert shown == {title: change(metric) for title, metric in figures.items()}
    assert {"puntos" in text for text in shown.values()} == {True, False}


def _figures(where: dict) -> dict[str, str]:
    """Title of each big number → what it must read for the last closed month."""
    figures = {spec.title: spec.metric for spec in _charts().values() if isinstance(spec, Figure)}
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
        row = semantic.fetch(conn, list(figures.values()), where={**where, "period_month": month})[0]
    return {title: _as_drawn(metric, row[metric]) for title, metric in figures.items()}


def _as_drawn(metric: str, value: Decimal) -> str:
    """As the tiny utility's amounts are drawn, under a million (the format over it has its own test)."""
    return f"{value * 100:.1f}%" if semantic.load().metric(metric).unit == "%" else f"RD$ {value:,.0f}"


def test_money_format_in_millions(page: Page) -> None:
    from superset_assets.offline import _MILLIONS

    drawn = page.evaluate(f"[3080123456.4, 453301505.41, 30801234, 3081234, 845210.4, 0, -2500000, null].map({_MILLIONS})")
    assert drawn == ["RD$ 3,080 M", "RD$ 453 M", "RD$ 30.8 M", "RD$ 3.08 M", "RD$ 845,210", "RD$ 0", "-RD$ 2.50 M", "–"]


def test_ageing_is_in_its_own_order(page: Page) -> None:
    headings = _chart(page, "Cuentas por cobrar por sector y antigüedad (RD$)").locator("th.pvtColLabel").all_inner_texts()
    order = ["Corriente", "1-30", "31-60", "61-90", "91-180", "181-365", "Más de 365"]
    assert [text.strip() for text in headings if text.strip() in order] == order


def test_pivot_totals_are_the_balance(page: Page) -> None:
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_receivables__month").fetchone()[0]
        total = semantic.fetch(conn, "receivable_by_age", where={"period_month": month})[0]["receivable_by_age"]
    assert _chart(page, "Cuentas por cobrar por sector y antigüedad (RD$)").locator(".pvtGrandTotal").last.inner_text() == f"{total:,.2f}"


def test_map_shows_the_classes_of_the_sectors(page: Page) -> None:
    spec = load().assets.charts["mapa_morosidad"]
    warn = semantic.load().metric(spec.metric).warn
    ends = [float(warn) if item.to == "warn" else float(item.to) for item in spec.breaks]
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
        names = [row[0] for row in conn.execute("select distinct sector_name from marts.map_sector")]
        rows = semantic.fetch(conn, spec.metric, ["sector_name"], {"period_month": month, "sector_name": names})
    ratios = {row["sector_name"]: row[spec.metric] for row in rows}
    wanted = {next(i for i, end in enumerate(ends) if ratio <= end) for ratio in ratios.values() if ratio is not None}
    counts = _pixels(page, [item.color for item in spec.breaks])
    legend = 200  # its squares are smaller
    assert len(wanted) >= 3 and sum(1 for i in wanted if counts[i] > legend) >= 3, (wanted, counts)
    assert not [i for i, pixels in enumerate(counts) if pixels > legend and i not in wanted], (wanted, counts)


def _pixels(page: Page, colors: list[str]) -> list[int]:
    """How many pixels of the map have each colour (nearly)."""
    image = Image.open(io.BytesIO(_chart(page, "Índice de morosidad por sector").screenshot())).convert("RGB")
    wanted = [tuple(int(color[i : i + 2], 16) for i in (1, 3, 5)) for color in colors]
    counts = [0] * len(colors)
    for count, pixel in image.getcolors(maxcolors=1 << 24):
        for i, color in enumerate(wanted):
            if all(abs(a - b) <= 6 for a, b in zip(pixel, color, strict=True)):
                counts[i] += count
    return counts


def test_map_tooltip_names_sector_and_ratio(page: Page) -> None:
    box = page.locator("canvas#deckgl-overlay").bounding_box()
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
        ratios = {row["sector_name"]: row["delinquency_ratio"]
                  for row in semantic.fetch(conn, "delinquency_ratio", ["sector_name"], {"period_month": month})}
    tooltip = page.locator(".deckgl-tooltip")
    for step in range(2, 9):
        page.mouse.move(box["x"] + box["width"] * step / 10, box["y"] + box["height"] * step / 10)
        page.wait_for_timeout(300)
        if tooltip.count():
            break
    assert tooltip.count(), "nothing under the pointer on the map's diagonal"
    lines = dict(line.split(": ", 1) for line in tooltip.first.inner_text().splitlines())
    assert lines["Índice de morosidad"] == f"{ratios[lines['Sector']] * 100:.1f} %"
    page.mouse.move(0, 0)


def test_filter_changes_the_figures_and_the_sectors_offered(page: Page) -> None:
    with warehouse.connect("read") as conn:
        rows = conn.execute("select distinct municipality_name, sector_name from marts.mart_commercial__month").fetchall()
    town = max({m for m, _ in rows}, key=lambda name: sum(1 for m, _ in rows if m == name))
    before = _figures({})
    wanted = _figures({"municipality_name": town})
    assert wanted != before
    pages.filtered_by(page, filter_id("morosidad", "municipio"), town)
    title = "Cuentas por cobrar"
    expect(_chart(page, title).locator(".header-line")).to_have_text(wanted[title], timeout=DRAWN_MS)
    _wait_until_drawn(page)
    assert {name: _chart(page, name).locator(".header-line").inner_text() for name in wanted} == wanted
    sectors = {s for m, s in rows if m == town}
    expect(page.locator(f'div[data-test="{filter_id("morosidad", "sector")}"]')).to_contain_text(f"{len(sectors)} opciones", timeout=DRAWN_MS)
    _open(page, "sector")
    options = page.locator(".ant-select-dropdown:visible .ant-select-item-option")
    expect(options.first).to_be_visible()
    offered = {option.get_attribute("title") for option in options.all()}  # those in sight: the list is drawn as it is scrolled
    page.keyboard.press("Escape")
    assert offered and offered <= sectors
    page.screenshot(path=SHOTS / "morosidad-filtrado.png")
    assert page.complaints == []


def _open(page: Page, name: str) -> None:
    page.locator(f'div[data-test="{filter_id("morosidad", name)}"]').click()


def test_nothing_outside_is_asked_for(page: Page) -> None:
    """Last, so that every screen above counts."""
    assert pages.outside(page) == set()
    assert Path(SHOTS / "morosidad.png").stat().st_size > 50_000
