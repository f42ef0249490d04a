"""Where each supply point lies, what each route covers, how each municipality is bounded: from the loaded cadastre and the replicated points.

    located = locate()          # after `caudal replicate` and `caudal geo`; the nightly DAG calls it

Municipalities are the union of their sectors' drawn outlines and routes a partition of them, so all edges of the three layers coincide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy
import psycopg
import pyproj
import shapely
from psycopg import sql
from psycopg.types.json import Jsonb
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from caudal import runlog, warehouse
from caudal.settings import settings
from geo.cadastre import ELLIPSOID, geojson
from geo.read import polygonal
from geo.site import Site, load_site

SOURCE = "cadastre"
NEEDED = ("odoo_sector", "odoo_municipality", "odoo_route", "odoo_supply_point", "gis_sector")
SAME_PLACE_M = 0.5  # two points nearer than this are one to the partition


@dataclass(frozen=True)
class Point:
    """A supply point that has coordinates: as Odoo says it, in degrees."""

    number: int
    sector: str | None
    route: str | None
    lon: float
    lat: float


@dataclass
class Located:
    """What a run found. misplaced: points that lie in another sector than Odoo says; outside: in none."""

    municipalities: int = 0
    routes: int = 0
    points: int = 0
    misplaced: int = 0
    outside: int = 0
    changed: int = 0
    missing: list[str] = field(default_factory=list)


def locate(site: Site | None = None) -> Located:
    """Write raw.gis_municipality, raw.gis_route and raw.gis_supply_point, in one transaction; what did not change is not rewritten.

    Where the cadastre or the points are not loaded yet, nothing is written and `missing` names what there is to load.
    """
    with runlog.run("geo", "locate") as run, warehouse.connect("load") as conn:
        conn.execute("select pg_advisory_xact_lock(hashtext('raw.gis_sector'))")
        found = Located(missing=[t for (t,) in conn.execute("select t from unnest(%s::text[]) as t where to_regclass('raw.' || t) is null", [list(NEEDED)])])
        if found.missing:
            run.details = {"missing": found.missing}
            return found
        site = site or load_site(settings().site)
        sectors = {code: shape(geometry) for code, geometry in conn.execute("select sector_code, geojson from raw.gis_sector order by 1")}
        municipalities = _municipalities(conn, sectors)
        points = _points(conn)
        places = place(points, sectors, site)
        areas = route_areas(points, places, sectors, site)
        found.municipalities, found.routes, found.points = len(municipalities), len(areas), len(points)
        found.outside = sum(code is None for code, _ in places)
        found.misplaced = sum(code is not None and p.sector is not None and code != p.sector for p, (code, _) in zip(points, places, strict=True))
        for table, key, rows in (
                ("gis_municipality", ("municipality_code",), municipalities),
                ("gis_route", ("route_code", "sector_code"), areas),
                ("gis_supply_point", ("supply_point_id",), [
                    {"supply_point_id": p.number, "located_sector_code": code, "metres_from_sector": f"{metres:.1f}"}
                    for p, (code, metres) in zip(points, places, strict=True)])):
            found.changed += _write(conn, run, table, key, rows)
        run.rows_read = len(points)
        run.details = {"misplaced": found.misplaced, "outside": found.outside, "routes": found.routes}
    return found


def place(points: Sequence[Point], sectors: Mapping[str, BaseGeometry], site: Site) -> list[tuple[str | None, float]]:
    """For each point the sector that it lies in (None: in none), and its distance in metres to the sector that Odoo says (0 within it, or none said)."""
    codes, here = list(sectors), shapely.points([(p.lon, p.lat) for p in points])
    found: list[str | None] = [None] * len(points)
    if codes and len(points):
        for i, k in zip(*shapely.STRtree([sectors[c] for c in codes]).query(here, predicate="intersects"), strict=True):
            found[i] = min(found[i], codes[k]) if found[i] else codes[k]  # on a shared edge: the code that sorts first
    flat = _projector(site)
    metric = {code: _metres(flat, g) for code, g in sectors.items()}
    away = [0.0] * len(points)
    for i, p in enumerate(points):
        if p.sector in metric and found[i] != p.sector:
            away[i] = float(metric[p.sector].distance(shapely.Point(flat.transform(p.lon, p.lat))))
    return list(zip(found, away, strict=True))


def route_areas(points: Sequence[Point], places: Sequence[tuple[str | None, float]], sectors: Mapping[str, BaseGeometry], site: Site) -> list[dict]:
    """What each route covers of each sector: the sector divided among its points, each corner to the nearest one, and dissolved by route.

    No gaps and no overlaps: together the routes of a sector are the sector, simplified as one coverage.
    """
    flat, back = _projector(site), pyproj.Transformer.from_crs(site.metric_crs, "EPSG:4326", always_xy=True)
    of_sector: dict[str, list[Point]] = defaultdict(list)
    for p, (code, _) in zip(points, places, strict=True):
        if code is not None and code == p.sector and p.route is not None:
            of_sector[code].append(p)
    rows = []
    for code in sorted(of_sector):
        here = of_sector[code]
        parts = _divide(here, _metres(flat, sectors[code]), flat)
        routes = sorted(parts)
        drawn = shapely.coverage_simplify([parts[r] for r in routes], site.simplify_m, simplify_boundary=False)
        for route, area in zip(routes, drawn, strict=True):
            degrees = shapely.transform(area, lambda xy: numpy.column_stack(back.transform(xy[:, 0], xy[:, 1])))
            rows.append({"route_code": route, "sector_code": code, "geojson": geojson(shapely.orient_polygons(shapely.normalize(polygonal(degrees)))),
                         "points": sum(p.route == route for p in here)})
    return rows


def _divide(points: Sequence[Point], sector: BaseGeometry, flat: pyproj.Transformer) -> dict[str, BaseGeometry]:
    """Route → its part of the sector (metres)."""
    grid: dict[tuple[float, float], str] = {}
    for p in sorted(points, key=lambda p: p.number):
        x, y = flat.transform(p.lon, p.lat)
        grid.setdefault((round(x / SAME_PLACE_M) * SAME_PLACE_M, round(y / SAME_PLACE_M) * SAME_PLACE_M), str(p.route))
    routes = sorted(set(grid.values()))
    if len(routes) == 1:
        return {routes[0]: sector}
    spots = shapely.points(list(grid))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(spots), extend_to=sector))
    owner = list(grid.values())
    by_route: dict[str, list[BaseGeometry]] = defaultdict(list)
    for cell, spot in zip(*shapely.STRtree(spots).query(cells, predicate="contains"), strict=True):
        by_route[owner[spot]].append(cells[cell])
    whole = {route: shapely.intersection(shapely.coverage_union_all(parts), sector) for route, parts in by_route.items()}
    return {route: polygonal(area) for route, area in whole.items() if area.area > 0}


def _municipalities(conn: psycopg.Connection, sectors: Mapping[str, BaseGeometry]) -> list[dict]:
    """The outline of each municipality: its sectors without their inner edges."""
    parts: dict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
    for code, municipality, name in conn.execute(
            """select s.code, m.code, m.name from raw.odoo_sector as s join raw.odoo_municipality as m on m.id = s.municipality_id
               where s._deleted_at is null and m._deleted_at is null and m.code is not null order by m.code, s.code"""):
        if code in sectors:
            parts[municipality, name or municipality].append(sectors[code])
    rows = []
    for (code, name), shapes in parts.items():
        outline = shapely.orient_polygons(shapely.normalize(polygonal(shapely.coverage_union_all(shapes))))
        area = abs(ELLIPSOID.geometry_area_perimeter(outline)[0]) / 1e6
        rows.append({"municipality_code": code, "municipality_name": name, "geojson": geojson(outline), "area_km2": f"{area:.4f}"})
    return rows


def _points(conn: psycopg.Connection) -> list[Point]:
    """Supply points with coordinates (nobody is supplied at 0°, 0°: over RPC an empty number is 0)."""
    return [Point(*row) for row in conn.execute(
        """select p.id, s.code, r.code, p.longitude::float8, p.latitude::float8
           from raw.odoo_supply_point as p left join raw.odoo_sector as s on s.id = p.sector_id left join raw.odoo_route as r on r.id = p.route_id
           where p._deleted_at is null and p.latitude <> 0 and p.longitude <> 0 order by p.id""")]


def _write(conn: psycopg.Connection, run: runlog.Run, table: str, key: Sequence[str], rows: Iterable[dict]) -> int:
    """Make the table hold these rows; rows that are the same stay as they are. Returns how many were written or removed."""
    rows = list(rows)
    name = sql.Identifier("raw", table)
    columns = list(rows[0]) if rows else list(key)
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    conn.execute(sql.SQL("create temporary table fresh on commit drop as select {} from {} limit 0").format(listed, name))
    with conn.cursor() as cursor, cursor.copy(sql.SQL("copy fresh ({}) from stdin").format(listed)) as copy:
        for row in rows:
            copy.write_row([Jsonb(v) if isinstance(v, dict) else v for v in row.values()])
    keys = sql.SQL(", ").join(map(sql.Identifier, key))
    others = [sql.Identifier(c) for c in columns if c not in key]
    gone = conn.execute(sql.SQL("delete from {} as t where not exists (select from fresh as f where ({}) = ({}))").format(
        name, sql.SQL(", ").join(sql.SQL("f.{}").format(sql.Identifier(k)) for k in key),
        sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(k)) for k in key))).rowcount
    written = 0
    if rows:
        written = conn.execute(sql.SQL(
            """insert into {name} as t ({listed}, _source, _run_id) select {listed}, {source}, {run} from fresh
               on conflict ({keys}) do update set {sets}, _loaded_at = clock_timestamp(), _run_id = excluded._run_id
               where ({old}) is distinct from ({new})""").format(
            name=name, listed=listed, source=sql.Literal(SOURCE), run=sql.Literal(run.run_id), keys=keys,
            sets=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(c) for c in others),
            old=sql.SQL(", ").join(sql.SQL("t.{}").format(c) for c in others),
            new=sql.SQL(", ").join(sql.SQL("excluded.{}").format(c) for c in others))).rowcount
    conn.execute("drop table fresh")
    run.rows_updated += written
    run.rows_deleted += gone
    return written + gone


def _projector(site: Site) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4326", site.metric_crs, always_xy=True)


def _metres(flat: pyproj.Transformer, geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: numpy.column_stack(flat.transform(xy[:, 0], xy[:, 1])))
