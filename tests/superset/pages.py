"""A dashboard in headless Chromium: who looks at it, on what screen, when it is drawn, what is on it. For the tests of this folder."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright

from caudal import semantic, warehouse
from caudal.settings import ROOT
from superset_assets import screenshots, server
from superset_assets.context import Context

SHOTS = ROOT / "build-artifacts"
DRAWN_MS = 90_000
LOOK_EVERY_MS = 300  # Playwright's own is every frame, and each look has the page laid out again while it draws
MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
SCREENS: dict[str, dict[str, Any]] = {
    "escritorio": {"viewport": {"width": 1440, "height": 1500}},
    "telefono": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
_CHARTS = """[...document.querySelectorAll('[data-test="chart-grid-component"]')].filter(chart => chart.checkVisibility())"""
_STATE = """
  loading: !chart.querySelector('[data-test="slice-container"], [role="alert"]')
    || !!chart.querySelector('[data-test="loading-indicator"], .loading, .ant-spin-spinning'),
  drawn: !!chart.querySelector('canvas, table, .header-line, .ant-empty'),"""
_SEEN = f"""() => {_CHARTS}.map(chart => ({{{_STATE}
  title: chart.dataset.testChartName ?? chart.querySelector('[data-test-chart-name]')?.dataset.testChartName,
  error: chart.querySelector('[role="alert"], .ant-alert, [data-test="error-message"]')?.innerText ?? null,
  empty: !!chart.querySelector('.ant-empty') || /No se obtuvieron resultados|Sin datos$|No hay datos|^N\\/A$/m.test(chart.innerText),
  text: chart.innerText.slice(0, 200),
}}))"""
# looked at again and again: without the texts, for which the page would be laid out each time
_DRAWN = f"""wanted => {{
  const seen = {_CHARTS}.map(chart => ({{{_STATE} error: chart.querySelector('[role="alert"], .ant-alert, [data-test="error-message"]')?.textContent }}))
  return seen.length === wanted && seen.every(chart => !chart.loading && (chart.drawn || chart.error))
}}"""


def chromium(driver: Playwright) -> Browser:
    """The machine's browser."""
    return driver.chromium.launch(executable_path=screenshots.browser_path(), args=screenshots.FLAGS)


def log_in(browser: Browser, user: str, password: str, screen: str = "escritorio") -> Page:
    """A page of its own in which `user` is known. `page.asked`: the hosts asked; `page.complaints`: what went wrong in it."""
    context = browser.new_context(**SCREENS[screen], locale="es-DO", timezone_id="America/Santo_Domingo")
    page = context.new_page()
    page.asked, page.complaints = set(), []
    page.on("request", lambda request: page.asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: page.complaints.append(_said(message)) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("response", lambda answer: page.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    screenshots.log_in(page, user, password)
    return page


def _said(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location['url'].rsplit('/', 1)[-1]})"


def outside(page: Page) -> set[str]:
    """The hosts asked for that are not Superset's."""
    return {host for host in page.asked if host} - {urlsplit(server.url()).netloc}


def open_dashboard(page: Page, context: Context, slug: str) -> Locator:
    """Open it anew; the titles of its tabs."""
    page.goto(f"{server.url()}/superset/dashboard/{slug}/")
    wait_until_drawn(page, len(charts_of(context, slug)))
    return tabs(page)


def tabs(page: Page) -> Locator:
    """The titles of the tabs of the open dashboard."""
    return page.locator('[data-test="dashboard-component-tabs"] [role="tab"]')


def charts_of(context: Context, slug: str, tab: int = 0) -> dict[str, str]:
    """Name → title of the charts that are on the page when that tab is open, in order."""
    board = context.assets.dashboards[slug]
    rows = [*board.top(), *(board.tabs[tab].rows if board.tabs else [])]
    cells = [cell for row in rows for cell in row.cells().items()]
    return {name: cell.title or context.assets.charts[name].title for name, cell in cells if cell.text is None}


def wait_until_drawn(page: Page, count: int) -> None:
    """So many charts in the open tab, and none loading."""
    page.wait_for_function(_DRAWN, arg=count, timeout=DRAWN_MS, polling=LOOK_EVERY_MS)


def seen(page: Page) -> list[dict[str, Any]]:
    """What the page shows of each chart in the open tab."""
    return page.evaluate(_SEEN)


def chart(page: Page, title: str) -> Locator:
    return page.locator(f'[data-test-chart-name="{title}"]:visible')


def filtered_by(page: Page, filter_id: str, value: str) -> None:
    """Choose the value in the filter bar and apply."""
    page.locator(f'div[data-test="{filter_id}"]').click()
    page.locator(f'.ant-select-item-option[title="{value}"]').click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Aplicar filtros").click()


def number(page: Page, title: str) -> Locator:
    """What a big number reads."""
    return chart(page, title).locator(".header-line")


def figures(metrics: dict[str, str], where: dict[str, Any]) -> dict[str, Decimal | None]:
    """Name → the warehouse's figure of its metric, for the last closed month."""
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
        # one query each: they may be of different marts
        return {name: semantic.fetch(conn, metric, where={"period_month": month, **where})[0][metric] for name, metric in metrics.items()}


def largest_town() -> str:
    """The municipality with most sectors."""
    with warehouse.connect("read") as conn:
        return conn.execute(
            "select municipality_name from marts.mart_commercial__month group by 1 order by count(distinct sector_name) desc, 1 limit 1").fetchone()[0]


def month_before() -> tuple[dict[str, Any], str]:
    """The month before the last closed one: as a condition, and as the filter offers it."""
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_commercial__month "
                             "where period_month < (select max(period_month) from marts.mart_commercial__month)").fetchone()[0]
    return {"period_month": month}, f"{MONTHS[month.month - 1]} {month.year}"


def bright_colours(image: bytes, least: int = 30) -> int:
    """How many colours that are no grey fill at least `least` pixels."""
    counted = Image.open(io.BytesIO(image)).convert("RGB").getcolors(maxcolors=1 << 24)
    return sum(1 for count, pixel in counted if count >= least and max(pixel) - min(pixel) > 50)


def shot(page: Page, name: str) -> Path:
    """A picture of the whole page for who looks at the build. Of a window as tall as the page: Chromium's own `full_page` comes out blank at times."""
    SHOTS.mkdir(exist_ok=True)
    path, window = SHOTS / f"{name}.png", page.viewport_size
    page.set_viewport_size({"width": window["width"], "height": page.evaluate("document.documentElement.scrollHeight")})
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(700)  # lines grow for a second
    page.screenshot(path=path)
    page.set_viewport_size(window)
    return path
