"""The example page with a dashboard inside, in headless Chromium: drawn by a guest's pass, with the guest's rows, asking nothing of outside."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from caudal import access
from caudal.access import Access
from superset_assets import guest
from superset_assets.client import Client
from superset_assets.embed.serve import server

SECTOR, SECTOR_NAME, OTHER_NAME = "MOC-01", "Moca Centro", "El Viaducto"


@pytest.fixture
def page_url(superset: Client) -> Iterator[str]:
    """The example's page, whose visitors are a guest of one sector."""
    origin = os.environ["CAUDAL_SUPERSET_EMBED_ORIGINS"]
    access.grant(Access("portal.pagina", "invitado", sector_code=SECTOR))
    with server(urlsplit(origin).port, lambda: guest.issue("morosidad", "portal.pagina", client=superset, origins=[origin])) as page:
        threading.Thread(target=page.serve_forever, daemon=True).start()
        yield origin + "/"
        page.shutdown()
    access.revoke("portal.pagina")


def test_the_page_shows_the_dashboard_with_the_guest_s_rows(superset: Client, page_url: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "falta Chromium: instálelo con `apt-get install chromium`"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1300, "height": 1600}, locale="es-DO")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_url)
        frame = page.frame_locator("iframe[title=Tablero]")
        table = frame.locator('[data-test-chart-name="Sectores"]')
        expect(table).to_contain_text(SECTOR_NAME, timeout=60_000)
        assert OTHER_NAME not in table.inner_text()
        text = frame.locator("body").inner_text()
        assert "Índice de morosidad" in text and "Unexpected error" not in text and "403" not in text
        assert {urlsplit(url).netloc for url in asked if urlsplit(url).scheme.startswith("http")} == {urlsplit(page_url).netloc, urlsplit(superset.url).netloc}
        browser.close()


def test_another_page_cannot_hold_it(superset: Client, page_url: str) -> None:
    given = guest.issue("morosidad", "portal.pagina", client=superset)
    policy = superset.session.get(f"{superset.url}/embedded/{given.embedded}", headers={"Referer": page_url}).headers["Content-Security-Policy"]
    ancestors = next(part for part in policy.split(";") if "frame-ancestors" in part).split()
    assert ancestors[1:] == ["'self'", page_url.rstrip("/")]
    refused = superset.session.get(f"{superset.url}/embedded/{given.embedded}", headers={"Referer": "http://otra.invalid/"})
    assert refused.status_code == 403
