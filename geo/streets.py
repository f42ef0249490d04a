"""`load_streets(path)`: the utility's own streets into raw.gis_street, to be drawn under its maps. There is no tile server to ask."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import psycopg
import shapely
from psycopg.types.json import Jsonb

from caudal import runlog, warehouse
from caudal.settings import settings
from geo.cadastre import DECIMALS, geojson
from geo.errors import CadastreError
from geo.publish import SOURCE, quarantine
from geo.read import BadFeature, misplaced, open_layer, plain, text_of
from geo.site import Site, load_site

ENTITY = "gis_street"


@dataclass
class StreetsResult:
    """What a load did; `bad` went to ops.quarantine."""

    streets: int
    changed: int
    bad: list[BadFeature] = field(default_factory=list)


def load_streets(path: Path, site: Site | None = None) -> StreetsResult:
    """Make raw.gis_street what the file says (lines in any declared coordinate system), simplified to the site's tolerance, in one transaction.

    A feature that is no line, or lies outside the territory, goes to ops.quarantine and the rest is loaded. Raises CadastreError, with nothing
    changed, when the site has no `streets` or the file cannot be used.
    """
    path = Path(path)
    site = site or load_site(settings().site)
    if site.streets is None:
        raise CadastreError(f"El sitio no dice cómo es su archivo de calles: ponga `streets` en geo/sites/{settings().site}.yml.")
    with runlog.run("geo", ENTITY) as run:
        frame = open_layer(path, site.streets.layer, [c for c in (site.streets.name, site.streets.kind) if c])
        metric = frame.geometry.to_crs(site.metric_crs).simplify(site.simplify_m)
        degrees = metric.to_crs("EPSG:4326")
        properties = frame.drop(columns=frame.geometry.name)
        rows: dict[str, tuple] = {}
        bad: list[BadFeature] = []
        for index in range(len(frame)):
            values = {k: plain(v) for k, v in properties.iloc[index].items()}
            problem = misplaced(degrees.iloc[index], site)
            lines = [] if problem else [g for g in shapely.get_parts(shapely.force_2d(degrees.iloc[index])) if g.geom_type == "LineString" and g.length > 0]
            if not lines:
                bad.append(BadFeature(index, None, *(problem or ("geometry", "no es una línea")), values))
                continue
            name, kind = text_of(values[site.streets.name]), text_of(values[site.streets.kind]) if site.streets.kind else None
            for line in lines:
                drawn = shapely.remove_repeated_points(shapely.transform(line, lambda xy: numpy.round(xy, DECIMALS)))
                key = hashlib.sha256(f"{name}|{kind}|{drawn.wkt}".encode()).hexdigest()[:16]  # the file has no key of its own that would last
                rows[key] = (key, name, kind, Jsonb(geojson(drawn)), path.name, SOURCE, run.run_id)
        if not rows:
            raise CadastreError(f"{path.name}: ninguno de sus {len(frame)} elementos es una línea del territorio. No se cambió nada.")
        run.rows_read = len(frame)
        with warehouse.connect("load") as conn:
            changed = _publish(conn, rows)
            quarantine(conn, run, path.name, bad, ENTITY)
        run.rows_inserted = changed
    return StreetsResult(len(rows), changed, bad)


def _publish(conn: psycopg.Connection, rows: dict[str, tuple]) -> int:
    conn.execute("select pg_advisory_xact_lock(hashtext('raw.gis_street'))")
    gone = conn.execute("delete from raw.gis_street where street_id <> all (%s)", [list(rows)]).rowcount
    with conn.cursor() as cursor:
        cursor.executemany(
            """insert into raw.gis_street (street_id, street_name, street_kind, geojson, source_file, _source, _run_id)
               values (%s, %s, %s, %s, %s, %s, %s) on conflict (street_id) do nothing""", list(rows.values()))
        return gone + max(cursor.rowcount, 0)
