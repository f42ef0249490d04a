"""The cadastre file: every sector of Odoo once, in EPSG:32619, with its defects; supply points lie in their sector."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import psycopg
import pytest
import shapely

import demo
from demo.utility.geography import territories


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.write_cadastre(tmp_path_factory.mktemp("cadastre") / "cadastre.geojson", "tiny")


@pytest.fixture(scope="module")
def frame(path: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_file(path)


def test_one_feature_a_sector_with_its_municipality(frame: geopandas.GeoDataFrame, source: psycopg.Connection) -> None:
    rows = source.execute("select s.code, s.name, m.code, m.name from water_sector s "
                          "join water_municipality m on m.id = s.municipality_id order by 1").fetchall()
    assert list(frame[["codigo", "nombre", "municipio_codigo", "municipio"]].itertuples(index=False, name=None)) == rows


def test_it_says_its_crs(path: Path, frame: geopandas.GeoDataFrame) -> None:
    assert json.loads(path.read_text())["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::32619"
    assert frame.crs.to_epsg() == 32619
    assert frame.to_crs(4326).total_bounds == pytest.approx([-70.61, 19.30, -70.20, 19.67], abs=0.02)


def test_it_has_the_defects_of_real_ones(frame: geopandas.GeoDataFrame) -> None:
    assert (~frame.is_valid).sum() == 1
    assert (frame.geom_type == "MultiPolygon").sum() == 1
    valid = frame.geometry.make_valid()
    overlap = sum(a.intersection(b).area for i, a in enumerate(valid) for b in valid[i + 1:])
    outline = shapely.union_all(list(territories().values()))
    gap = outline.difference(shapely.union_all(list(valid))).area
    assert 10_000 < overlap < 0.001 * outline.area
    assert 10_000 < gap < 0.001 * outline.area


def test_the_true_territories_share_their_borders() -> None:
    shapes = list(territories().values())
    assert all(s.is_valid for s in shapes)
    assert sum(s.area for s in shapes) == pytest.approx(shapely.union_all(shapes).area, rel=1e-9)


def test_supply_points_lie_in_their_sector(frame: geopandas.GeoDataFrame, source: psycopg.Connection) -> None:
    rows = source.execute("select s.code, p.longitude, p.latitude from water_supply_point p join water_sector s on s.id = p.sector_id").fetchall()
    points = geopandas.GeoSeries.from_xy([float(r[1]) for r in rows], [float(r[2]) for r in rows], crs=4326).to_crs(32619)
    shapes = dict(zip(frame["codigo"], frame.geometry.make_valid(), strict=True))
    assert len(rows) > 190
    assert {code for code, _, _ in rows} == set(shapes)
    assert all(shapes[row[0]].contains(point) for row, point in zip(rows, points, strict=True))


def test_the_same_bytes_again(path: Path, tmp_path: Path) -> None:
    assert demo.write_cadastre(tmp_path / "again.geojson", "demo").read_bytes() == path.read_bytes()
