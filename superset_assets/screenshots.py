"""The pictures of the dashboards' pages: `docs/img/tableros/<dashboard>.png`, taken by headless Chromium of what is published here. Not for CI.

Needs Chromium and the `test` group of packages (playwright, pillow).
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from . import server
from .context import Context
from .docs import IMAGES
from .setup_names import MANAGER

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Chromium without a graphics card: WebGL in software, and only that. The page itself is drawn without it, for half as much.
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader"]
WINDOW, WIDTH, MOST_BYTES = {"width": 1440, "height": 1680}, 1200, 200_000  # a desk's window, and the picture's width
DRAWN_MS = 120_000


class ScreenshotFailed(RuntimeError):
    """Something is missing to take the pictures, or a dashboard did not draw; the message says what."""


def browser_path() -> str:
    """Chromium of this machine. Raises ScreenshotFailed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise ScreenshotFailed("Falta Chromium: instálelo con `apt-get install chromium`.")
    return found


def take(context: Context, dashboard: str | None = None, folder: Path = IMAGES) -> Iterator[Path]:
    """Take the picture of a dashboard (None: of all) as the management sees it at opening; each file as it is written. Raises ScreenshotFailed."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise ScreenshotFailed("Falta playwright: está en el grupo `test` (`bin/setup test`).") from None
    if dashboard and dashboard not in context.assets.dashboards:
        raise ScreenshotFailed(f"No hay ningún tablero {dashboard!r}: {', '.join(context.assets.dashboards)}.")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page(viewport=WINDOW, locale="es-DO", timezone_id="America/Santo_Domingo")
        log_in(page, MANAGER, server.manager_password())  # who only looks
        for slug in [dashboard] if dashboard else context.assets.dashboards:
            try:
                open_dashboard(page, slug)
            except (Error, AssertionError) as error:
                raise ScreenshotFailed(f"{slug} no se dibujó: {str(error)[:500]}") from None
            path = folder / f"{slug}.png"
            path.write_bytes(_small(page.screenshot()))
            yield path
        browser.close()


def log_in(page: Page, user: str, password: str) -> None:
    """By the form. Raises ScreenshotFailed where it is refused."""
    page.goto(server.url() + "/login/")
    page.fill("#username", user)
    page.fill("#password", password)
    with page.expect_response(lambda response: response.request.method == "POST" and "/login" in response.url) as answer:
        page.click("button[type=submit]")
    if answer.value.status >= 400 or answer.value.headers.get("location", "").endswith("/login/"):
        raise ScreenshotFailed(f"Superset no dejó entrar a {user!r} (respuesta {answer.value.status}).")
    page.wait_for_url(lambda url: "/login" not in url)


def open_dashboard(page: Page, slug: str) -> None:
    """Open it and wait until all that the window shows is drawn: a chart comes when it is in sight, so the page is scrolled once."""
    from playwright.sync_api import expect

    page.goto(f"{server.url()}/superset/dashboard/{slug}/")
    expect(page.locator('[data-test="chart-grid-component"]').first).to_be_visible(timeout=DRAWN_MS)
    for holder in page.locator('[data-test="chart-grid-component"]:visible').all():
        holder.scroll_into_view_if_needed()
        expect(holder.locator('[data-test="slice-container"]').first).to_be_visible(timeout=DRAWN_MS)
        expect(holder.locator('[data-test="loading-indicator"], .loading')).to_have_count(0, timeout=DRAWN_MS)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)  # lines grow for a second


def _small(png: bytes) -> bytes:
    """The picture in as many colours as MOST_BYTES allows; charts have few."""
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB")
    image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    for colours in (256, 128, 64, 32, 16):
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise ScreenshotFailed(f"La imagen pasa de {MOST_BYTES // 1000} KB hasta con 16 colores.")
