"""The style of every dashboard: one file, published before a dashboard's own, which is all that comes back; and the width of a phone, said in two places."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import requests

from superset_assets import expand_dashboards, layout, offline, pull
from superset_assets.context import Context, load
from superset_assets.expand_dashboards import COMMON_CSS
from superset_assets.state import Asset
from tests.parsed_manifest import parsed_manifest


@pytest.fixture(scope="module")
def context() -> Context:
    return load(manifest=parsed_manifest())


def _pulled(context: Context, slug: str, css: str | None = None) -> dict:
    document = expand_dashboards.dashboard(context, slug)
    return pull._dashboard(context, slug, Asset("dashboard", "", "", {}, document | ({} if css is None else {"css": css})))


def test_every_dashboard_has_the_common_style_and_pull_leaves_it_out(context: Context) -> None:
    for slug, board in context.assets.dashboards.items():
        assert expand_dashboards.dashboard(context, slug)["css"].startswith(COMMON_CSS), slug
        pulled = _pulled(context, slug)
        assert pulled.get("css", "") == board.css and pulled.get("colors", {}) == board.colors, slug


def test_a_dashboards_own_style_comes_after_and_comes_back(context: Context) -> None:
    own = ".dashboard td { color: red; }\n"
    boards = context.assets.dashboards
    styled = replace(context, assets=replace(context.assets, dashboards=boards | {"mapa": boards["mapa"].model_copy(update={"css": own})}))
    assert _pulled(styled, "mapa")["css"] == own
    assert _pulled(context, "mapa", COMMON_CSS.rstrip())["title"] == "Mapa comercial"  # as Superset's editor trims it
    with pytest.raises(layout.Unrepresentable, match=r"dashboard\.css"):
        _pulled(context, "mapa", COMMON_CSS.replace("14px", "15px"))


def test_style_and_script_agree_on_what_a_phone_is() -> None:
    assert re.findall(r"@media (\(.*?\)) \{", COMMON_CSS) == [offline.PHONE]


def test_pages_tell_a_phone_to_use_its_own_width(superset: object) -> None:
    assert offline.VIEWPORT in requests.get(superset.url + "/login/", timeout=30).text
