"""Territories of the commercial sectors: Voronoi cells of their true positions within a hand-made outline, with natural borders.

Everything is in EPSG:32619 (metres). The shapes are the same for every size and seed: a utility's territory does not change with them.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from itertools import pairwise

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize, unary_union

from demo.utility.catalogue import catalogue

CADASTRE_CRS = "EPSG:32619"
STEP_M = 180  # borders are bent down to this length
BEND = 0.07  # of the length of each piece
EXCLAVE = ("MOC-06", "MOC-07", 420)  # a part of the first sector lies inside the second, radius in m
BORDER_MARGIN_M = 35  # supply points keep this far from the border, past every defect of the cadastre file


@lru_cache(maxsize=2)
def _transformer(inverse: bool) -> Transformer:
    pair = (CADASTRE_CRS, "EPSG:4326") if inverse else ("EPSG:4326", CADASTRE_CRS)
    return Transformer.from_crs(*pair, always_xy=True)


def to_metres(lon, lat):
    """EPSG:4326 → EPSG:32619."""
    return _transformer(False).transform(lon, lat)


def to_degrees(x, y):
    """EPSG:32619 → EPSG:4326 (longitude, latitude)."""
    return _transformer(True).transform(x, y)


def _bent(a: tuple[float, float], b: tuple[float, float]) -> LineString:
    """The border from a to b: midpoints displaced at random, the same from whichever side it is drawn."""
    a, b = sorted([a, b])
    rng = np.random.default_rng(zlib.crc32(f"{a[0]:.0f} {a[1]:.0f} {b[0]:.0f} {b[1]:.0f}".encode()))
    points = np.array([a, b])
    while np.hypot(*np.diff(points, axis=0).T).max() > STEP_M:
        step = np.diff(points, axis=0)
        middle = points[:-1] + step / 2 + np.column_stack([-step[:, 1], step[:, 0]]) * rng.uniform(-BEND, BEND, (len(step), 1))
        merged = np.empty((len(points) + len(middle), 2))
        merged[0::2], merged[1::2] = points, middle
        points = merged
    return LineString(points)


def _segments(cells: list[Polygon]) -> set[tuple[tuple[float, float], tuple[float, float]]]:
    lines = shapely.get_parts(unary_union([cell.exterior for cell in cells]))
    found = set()
    for line in lines:
        coords = [(round(x, 1), round(y, 1)) for x, y in line.coords]
        found |= {tuple(sorted(pair)) for pair in pairwise(coords) if pair[0] != pair[1]}
    return found


@lru_cache(maxsize=1)
def territories() -> dict[str, BaseGeometry]:
    """Sector code → its (Multi)Polygon, valid, without gaps or overlaps, together the whole territory."""
    sectors = catalogue()["sectors"]
    seeds = {s["code"]: Point(*to_metres(s["lon"], s["lat"])) for s in sectors}
    outline = Polygon([to_metres(lon, lat) for lon, lat in catalogue()["outline"]])
    voronoi = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(list(seeds.values())), extend_to=outline.buffer(20_000)))
    cells = [cell.intersection(outline) for cell in voronoi]
    pieces = list(polygonize(unary_union([_bent(a, b) for a, b in sorted(_segments(cells))])))
    owned: dict[str, list[Polygon]] = {code: [] for code in seeds}
    for piece in pieces:
        inside = [code for code, seed in seeds.items() if piece.contains(seed)]
        owner = inside[0] if inside else min(seeds, key=lambda code: seeds[code].distance(piece))
        owned[owner].append(piece)
    shapes = {code: unary_union(parts) for code, parts in owned.items()}
    small, host, radius = EXCLAVE
    island = _island(shapes[host], seeds[host], radius)
    shapes[small], shapes[host] = unary_union([shapes[small], island]), shapes[host].difference(island)
    return shapes


def _island(host: BaseGeometry, seed: Point, radius: float) -> Polygon:
    rng = np.random.default_rng(9)
    where = shapely.centroid(host)
    centre = Point(where.x + (where.x - seed.x) * 0.4 + 900, where.y + (where.y - seed.y) * 0.4 + 300)
    angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    reach = radius * rng.uniform(0.75, 1.1, len(angles))
    island = Polygon(np.column_stack([centre.x + reach * np.cos(angles), centre.y + reach * np.sin(angles)]))
    if not host.contains(island.buffer(50)):
        raise ValueError("The exclave leaves its host sector: move it in geography.py.")
    return island


def scatter(code: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` supply points (x, y in EPSG:32619) in sector `code`: dense around the place itself, thin towards the border."""
    sector = next(s for s in catalogue()["sectors"] if s["code"] == code)
    inner = territories()[code].buffer(-BORDER_MARGIN_M)
    shapely.prepare(inner)
    seed = np.array(to_metres(sector["lon"], sector["lat"]))
    spread = np.sqrt(inner.area) / 5
    found = np.empty((0, 2))
    while len(found) < count:
        draws = seed + rng.normal(0, spread, (count * 2 + 20, 2)) * rng.choice([0.35, 1.0], (count * 2 + 20, 1), p=[0.6, 0.4])
        found = np.vstack([found, draws[shapely.contains_xy(inner, draws)]])
    return found[:count]
