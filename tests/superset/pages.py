"""A dashboard in headless Chromium: who looks at it, on what screen, when it is drawn, what is on it. For the tests of this folder."""

from __future__ import annotations

import io
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright

from caudal import semantic, warehouse
from caudal.settings import ROOT
from superset_assets import server

# Chromium without a graphics card: WebGL in software.
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
SHOTS = ROOT / "build-artifacts"
DRAWN_MS = 90_000
MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
SCREENS: dict[str, dict[str, Any]] = {
    "escritorio": {"viewport": {"width": 1440, "height": 1500}},
    "telefono": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
_DRAWN = """() => {
  const charts = [...document.querySelectorAll('[data-test="chart-grid-component"]')].filter(chart => chart.checkVisibility());
  return charts.length > 0 && charts.every(chart => chart.querySelector('[data-test="slice-container"], [role="alert"]')
    && !chart.querySelector('[data-test="loading-indicator"], .loading, .ant-spin-spinning'));
}"""


def chromium(driver: Playwright) -> Browser:
    """The machine's browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "falta Chromium: instálelo con `apt-get install chromium`"
    return driver.chromium.launch(executable_path=path, args=FLAGS)


def log_in(browser: Browser, user: str, password: str, screen: str = "escritorio") -> Page:
    """A page of its own in which `user` is known. `page.asked`: the hosts asked; `page.complaints`: what went wrong in it."""
    context = browser.new_context(**SCREENS[screen], locale="es-DO", timezone_id="America/Santo_Domingo")
    page = context.new_page()
    page.asked, page.complaints = set(), []
    page.on("request", lambda request: page.asked.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: page.complaints.append(_said(message)) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("response", lambda answer: page.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.goto(server.url() + "/login/")
    page.fill("#username", user)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def _said(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location['url'].rsplit('/', 1)[-1]})"


def outside(page: Page) -> set[str]:
    """The hosts asked for that are not Superset's."""
    return {host for host in page.asked if host} - {urlsplit(server.url()).netloc}


def open_dashboard(page: Page, slug: str) -> Locator:
    """Open it anew; the titles of its tabs."""
    page.goto(f"{server.url()}/superset/dashboard/{slug}/")
    wait_until_drawn(page)
    return page.locator('[data-test="dashboard-component-tabs"] [role="tab"]')


def wait_until_drawn(page: Page) -> None:
    """Every chart of the open tab there and none loading; then still."""
    page.wait_for_function(_DRAWN, timeout=DRAWN_MS)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_DRAWN, timeout=DRAWN_MS)
    page.wait_for_timeout(600)  # the lines grow for a second


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
        row = semantic.fetch(conn, list(dict.fromkeys(metrics.values())), where={"period_month": month, **where})[0]
    return {name: row[metric] for name, metric in metrics.items()}


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


def shot(page: Page, name: str, **kwargs: Any) -> Path:
    """A picture for who looks at the build."""
    SHOTS.mkdir(exist_ok=True)
    path = SHOTS / f"{name}.png"
    page.screenshot(path=path, **kwargs)
    return path
