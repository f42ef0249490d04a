"""`load_cadastre(path)`: the cadastre file into raw.gis_sector (grain: one row per sector), in one transaction, repeatable."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy
import orjson
import pyproj
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from caudal import runlog, warehouse
from caudal.settings import settings
from geo.coverage import Gap, Overlap, cover, simplify
from geo.errors import CadastreError
from geo.publish import Sector, publish
from geo.read import BadFeature, polygonal, read
from geo.site import Site, load_site

DECIMALS = 6  # of a degree: 11 cm
GROWTH, ROUNDS = 1.5, 12
ELLIPSOID = pyproj.Geod(ellps="WGS84")


@dataclass
class CadastreResult:
    """What a load did. `overlaps` and `gaps` are for the people who keep the cadastre; they do not stop the load."""

    run_id: int
    sectors: int
    inserted: int
    updated: int
    deleted: int
    tolerance_m: float
    largest_bytes: int
    bad: list[BadFeature] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    slivers_closed: int = 0


def load_cadastre(path: Path, site: Site | None = None, *, accept_deletions: bool = False) -> CadastreResult:
    """Read, repair, simplify and load the sectors of `path` (GeoJSON, GeoPackage or Shapefile).

    `site` defaults to geo/sites/<CAUDAL_SITE>.yml. Bad features go to ops.quarantine and the rest is loaded; a sector whose
    feature is bad keeps the row it had. Raises CadastreError, with nothing changed, when the file as a whole cannot be used, or
    when it lacks more than half of the sectors that are loaded (a wrong file, most likely) and `accept_deletions` is not set.
    """
    path = Path(path)
    with runlog.run("geo", "gis_sector") as run:
        site = site or load_site(settings().site)
        reading = read(path, site)
        run.rows_read = len(reading.features) + len(reading.bad)
        if not reading.features:
            raise CadastreError(f"{path.name}: ninguno de sus {run.rows_read} elementos sirve. El primero: {reading.bad[0].reason}. "
                                "No se cambió nada.")
        coverage = cover({f.code: f.geometry for f in reading.features}, site.sliver_width_m)
        drawn, tolerance = draw(coverage.sectors, site)
        names = {f.code: f.name for f in reading.features}
        index = {f.code: f.index for f in reading.features}
        swallowed = [BadFeature(index[c], c, "geometry", "queda entero dentro de otros sectores", {}) for c in sorted(set(names) - set(drawn))]
        bad = sorted([*reading.bad, *swallowed], key=lambda b: b.index)
        to_degrees = _transformer(site)
        sectors = [Sector(c, names[c], drawn[c], f"{_area_km2(to_degrees, coverage.sectors[c]):.4f}") for c in sorted(drawn)]
        result = CadastreResult(run.run_id, len(sectors), 0, 0, 0, tolerance, max(size(s.geojson) for s in sectors), bad,
                                coverage.overlaps, coverage.gaps, coverage.slivers_closed)
        run.details = details(result, to_degrees)
        with warehouse.connect("load") as conn:
            publish(conn, run, path.name, sectors, reading.codes, bad, accept_deletions)
        result.inserted, result.updated, result.deleted = run.rows_inserted, run.rows_updated, run.rows_deleted
    return result


def draw(sectors: dict[str, BaseGeometry], site: Site) -> tuple[dict[str, dict], float]:
    """GeoJSON geometries in EPSG:4326 of at most `max_kb` each, and the tolerance (m) that it took.

    The tolerance is one for all, so that neighbours stay joined. Raises CadastreError when a sector cannot be made small enough.
    """
    to_degrees = _transformer(site)
    tolerance = site.simplify_m
    for _ in range(ROUNDS):
        found = {code: geojson(_degrees(to_degrees, shape)) for code, shape in simplify(sectors, tolerance).items()}
        if max(size(g) for g in found.values()) <= site.max_kb * 1000:
            return found, tolerance
        tolerance *= GROWTH
    worst = max(found, key=lambda c: (size(found[c]), c))
    raise CadastreError(f"El sector {worst} ocupa {size(found[worst]) / 1000:.1f} KB aun simplificado a {tolerance / GROWTH:.0f} m; "
                        f"el máximo es {site.max_kb:g} KB: suba `max_kb` en geo/sites/.")


def _transformer(site: Site) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(site.metric_crs, "EPSG:4326", always_xy=True)


def _degrees(transformer: pyproj.Transformer, shape: BaseGeometry) -> BaseGeometry:
    """In lon/lat, rounded: equal corners of two neighbours stay equal. Rounding may fold a hair-thin corner: repaired."""
    def move(points: numpy.ndarray) -> numpy.ndarray:
        return numpy.round(numpy.column_stack(transformer.transform(points[:, 0], points[:, 1])), DECIMALS)

    moved = shapely.remove_repeated_points(shapely.transform(shape, move))
    if not moved.is_valid:
        moved = polygonal(moved)
    return shapely.orient_polygons(shapely.normalize(moved))


def geojson(shape: BaseGeometry) -> dict:
    """A GeoJSON geometry (RFC 7946: outer rings counter-clockwise)."""
    rounded = shapely.transform(shape, lambda points: numpy.round(points, DECIMALS))
    return orjson.loads(orjson.dumps(mapping(rounded)))  # lists all the way down


def size(geometry: dict) -> int:
    """Bytes of the geometry as JSON."""
    return len(orjson.dumps(geometry))


def _area_km2(transformer: pyproj.Transformer, shape: BaseGeometry) -> float:
    """Area on the ellipsoid of the repaired, not simplified sector (metres in)."""
    degrees = shapely.transform(shape, lambda p: numpy.column_stack(transformer.transform(p[:, 0], p[:, 1])))
    return abs(ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(degrees))[0]) / 1e6


def details(result: CadastreResult, transformer: pyproj.Transformer) -> dict:
    """What ops.run keeps of the load: where to look on the map for each overlap and gap."""
    def place(item: Overlap | Gap) -> dict:
        point = item.geometry.representative_point()
        lon, lat = transformer.transform(point.x, point.y)
        return {"sectors": list(item.codes), "area_m2": item.area_m2, "lon": round(lon, DECIMALS), "lat": round(lat, DECIMALS)}

    return {"tolerance_m": result.tolerance_m, "slivers_closed": result.slivers_closed,
            "overlaps": [place(o) for o in result.overlaps], "gaps": [place(g) for g in result.gaps]}
