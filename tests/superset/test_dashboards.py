"""Every dashboard as two people see it, at a desk and on a phone: all charts drawn with data, in Spanish, nothing cut off, nothing that complains,
maps coloured, a filter that changes a figure to the warehouse's, a printed page. Screenshots go to build-artifacts/."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pypdf
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from caudal import access
from caudal.access import Access
from caudal.secrets import get_or_create
from caudal.settings import settings
from superset_assets import expand_dashboards, offline, sync
from superset_assets.chart_kinds.figure import Figure
from superset_assets.checks import filtered
from superset_assets.context import Context, load
from superset_assets.files import read
from tests.superset import pages

PEOPLE = {"gerencia": Access("mirada.gerencia", "gerencia", None, None), "lectura": Access("mirada.lectura", "solo_lectura", "0901", None)}
PHONE_WIDTH = pages.SCREENS["telefono"]["viewport"]["width"]
MAPS = {"map": 3, "points": 2, "paths": 2}  # kind → the colours that all of the tiny utility has at least
ENGLISH = re.compile(
    r"\b(apply|clear|unexpected|no results|no data|loading|search|show|entries|records?|rows|filters|dashboards?|total \(sum|metrics?|null|undefined|nan|others?|"
    r"untitled|never|minutes?|hours?|days?|sort by|select|options?|more|less)\b", re.IGNORECASE)
# Person → chart → why it is right that it has nothing to show at the tiny utility.
_OF_ALL = "of the whole utility: only for who sees all of it"
_QUIET = {"fac_motivos": "nothing was credited in the last month", "mapa_recorridos": "no order is pending", "ordenes_ruta": "no order is pending",
          "rec_deshechos": "no payment was undone in the last month"}
EMPTY: dict[str, dict[str, str]] = {
    "gerencia": _QUIET,
    "lectura": _QUIET | dict.fromkeys(
        ["cal_indicadores", "com_metas", "com_fuera", "com_tablero", "com_indicadores", "consumo_metas", "rec_descuadre", "rec_cajas", "rec_remesas", "rec_sesiones",
         "rec_externos"], _OF_ALL) | {
        "ate_abiertos": "no case of the municipality is open", "fac_omitidos": "none in the municipality", "fac_duplicadas": "none in the municipality"},
}

Visit = tuple[str, str, str]
# What is shown hangs from the person and how it fits from the screen: each of both with the other's widest.
SEEN_ON = [("gerencia", "escritorio"), ("gerencia", "telefono"), ("lectura", "escritorio")]
VISITS: list[Visit] = [(person, screen, slug) for person, screen in SEEN_ON for slug in Context(read(), None, {}).dashboards_of(PEOPLE[person].role)]
FILTERED: list[Visit] = [(*SEEN_ON[0], slug) for slug in read().dashboards]  # in the order of VISITS: each follows the visit that it goes on from


@pytest.fixture(scope="module")
def page(superset: object) -> Iterator[Callable[[str, str], Page]]:
    """A page in which one of PEOPLE has logged in, on one of the screens; made once."""
    access.grant_all(list(PEOPLE.values()), by="prueba")
    sync.users(superset, load())
    made: dict[tuple[str, str], Page] = {}
    with sync_playwright() as driver:
        browser = pages.chromium(driver)

        def of(person: str, screen: str) -> Page:
            if (person, screen) not in made:
                user = PEOPLE[person].user_name
                made[person, screen] = pages.log_in(browser, user, get_or_create(settings().home, sync.secret_name(user)), screen)
            return made[person, screen]

        yield of
        browser.close()
    for who in PEOPLE.values():
        access.revoke(who.user_name)


@pytest.fixture(scope="module")
def visit(page: Callable[[str, str], Page], request: pytest.FixtureRequest) -> tuple[Page, Visit]:
    """The page with one of VISITS open: its tests follow each other, so that it is loaded once."""
    person, screen, slug = request.param
    view = page(person, screen)
    view.complaints.clear()
    pages.open_dashboard(view, load(), slug)
    return view, request.param


@pytest.mark.parametrize("visit", VISITS, indirect=True, ids="-".join)
def test_every_chart_is_drawn(visit: tuple[Page, Visit]) -> None:
    view, (person, screen, slug) = visit
    context, tabs = load(), pages.tabs(view)
    titles = [tab.title for tab in context.assets.dashboards[slug].tabs]
    assert tabs.all_inner_texts() == titles
    for number in range(len(titles)):
        wanted = pages.charts_of(context, slug, number)
        if number:
            tabs.nth(number).click()
            pages.wait_until_drawn(view, len(wanted))
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        _right(view, context, person, wanted)
        if screen == "telefono":
            _fits(view)
        if person == "gerencia" or not number:
            pages.shot(view, f"{slug}-{number + 1}-{screen}-{person}")
    assert view.complaints == []
    assert pages.outside(view) == set()


def _right(view: Page, context: Context, person: str, wanted: dict[str, str]) -> None:
    """The charts of the file are there (name → title), each with data and without error; what can be read is Spanish; maps have colours."""
    shown = pages.seen(view)
    assert [chart["title"] for chart in shown] == list(wanted.values())
    assert [chart for chart in shown if chart["error"] or not chart["drawn"]] == []
    empty = {name: chart["text"] for name, chart in zip(wanted, shown, strict=True) if chart["empty"] and name not in EMPTY[person]}
    assert empty == {}
    text = view.locator("body").inner_text() + " ".join(view.locator("input:visible").evaluate_all("all => all.map(input => input.placeholder)"))
    assert ENGLISH.findall(text) == []
    for name, title in wanted.items():
        kind = context.assets.charts[name].kind
        if kind in MAPS and name not in EMPTY[person]:
            _coloured(view, title, MAPS[kind] if person == "gerencia" else 1)


def _coloured(view: Page, title: str, least: int) -> None:
    """The map's canvas, without its legend, has so many colours; WebGL in software takes its time."""
    canvas = pages.chart(view, title).locator("canvas#deckgl-overlay")
    for _ in range(20):
        found = pages.bright_colours(canvas.screenshot(style=".dupa, .deckgl-tooltip { visibility: hidden }"))
        if found >= least:
            return
        view.wait_for_timeout(500)
    raise AssertionError(f"{title}: {found} colours")


