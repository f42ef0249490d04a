"""The tiles of the own base map: what is drawn, where, and that a place is the same in neighbouring tiles. No Superset needed."""

from __future__ import annotations

import io

import pytest
import requests
from PIL import Image, ImageColor

from superset_assets import base_map
from superset_assets.base_map import Ground, shape, tile
from superset_assets.setup_names import BASE_MAP

Z = 12
WEST, NORTH = -70.576171875, 19.476950206488414  # the north-west corner of the tile below
X, Y = 1245, 1822


def drawn(ground: Ground, z: int = Z, x: int = X, y: int = Y) -> Image.Image:
    return Image.open(io.BytesIO(tile(ground, z, x, y))).convert("RGB")


def near(color: tuple[int, ...], wanted: str, by: int = 6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(color, ImageColor.getrgb(wanted), strict=True))


def square(lon: float, lat: float, side: float) -> list[list[float]]:
    return [[lon, lat], [lon + side, lat], [lon + side, lat - side], [lon, lat - side], [lon, lat]]


def test_projection_is_that_of_the_tiles() -> None:
    assert base_map.project(-180, 0) == (0.0, 0.5)
    px, py = base_map.project(WEST, NORTH)
    assert (px * 2**Z, py * 2**Z) == pytest.approx((X, Y), abs=0.001)


def test_land_and_paper() -> None:
    image = drawn(Ground(towns=(shape(square(WEST + 0.02, NORTH - 0.02, 0.03), "municipio"),)))
    assert image.size == (256, 256)
    assert near(image.getpixel((5, 5)), base_map.PAPER)
    assert near(image.getpixel((130, 140)), base_map.LAND)


def test_a_street_crosses_where_it_is_and_only_from_its_zoom_on() -> None:
    middle = NORTH - 0.0414
    road = [[WEST - 1, middle], [WEST + 1, middle]]
    highway, lane = Ground(streets=(shape(road, "carretera"),)), Ground(streets=(shape(road, "calle"),))
    column = [drawn(highway).getpixel((128, row)) for row in range(256)]
    assert [row for row, color in enumerate(column) if near(color, base_map.STREETS["carretera"][0], 20)]
    assert column[0] == column[255]
    assert len(drawn(lane, 9, X >> 3, Y >> 3).getcolors()) == 1, "a lane does not show from afar"


def test_a_line_goes_on_in_the_next_tile() -> None:
    middle = NORTH - 0.0414
    ground = Ground(streets=(shape([[WEST - 1, middle], [WEST + 1, middle]], "carretera"),))
    left, right = drawn(ground), drawn(ground, x=X + 1)
    assert [left.getpixel((255, row)) for row in range(256)] == [right.getpixel((0, row)) for row in range(256)]


def test_a_town_has_its_name() -> None:
    outline = square(WEST, NORTH, 0.08)
    named, bare = (Ground(towns=(shape(outline, "municipio", name),)) for name in ("Moca", ""))
    assert drawn(named).tobytes() != drawn(bare).tobytes()


def test_the_ground_of_the_warehouse_is_served(superset: object) -> None:
    answer = requests.get(superset.url + BASE_MAP.format(z=8, x=77, y=113), timeout=60)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/png"
    image = Image.open(io.BytesIO(answer.content)).convert("RGB")
    assert image.size == (256, 256)
    assert len(image.getcolors(maxcolors=256 * 256)) > 2, "nothing drawn where the demonstration's towns are"
    assert requests.get(superset.url + BASE_MAP.format(z=3, x=9, y=0), timeout=60).status_code == 404
