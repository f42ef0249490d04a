"""The utility's own base map under every map of Superset: municipal and sector outlines, streets and names, as tiles drawn from the marts.

Runs inside Superset, at `/caudal/mapa/<z>/<x>/<y>.png` (BASE_MAP in setup_names.py, which the maps' files are published with). Needs no tile server and asks nothing of
the network; a utility that has its own server names it in CAUDAL_SUPERSET_TILES and these are not used. Reads marts.map_municipality,
marts.map_sector and marts.map_street: the ground, and nothing of anybody, so no row rule applies.
"""

from __future__ import annotations

import io
import json
import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

SIZE, SHARP = 256, 2  # pixels of a tile; drawn larger and shrunk, since Pillow's lines have steps
MAX_ZOOM = 19
REFRESH_S = 300  # a load moves no street: the ground is read again this often at most

PAPER, LAND, SECTOR, TOWN, NAME = "#f4f6f7", "#fdfdfc", "#dde2e5", "#9aa5ad", "#5d6870"
# Class of street (map_street.street_kind, in the utility's words) → colour, width in pixels, zoom from which it is drawn. Any other is a street.
STREETS = {"carretera": ("#c3cad0", 2.2, 0), "avenida": ("#cfd5da", 1.8, 11)}
STREET = ("#d9dee2", 1.2, 12)
NAMES_FROM = 9
Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """A line or ring in the plane of the tiles (0..1, Mercator), with the box around it and what to draw it by."""

    points: tuple[Point, ...]
    box: tuple[float, float, float, float]
    kind: str
    name: str = ""


@dataclass(frozen=True)
class Ground:
    """What there is to draw."""

    towns: tuple[Shape, ...] = ()
    sectors: tuple[Shape, ...] = ()
    streets: tuple[Shape, ...] = ()


def project(lon: float, lat: float) -> Point:
    """Longitude and latitude → the plane of the tiles."""
    return (lon + 180) / 360, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2


def shape(coordinates: Iterable[Iterable[float]], kind: str, name: str = "") -> Shape:
    """A shape of [[lon, lat], …]."""
    points = tuple(project(lon, lat) for lon, lat, *_ in coordinates)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Shape(points, (min(xs), min(ys), max(xs), max(ys)), kind, name)


def tile(ground: Ground, z: int, x: int, y: int) -> bytes:
    """The tile as PNG."""
    scale = SIZE * SHARP * 2**z
    image = Image.new("RGB", (SIZE * SHARP, SIZE * SHARP), PAPER)
    draw = ImageDraw.Draw(image)
    margin = 0.6 / 2**z  # names reach into the tile from outside
    seen = (x / 2**z - margin, y / 2**z - margin, (x + 1) / 2**z + margin, (y + 1) / 2**z + margin)

    def placed(item: Shape) -> list[Point]:
        return [(px * scale - x * SIZE * SHARP, py * scale - y * SIZE * SHARP) for px, py in item.points]

    towns = [(item, placed(item)) for item in _within(ground.towns, seen)]
    for _, points in towns:
        draw.polygon(points, fill=LAND)
    if z > NAMES_FROM:
        for item in _within(ground.sectors, seen):
            draw.line(placed(item), fill=SECTOR, width=SHARP, joint="curve")
    for item in _within(ground.streets, seen):
        color, width, least = STREETS.get(item.kind, STREET)
        if z >= least:
            draw.line(placed(item), fill=color, width=round(width * SHARP * (1 if z < 15 else 2)), joint="curve")
    for _, points in towns:
        draw.line(points, fill=TOWN, width=round(1.4 * SHARP), joint="curve")
    if z >= NAMES_FROM:
        _names(draw, [(item.name, points) for item, points in towns])
    out = io.BytesIO()
    image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _within(shapes: Iterable[Shape], seen: tuple[float, float, float, float]) -> Iterable[Shape]:
    west, north, east, south = seen
    return (s for s in shapes if s.box[0] <= east and s.box[2] >= west and s.box[1] <= south and s.box[3] >= north)


