"""From a GIS file to features: GeoJSON, GeoPackage or Shapefile, in the coordinate system that the file itself declares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from geo.errors import CadastreError
from geo.site import Site


@dataclass(frozen=True)
class Feature:
    """One good feature: its place in the file (from 0), and its polygon, valid, in the site's metric system."""

    index: int
    code: str
    name: str
    municipality: str | None
    geometry: BaseGeometry


@dataclass(frozen=True)
class BadFeature:
    """One feature that was kept out. `code` is None where it has none; `reason` is Spanish."""

    index: int
    code: str | None
    field: str
    reason: str
    properties: dict[str, Any]


@dataclass
class Reading:
    """What the file holds: the good, the bad, and every code seen in either (a sector that is only badly drawn is not gone)."""

    features: list[Feature] = field(default_factory=list)
    bad: list[BadFeature] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)


def read(path: Path, site: Site) -> Reading:
    """Read and check each feature. Raises CadastreError for a file that cannot be used at all."""
    frame = open_layer(path, site.layer, [c for c in (site.columns.code, site.columns.name, site.columns.municipality) if c])
    metric = frame.geometry.to_crs(site.metric_crs)
    degrees = frame.geometry.to_crs("EPSG:4326")
    properties = frame.drop(columns=frame.geometry.name)
    reading = Reading()
    first: dict[str, int] = {}
    for index in range(len(frame)):
        row = {k: plain(v) for k, v in properties.iloc[index].items()}
        code = text_of(row[site.columns.code])
        if code:
            reading.codes.add(code)
        problem = _problem(code, first, degrees.iloc[index], site)
        polygon = None if problem else polygonal(metric.iloc[index])
        if problem is None and (polygon is None or is_sliver(polygon, site.sliver_width_m)):
            problem = ("geometry", "la geometría no encierra ninguna superficie" if polygon is None else
                       f"es una astilla de menos de {site.sliver_width_m:g} m de ancho")
        if problem:
            reading.bad.append(BadFeature(index, code, *problem, row))
            continue
        first[code] = index
        municipality = text_of(row[site.columns.municipality]) if site.columns.municipality else None
        reading.features.append(Feature(index, code, text_of(row[site.columns.name]) or code, municipality, polygon))
    return reading


def open_layer(path: Path, layer: str | None, columns: Sequence[str]) -> geopandas.GeoDataFrame:
    """The layer of a GIS file (None: its only one), which must have these columns, geometries and a declared coordinate system.

    Raises CadastreError that names the file and what it lacks.
    """
    if not path.exists():
        raise CadastreError(f"No existe el archivo de catastro {path}: revise la ruta.")
    try:
        layers = [name for name, _ in pyogrio.list_layers(path)]
        layer = layer or (layers[0] if len(layers) == 1 else None)
        if layer is None:
            raise CadastreError(f"{path.name} tiene varias capas ({', '.join(layers)}): ponga `layer` en el YAML del sitio.")
        frame = geopandas.read_file(path, layer=layer, engine="pyogrio", on_invalid="ignore")
    except (DataSourceError, DataLayerError) as error:
        raise CadastreError(f"{path.name} no se puede leer como GeoJSON, GeoPackage ni Shapefile: {error}. Expórtelo de nuevo.") from None
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise CadastreError(f"{path.name} no tiene geometrías: exporte la capa, no su tabla.")
    if frame.empty:
        raise CadastreError(f"{path.name} no tiene ningún elemento.")
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        there = ", ".join(c for c in frame.columns if c != frame.geometry.name)
        raise CadastreError(f"{path.name} no tiene la columna {', '.join(missing)}; tiene {there}. Corrija `columns` en geo/sites/.")
    if frame.crs is None:
        raise CadastreError(f"{path.name} no dice su sistema de coordenadas (falta el .prj, o el CRS de la capa): expórtelo con él.")
    return frame


def _problem(code: str | None, first: dict[str, int], geometry: BaseGeometry | None, site: Site) -> tuple[str, str] | None:
    """Field and reason of what is wrong with a feature before any repair, or None."""
    if not code:
        return site.columns.code, "no tiene código de sector"
    if code in first:
        return site.columns.code, f"el código {code} está repetido: ya lo tiene el elemento {first[code]}"
    return misplaced(geometry, site)


def misplaced(geometry: BaseGeometry | None, site: Site) -> tuple[str, str] | None:
    """Field and reason when there is no geometry, or one (in degrees) that is not in the site's territory."""
    if geometry is None or geometry.is_empty:
        return "geometry", "no tiene geometría (o no se pudo leer)"
    west, south, east, north = geometry.bounds
    if not all(math.isfinite(v) for v in (west, south, east, north)) or not (
            site.bounds[0] <= west and site.bounds[1] <= south and east <= site.bounds[2] and north <= site.bounds[3]):
        return "geometry", (f"cae fuera del territorio: {west:.3f} {south:.3f} a {east:.3f} {north:.3f}. "
                            "Revise el sistema de coordenadas con que se exportó")
    return None


def polygonal(geometry: BaseGeometry) -> BaseGeometry | None:
    """The surface of a geometry after repair (self-crossings undone, lines and points left out), or None when it has none."""
    valid = shapely.make_valid(shapely.force_2d(geometry), method="structure", keep_collapsed=False)
    parts = [p for p in shapely.get_parts(valid) if p.geom_type == "Polygon" and p.area > 0]
    nested = [q for p in shapely.get_parts(valid) if p.geom_type == "MultiPolygon" for q in p.geoms]
    return shapely.union_all(parts + nested) if parts or nested else None


def is_sliver(geometry: BaseGeometry, width_m: float) -> bool:
    """Whether it is nowhere wider than `width_m`."""
    return geometry.buffer(-width_m / 2, quad_segs=2).is_empty


def plain(value: Any) -> Any:
    """A property as JSON can hold it."""
    if value is None or value.__class__ in (bool, int, str):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value if isinstance(value, (bool, int, str)) else str(value)


def text_of(value: Any) -> str | None:
    """A code or a name as text; a number that a spreadsheet made of a code loses its `.0`."""
    if value is None:
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    return text or None
