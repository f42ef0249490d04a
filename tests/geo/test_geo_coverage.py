"""Sectors that fit together: properties over random territories, and the cases that a cadastre really has."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, box

from geo.coverage import cover, simplify
from geo.read import is_sliver, polygonal

WIDTH = 12


def cells(seed: int, count: int) -> dict[str, shapely.Polygon]:
    """A territory of 4 × 4 km cut into `count` cells, with coordinates rounded to the centimetre as a file has them."""
    rng = np.random.default_rng(seed)
    territory = box(0, 0, 4000, 4000)
    found = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(rng.uniform(0, 4000, (count, 2))), extend_to=territory))
    return {f"S{i:02}": shapely.intersection(c, territory) for i, c in enumerate(sorted(found, key=lambda c: c.centroid.coords[0]))}


def test_two_neighbours_that_overlap_a_little_and_leave_a_little():
    drawn = {"A": box(0, 0, 1005, 1000), "B": box(1000, 0, 2000, 1000), "C": box(2008, 0, 3000, 1000), "D": box(1000, 1000, 3000, 2000)}
    coverage = cover(drawn, WIDTH)
    assert coverage.overlaps == coverage.gaps == []
    assert shapely.coverage_is_valid(list(coverage.sectors.values()))
    assert coverage.sectors["A"].intersection(coverage.sectors["B"]).area == 0


def test_a_thin_gap_between_neighbours_is_closed():
    ring = box(0, 0, 3000, 3000).difference(box(1000, 1000, 2000, 2000))
    coverage = cover({"HOST": ring, "HOLE": box(1004, 1004, 1996, 1996)}, WIDTH)
    assert sum(s.area for s in coverage.sectors.values()) == pytest.approx(9e6) and coverage.gaps == [] and coverage.slivers_closed == 1


def test_a_thin_gap_that_runs_out_to_the_edge_is_closed_too():
    coverage = cover({"A": box(0, 0, 1000, 1000), "B": box(1009, 0, 2000, 1000)}, WIDTH)
    assert coverage.sectors["A"].union(coverage.sectors["B"]).area == pytest.approx(2e6) and coverage.gaps == []


def test_a_notch_in_the_edge_of_one_sector_is_its_shape():
    notched = box(0, 0, 1000, 1000).difference(box(500, 900, 506, 1000))
    assert cover({"A": notched, "B": box(1000, 0, 2000, 1000)}, WIDTH).sectors["A"].area == pytest.approx(notched.area)


def test_a_wide_gap_stays_and_is_reported_with_its_neighbours():
    ring = box(0, 0, 3000, 3000).difference(box(1000, 1000, 2000, 2000))
    coverage = cover({"HOST": ring, "HOLE": box(1000, 1000, 1800, 2000)}, WIDTH)
    (gap,) = coverage.gaps
    assert gap.codes == ("HOLE", "HOST") and gap.area_m2 == pytest.approx(200_000, rel=1e-6)
    assert sum(s.area for s in coverage.sectors.values()) == pytest.approx(8.8e6)


def test_a_wide_overlap_is_reported_and_counted_once():
    coverage = cover({"A": box(0, 0, 1200, 1000), "B": box(1000, 0, 2000, 1000)}, WIDTH)
    (overlap,) = coverage.overlaps
    assert overlap.codes == ("A", "B") and overlap.area_m2 == pytest.approx(200_000, rel=1e-6)
    assert coverage.sectors["A"].area == pytest.approx(1.2e6) and coverage.sectors["B"].area == pytest.approx(0.8e6)


def test_a_sector_in_two_parts_keeps_both_and_loses_a_loose_sliver():
    two = shapely.union_all([box(0, 0, 1000, 1000), box(5000, 0, 5500, 500), box(8000, 0, 8004, 600)])
    coverage = cover({"A": two, "B": box(1000, 0, 2000, 1000)}, WIDTH)
    assert len(shapely.get_parts(coverage.sectors["A"])) == 2 and coverage.sectors["A"].area == pytest.approx(1.25e6)


def test_a_bow_tie_becomes_its_two_triangles():
    bow = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    assert not bow.is_valid and polygonal(bow).is_valid and polygonal(bow).area == pytest.approx(500_000)


@pytest.mark.parametrize("wkt", ["POINT (0 0)", "LINESTRING (0 0, 1 1)", "POLYGON ((0 0, 5 5, 0 0, 0 0))", "POLYGON EMPTY"])
def test_what_has_no_surface(wkt):
    assert polygonal(shapely.from_wkt(wkt)) is None


def test_slivers_are_told_by_width_and_not_by_area():
    assert is_sliver(box(0, 0, 10_000, 10), WIDTH) and not is_sliver(box(0, 0, 20, 20), WIDTH)


@given(st.integers(0, 10_000), st.integers(3, 12), st.data())
@settings(max_examples=25, deadline=None)
def test_any_territory_drawn_with_small_errors_comes_out_whole(seed, count, data):
    exact = cells(seed, count)
    drawn = {}
    for code, shape in exact.items():
        error = data.draw(st.sampled_from([0.0, 4.0, -4.0]), label=code)
        fat = shape.buffer(error, join_style="mitre")
        drawn[code] = fat if not fat.is_empty and fat.geom_type == "Polygon" else shape
    coverage = cover(drawn, WIDTH)
    assert set(coverage.sectors) == set(exact) or all(is_sliver(exact[c], WIDTH) for c in set(exact) - set(coverage.sectors))
    shapes = list(coverage.sectors.values())
    assert all(s.is_valid for s in shapes) and shapely.coverage_is_valid(shapes)
    for code, shape in coverage.sectors.items():  # nobody moves further than the errors that were made
        assert shapely.hausdorff_distance(shape, exact[code]) < 60 or math.isclose(shape.area, exact[code].area, rel_tol=0.1)
    again = cover(drawn, WIDTH)
    assert [s.wkb for s in again.sectors.values()] == [s.wkb for s in shapes]
    # whatever the tolerance, neighbours stay joined and no ground is counted twice
    simple = list(simplify(coverage.sectors, data.draw(st.sampled_from([5.0, 40.0, 150.0]), label="tolerance")).values())
    assert shapely.coverage_is_valid(simple)
    assert sum(s.area for s in simple) == pytest.approx(shapely.union_all(simple).area, rel=1e-9)
