"""Where points lie, what routes cover, how municipalities are bounded: on made-up sectors, and on the synthetic utility in the warehouse."""

from __future__ import annotations

import itertools

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box, shape

from caudal import warehouse
from geo.locate import Point, locate, place, route_areas
from geo.site import load_site

SITE = load_site("demo")
WEST, EAST = box(-70.60, 19.30, -70.55, 19.40), box(-70.55, 19.30, -70.50, 19.40)
SECTORS = {"W": WEST, "E": EAST}


def test_each_point_lies_in_its_sector_in_another_or_in_none() -> None:
    points = [Point(1, "W", "R1", -70.58, 19.35), Point(2, "W", "R1", -70.549, 19.35), Point(3, "E", "R2", -70.40, 19.35), Point(4, None, None, -70.58, 19.35),
              Point(5, "W", "R1", -70.55, 19.35)]
    inside, across, outside, undeclared, edge = place(points, SECTORS, SITE)
    assert inside == ("W", 0) and undeclared == ("W", 0)
    assert across[0] == "E" and across[1] == pytest.approx(105, abs=2)  # 0.001° of longitude at 19.35° N
    assert outside[0] is None and outside[1] == pytest.approx(10_500, rel=0.01)
    assert edge[0] == "E"  # on the border: the code that sorts first


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-70.599, -70.551), st.floats(19.301, 19.399), st.sampled_from(["R1", "R2", "R3"])), min_size=1, max_size=40))
def test_routes_divide_their_sector_without_gap_or_overlap(spots: list[tuple[float, float, str]]) -> None:
    points = [Point(i, "W", route, lon, lat) for i, (lon, lat, route) in enumerate(spots)]
    areas = {row["route_code"]: shape(row["geojson"]) for row in route_areas(points, place(points, SECTORS, SITE), SECTORS, SITE)}
    assert all(area.is_valid for area in areas.values()) and set(areas) <= {p.route for p in points}
    assert shapely.union_all(list(areas.values())).symmetric_difference(WEST).area < WEST.area * 1e-4
    assert sum(a.intersection(b).area for a, b in itertools.combinations(areas.values(), 2)) < WEST.area * 1e-4


def test_in_the_warehouse_municipalities_are_their_sectors_and_a_second_run_changes_nothing(replicated) -> None:
    assert locate().changed == 0
    with warehouse.connect("load") as conn:
        sectors = [shape(g) for (g,) in conn.execute("select geojson from raw.gis_sector")]
        municipalities = [shape(g) for (g,) in conn.execute("select geojson from raw.gis_municipality")]
        located = conn.execute("select count(*), count(located_sector_code) from raw.gis_supply_point").fetchone()
        points = conn.execute("select count(*) from raw.odoo_supply_point where _deleted_at is null and latitude <> 0").fetchone()[0]
        largest = conn.execute("select max(length(geojson::text)) from raw.gis_route").fetchone()[0]
    assert shapely.coverage_is_valid(municipalities)
    assert shapely.union_all(municipalities).symmetric_difference(shapely.union_all(sectors)).area < 1e-9
    assert located == (points, points) and largest < 6_000


def test_a_point_that_moved_is_placed_again(replicated) -> None:
    with warehouse.connect("load") as conn:
        number, lon = conn.execute("select id, longitude from raw.odoo_supply_point where _deleted_at is null and latitude <> 0 limit 1").fetchone()
        conn.execute("update raw.odoo_supply_point set longitude = -69.9 where id = %s", [number])
    try:
        found = locate()
        assert found.outside == 1 and found.changed >= 1
    finally:
        with warehouse.connect("load") as conn:
            conn.execute("update raw.odoo_supply_point set longitude = %s where id = %s", [lon, number])
        locate()
