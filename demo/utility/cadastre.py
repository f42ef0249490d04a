"""The cadastre file of the synthetic utility: sectors as GeoJSON in EPSG:32619, with the defects real ones have.

One feature a sector: `codigo, nombre, municipio_codigo, municipio`. A `crs` member says EPSG:32619 (as GDAL and QGIS write it).
Defects: overlapping and gaping borders (slivers), one ring that crosses itself, one sector in two parts.
"""

from __future__ import annotations

from pathlib import Path

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from demo.utility.catalogue import catalogue, size_named
from demo.utility.geography import CADASTRE_CRS, territories

GROWN = ("MOC-02", 7.0)  # drawn a little too large: slivers of overlap with its neighbours
SHRUNK = ("CGE-01", -9.0)  # drawn a little too small: slivers of nobody's land
CROSSED = "JAM-01"  # two vertices in the wrong order: the ring crosses itself


def write_cadastre(path: Path, size: str) -> Path:
    """Write the file, whole or not at all. The territory is the same for every `size`; ValueError when there is no such size."""
    import geopandas

    size_named(size)
    sectors = sorted(catalogue()["sectors"], key=lambda s: s["code"])
    names = catalogue()["municipalities"]
    frame = geopandas.GeoDataFrame(
        {
            "codigo": [s["code"] for s in sectors],
            "nombre": [s["name"] for s in sectors],
            "municipio_codigo": [s["municipality"] for s in sectors],
            "municipio": [names[s["municipality"]] for s in sectors],
        },
        geometry=[drawn(s["code"]) for s in sectors], crs=CADASTRE_CRS,
    )
    path = Path(path)
    draft = path.with_name(f".{path.stem}.draft.geojson")
    draft.unlink(missing_ok=True)
    frame.to_file(draft, driver="GeoJSON", engine="pyogrio", layer="sectores_comerciales", COORDINATE_PRECISION=2, RFC7946="NO")
    draft.replace(path)
    return path


def drawn(code: str) -> BaseGeometry:
    """The territory of `code` as the cadastre's draughtsman left it."""
    shape = territories()[code]
    for name, metres in (GROWN, SHRUNK):
        if code == name:
            return shape.buffer(metres, join_style="mitre")
    return _crossed(shape) if code == CROSSED else shape


def _crossed(shape: Polygon) -> Polygon:
    ring = list(shape.exterior.coords)
    for i in range(1, len(ring) - 3):
        wrong = Polygon([*ring[:i], ring[i + 1], ring[i], *ring[i + 2:]])
        if not wrong.is_valid:
            return wrong
    raise ValueError("No two neighbouring vertices of the ring make it cross itself.")