def _names(draw: ImageDraw.ImageDraw, towns: Iterable[tuple[str, list[Point]]]) -> None:
    """Each town's name at the middle of its largest part: at the same place in every tile, so that a name goes on in the next one."""
    largest: dict[str, tuple[float, list[Point]]] = {}
    for name, points in towns:
        area = abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True))) / 2
        if name not in largest or area > largest[name][0]:
            largest[name] = (area, points)
    for name, (_, points) in largest.items():
        xs, ys = [px for px, _ in points], [py for _, py in points]
        middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
        draw.text(middle, name, fill=NAME, font=_font(), anchor="mm", stroke_width=2 * SHARP, stroke_fill=LAND)


@lru_cache(maxsize=1)
def _font() -> Any:
    """Superset's own text font where it is (this runs in there), in the file that has the Spanish letters; Pillow's, which lacks them, elsewhere."""
    spec = find_spec("superset")
    for path in sorted((Path(spec.origin).parent / "static" / "assets").glob("*.woff2")) if spec and spec.origin else []:
        font = ImageFont.truetype(str(path), 12 * SHARP)
        if font.getname() == ("Inter", "Regular") and all(bytes(font.getmask(letter)) != bytes(font.getmask("\uffff")) for letter in "aáéíóúüñ"):
            return font
    return ImageFont.load_default(12 * SHARP)


# --- in Superset ---


class BaseMap:
    """The ground, read when asked for and again after a while; drawn tiles are kept until then."""

    def __init__(self, address: str):
        self.address = address
        self._lock = threading.Lock()
        self._read_at = -math.inf
        self._ground = Ground()
        self._drawn: dict[tuple[int, int, int], bytes] = {}

    def tile(self, z: int, x: int, y: int) -> bytes:
        """The tile as PNG, of the ground as it was within the last minutes."""
        with self._lock:
            if time.monotonic() - self._read_at > REFRESH_S:
                fresh = read(self.address)
                if fresh != self._ground:
                    self._ground, self._drawn = fresh, {}
                self._read_at = time.monotonic()
            drawn = self._drawn.get((z, x, y))
        if drawn is None:
            drawn = tile(self._ground, z, x, y)
            with self._lock:
                if len(self._drawn) > 4000:
                    self._drawn = {}
                self._drawn[z, x, y] = drawn
        return drawn


def read(address: str) -> Ground:
    """The ground of the warehouse; empty before the first build."""
    import sqlalchemy as sa

    engine = sa.create_engine(address, poolclass=sa.pool.NullPool)
    with engine.connect() as conn:
        def shapes(table: str, line: str, kind: str, name: str) -> tuple[Shape, ...]:
            if conn.execute(sa.text("select to_regclass(:name)"), {"name": f"marts.{table}"}).scalar() is None:
                return ()
            rows = conn.execute(sa.text(f"select {line}, {kind}, {name} from marts.{table} order by 1"))
            return tuple(shape(points, said or "", title or "") for text, said, title in rows if len(points := json.loads(text)) > 1)

        return Ground(
            shapes("map_municipality", "ring", "'municipio'", "municipality_name"),
            shapes("map_sector", "ring", "'sector'", "sector_name"),
            shapes("map_street", "path", "street_kind", "street_name"),
        )


def blueprint(address: str) -> Any:
    """Superset's page of tiles. Open, as a tile server is: an embedded page has no session, and its maps need their ground as well."""
    from flask import Blueprint, Response, abort

    pages, base = Blueprint("caudal_base_map", __name__), BaseMap(address)

    @pages.get("/caudal/mapa/<int:z>/<int:x>/<int:y>.png")
    def base_map_tile(z: int, x: int, y: int) -> Response:
        if z > MAX_ZOOM or max(x, y) >= 2**z:
            abort(404)
        return Response(base.tile(z, x, y), mimetype="image/png", headers={"Cache-Control": f"public, max-age={REFRESH_S}"})

    return pages
