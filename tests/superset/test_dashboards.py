"""Every dashboard as two people see it, on a desk and on a phone: all charts drawn, in Spanish, without error. Screenshots go to build-artifacts/."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from caudal import access
from caudal.access import Access
from caudal.secrets import get_or_create
from caudal.settings import ROOT, settings
from superset_assets import server, sync
from superset_assets.context import load
from superset_assets.files import read

FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
SHOTS = ROOT / "build-artifacts"
DRAWN_MS = 90_000
DESK, PHONE = {"width": 1440, "height": 1500}, {"width": 390, "height": 844}
PEOPLE = {"mirada.gerencia": ("gerencia", None, None), "mirada.lectura": ("solo_lectura", "0901", None)}
ENGLISH = ("Apply filters", "Clear all", "Unexpected error", "No results", "Loading...")


@pytest.fixture(scope="module", params=list(PEOPLE))
def page(superset: object, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser in which one of PEOPLE has logged in."""
    name = request.param
    access.grant_all([Access(name, *PEOPLE[name])], by="prueba")
    sync.users(superset, load())
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=FLAGS)
        page = browser.new_page(viewport=DESK, locale="es-DO", timezone_id="America/Santo_Domingo")
        page.person, page.complaints, page.asked = name, [], set()
        page.on("request", lambda asked: page.asked.add(urlsplit(asked.url).netloc))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("response", lambda answer: page.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
        page.goto(superset.url + "/login/")
        page.fill("#username", name)
        page.fill("#password", get_or_create(settings().home, sync.secret_name(name)))
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/login" not in url)
        yield page
        browser.close()
    access.revoke(name)


@pytest.mark.parametrize("slug", sorted(read().dashboards))
def test_every_chart_of_a_dashboard_is_drawn_at_the_desk_and_on_the_phone(page: Page, slug: str) -> None:
    page.complaints.clear()
    page.set_viewport_size(DESK)
    page.goto(f"{server.url()}/superset/dashboard/{slug}/")
    tabs = _tabs(page)
    for number in range(max(1, len(tabs))):
        if tabs:
            page.locator('[data-test="dashboard-component-tabs"] [role="tab"]').nth(number).click()
        _drawn(page, slug, number)
        page.screenshot(path=_shot(page, slug, number, "escritorio"))
    page.set_viewport_size(PHONE)
    _drawn(page, slug, number)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"] + 8, f"{slug}: the page is {width} px wide on a phone"
    page.screenshot(path=_shot(page, slug, number, "telefono"))
    assert page.complaints == []
    assert {host for host in page.asked if host} <= {urlsplit(server.url()).netloc}


def _tabs(page: Page) -> list[str]:
    expect(page.locator('[data-test="dashboard-header-container"], .dashboard-header').first).to_be_visible(timeout=DRAWN_MS)
    expect(page.locator(".dashboard-component-chart-holder").first).to_be_visible(timeout=DRAWN_MS)
    return page.locator('[data-test="dashboard-component-tabs"] [role="tab"]').all_inner_texts()


def _drawn(page: Page, slug: str, tab: int) -> None:
    """Scroll through the page, for charts are drawn when they come into sight; then none loads, none failed, none is empty."""
    holders = page.locator(".dashboard-component-chart-holder:visible")
    for holder in holders.all():
        holder.scroll_into_view_if_needed()
        expect(holder.locator('[data-test="loading-indicator"], .loading')).to_have_count(0, timeout=DRAWN_MS)
        expect(holder.locator('[data-test="slice-container"]').first).to_be_visible(timeout=DRAWN_MS)
    for holder in holders.all():
        name = holder.locator("[data-test-chart-name]").first.get_attribute("data-test-chart-name")
        assert holder.locator('[role="alert"], .ant-alert, [data-test="error-message"]').count() == 0, (slug, tab, name, holder.inner_text()[:300])
        assert holder.locator("canvas, table, svg, .header-line, .ant-empty").count() > 0, (slug, tab, name)
    text = page.locator("body").inner_text()
    assert not [word for word in ENGLISH if word in text], (slug, tab)


def _shot(page: Page, slug: str, tab: int, where: str):
    SHOTS.mkdir(exist_ok=True)
    return SHOTS / f"{slug}-{tab + 1}-{where}-{page.person.split('.')[1]}.png"
