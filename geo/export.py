"""Layers as files for QGIS and others: one GeoPackage with all of them, or a GeoJSON each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import geopandas
import orjson
import pyogrio

from caudal import warehouse
from geo.errors import CadastreError
from geo.layers import features, fields, layer_named, layers

Format = Literal["gpkg", "geojson"]
CRS = "EPSG:4326"


def export(folder: Path, file_format: Format = "gpkg", only: Sequence[str] | None = None) -> list[Path]:
    """Write the layers (None: all) of the published marts into `folder`, each file whole or not at all; returns the files.

    A layer without features is left out of a GeoPackage and is an empty collection as GeoJSON. Same data, same bytes but for the GeoPackage's
    own date, which is that of the data. Raises CadastreError for an unknown layer or marts that are not published.
    """
    chosen = {name: layer_named(name) for name in (only or layers())}
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with warehouse.connect("read") as conn:
        as_of = conn.execute("select coalesce(published_as_of, current_date) from ops.data_status").fetchone()[0]
        package = folder / f"caudal_{as_of:%Y-%m-%d}.gpkg"
        draft = package.with_name(f".{package.stem}.{os.getpid()}.gpkg")
        draft.unlink(missing_ok=True)
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{as_of:%Y-%m-%d}T00:00:00.000Z"})
        for name, layer in chosen.items():
            found = features(conn, layer)
            if file_format == "geojson":
                path = folder / f"{name}.geojson"
                path.with_suffix(".tmp").write_bytes(orjson.dumps({"type": "FeatureCollection", "features": [f.geojson for f in found]}))
                path.with_suffix(".tmp").replace(path)
                written.append(path)
            elif found:
                values = {n: [_plain(f.properties[n]) for f in found] for n in fields(conn, layer)}
                geopandas.GeoDataFrame(values, geometry=[f.geometry for f in found], crs=CRS).to_file(draft, driver="GPKG", layer=name, engine="pyogrio")
    if file_format == "gpkg":
        if not draft.exists():
            raise CadastreError("Ninguna de las capas pedidas tiene elementos: cargue el catastro con `caudal geo load` y corra `caudal build`.")
        draft.replace(package)
        written.append(package)
    return written


def _plain(value: object) -> object:
    """GIS formats have no exact decimals."""
    return float(value) if isinstance(value, Decimal) else value
