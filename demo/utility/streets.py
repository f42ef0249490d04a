"""The streets file of the synthetic utility: roads between the places, streets around each, as GeoJSON in EPSG:32619."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from demo.utility.catalogue import catalogue
from demo.utility.geography import CADASTRE_CRS, _bent, territories, to_metres

BLOCK_M, ACROSS = 160, 4  # length of a block, streets each way from the middle
STREETS = ("Duarte", "Sánchez", "Mella", "Independencia", "Restauración", "16 de Agosto", "27 de Febrero", "Salcedo", "Espaillat")


def write_streets(path: Path) -> Path:
    """Write the file, whole or not at all. The same for every size and seed."""
    import geopandas

    path = Path(path)
    rows = [*_roads(), *_streets()]
    frame = geopandas.GeoDataFrame({"nombre": [r[0] for r in rows], "clase": [r[1] for r in rows]}, geometry=[r[2] for r in rows], crs=CADASTRE_CRS)
    draft = path.with_name(f".{path.stem}.draft.geojson")
    draft.unlink(missing_ok=True)
    frame.to_file(draft, driver="GeoJSON", engine="pyogrio", layer="calles", COORDINATE_PRECISION=2, RFC7946="NO")
    draft.replace(path)
    return path


def _roads() -> list[tuple[str, str, BaseGeometry]]:
    """Every place joined to the nearest one that is already joined (Prim's tree)."""
    sectors = sorted(catalogue()["sectors"], key=lambda s: s["code"])
    spots = np.array([to_metres(s["lon"], s["lat"]) for s in sectors])
    joined, rest, rows = [0], set(range(1, len(sectors))), []
    while rest:
        a, b = min(((i, j) for i in joined for j in sorted(rest)), key=lambda pair: float(np.hypot(*(spots[pair[0]] - spots[pair[1]]))))
        rows.append((f"Carretera {sectors[a]['name']} – {sectors[b]['name']}", "carretera", _bent(tuple(spots[a]), tuple(spots[b]))))
        joined.append(b)
        rest.discard(b)
    return rows


def _streets() -> list[tuple[str, str, BaseGeometry]]:
    rows = []
    for number, sector in enumerate(sorted(catalogue()["sectors"], key=lambda s: s["code"])):
        x, y = to_metres(sector["lon"], sector["lat"])
        turn, half = 0.35 * number, ACROSS * BLOCK_M
        along, over = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        for k in range(-ACROSS, ACROSS + 1):
            for axis, other in ((along, over), (over, along)):
                middle = np.array([x, y]) + other * k * BLOCK_M
                line = shapely.intersection(LineString([middle - axis * half, middle + axis * half]), territories()[sector["code"]])
                name = f"Calle {STREETS[(number + k) % len(STREETS)]}"
                rows += [(name, "avenida" if k == 0 else "calle", part) for part in shapely.get_parts(line) if part.geom_type == "LineString"]
    return rows