def _fits(view: Page) -> None:
    """A phone's width holds everything, each chart most of it (a big number, half), and the filters wait closed in their corner."""
    assert view.evaluate("document.documentElement.scrollWidth") == PHONE_WIDTH
    boxes = view.evaluate("""() => [...document.querySelectorAll('[data-test="dashboard-component-chart-holder"]')].filter(box => box.checkVisibility())
      .map(box => { const at = box.getBoundingClientRect(); return [box.innerText.split('\\n')[0], !!box.querySelector('[data-test-viz-type^="big_number"]'), at.left, at.right] })""")
    assert [box for box in boxes if box[2] < 0 or box[3] > PHONE_WIDTH or box[3] - box[2] < (150 if box[1] else 300)] == []
    corner = view.locator('[data-test="filter-bar"]').bounding_box()
    assert corner and corner["width"] <= 64 and corner["height"] <= 64, corner


@pytest.mark.parametrize("visit", FILTERED, indirect=True, ids="-".join)
def test_a_filter_changes_a_figure_to_the_warehouses(visit: tuple[Page, Visit]) -> None:
    """Of the municipality with most sectors; where no figure of the dashboard is of a place, of the month before."""
    view, (_, _, slug) = visit
    context = load()
    filters = context.assets.dashboards[slug].filters
    titles = _figures_reached(context, slug, "municipality_name")
    key, where, value = "municipio", {"municipality_name": (town := pages.largest_town())}, town
    if not titles:
        titles = _figures_reached(context, slug, "period_label")
        key, where, value = "periodo", *pages.month_before()
    metrics = {title: context.assets.charts[name].metric for title, name in titles.items()}
    before, after = pages.figures(metrics, {}), pages.figures(metrics, where)
    changed = next(title for title in titles if before[title] != after[title] and after[title] is not None)
    pages.tabs(view).first.click()
    assert filters[key].name in view.locator('[data-test="filter-bar"]').inner_text()
    expect(pages.number(view, changed)).to_have_text(_written(context, titles[changed], before[changed]))
    pages.filtered_by(view, expand_dashboards.filter_id(slug, key), value)
    expect(pages.number(view, changed)).to_have_text(_written(context, titles[changed], after[changed]), timeout=pages.DRAWN_MS)
    assert view.complaints == []


def _figures_reached(context: Context, slug: str, column: str) -> dict[str, str]:
    """Title → name of the big numbers, on opening, that a filter by the column reaches."""
    return {title: name for name, title in pages.charts_of(context, slug).items()
            if isinstance(context.assets.charts[name], Figure) and filtered(context, column, name)}


def _written(context: Context, name: str, value: Decimal) -> str:
    """As the chart draws it: its format is d3's, which Python shares but for the money's (under a million; over it has its own test)."""
    form = context.assets.charts[name].expand(context).params["y_axis_format"]
    return f"RD$ {value:,.0f}" if form == offline.MILLIONS_FORMAT else format(value, form)


def test_on_a_phone_the_filters_open_from_their_corner_and_filter(page: Callable[[str, str], Page]) -> None:
    view, town, context = page("gerencia", "telefono"), pages.largest_town(), load()
    pages.open_dashboard(view, context, "morosidad")
    title = context.assets.charts["cuentas_por_cobrar"].title
    wanted = pages.figures({title: context.assets.charts["cuentas_por_cobrar"].metric}, {"municipality_name": town})[title]
    view.locator('[data-test="filter-bar__collapsable"]').tap()
    pages.filtered_by(view, expand_dashboards.filter_id("morosidad", "municipio"), town)
    view.locator('[data-test="filter-bar__collapse-button"]').tap()
    expect(pages.number(view, title)).to_have_text(_written(context, "cuentas_por_cobrar", wanted), timeout=pages.DRAWN_MS)
    pages.wait_until_drawn(view, len(pages.charts_of(context, "morosidad")))  # the others were asked again as well
    _fits(view)


def test_a_printed_dashboard_has_every_chart_whole_and_no_filters(page: Callable[[str, str], Page]) -> None:
    view, context = page("gerencia", "escritorio"), load()
    pages.open_dashboard(view, context, "morosidad")
    pages.shot(view, "morosidad-impreso")  # waits until the lines have grown
    printed = pypdf.PdfReader(io.BytesIO(view.pdf(path=pages.SHOTS / "morosidad.pdf", prefer_css_page_size=True, print_background=True)))
    texts = [sheet.extract_text() for sheet in printed.pages]
    for title in pages.charts_of(context, "morosidad").values():
        assert any(re.sub(r"\s+", "", title) in re.sub(r"\s+", "", text) for text in texts), title
    assert "Aplicar filtros" not in " ".join(texts)
    drawings = [drawing.image for sheet in printed.pages for drawing in sheet.images]
    kinds = [context.assets.charts[name].kind for name in pages.charts_of(context, "morosidad")]
    assert len(drawings) == sum(kind not in ("table", "pivot", "number") for kind in kinds)
    assert [drawing.size for drawing in drawings if len(drawing.convert("RGB").getcolors(1 << 24)) < 5] == []
    assert len(texts) <= 6
