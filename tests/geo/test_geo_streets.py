"""The utility's own streets."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pytest
from shapely.geometry import LineString, MultiLineString, Point

from caudal import warehouse
from geo.errors import CadastreError
from geo.site import load_site
from geo.streets import load_streets

X, Y = 360_000, 2_140_000  # in Moca, UTM 19N


@pytest.fixture
def own_table(home):
    with warehouse.connect() as conn:
        kept = conn.execute("select to_jsonb(s) from raw.gis_street as s").fetchall()
        conn.execute("delete from raw.gis_street")
    yield
    with warehouse.connect() as conn:
        conn.execute("delete from raw.gis_street; delete from ops.quarantine where entity = 'gis_street'")
        for (row,) in kept:
            conn.execute("insert into raw.gis_street select * from jsonb_populate_record(null::raw.gis_street, %s)", [__import__("json").dumps(row)])


def test_lines_are_loaded_once_and_the_rest_is_quarantined(own_table, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame(
        {"nombre": ["Duarte", "Mella", "Punto", "Lejos"], "clase": ["avenida", None, "calle", "calle"]},
        geometry=[LineString([(X, Y), (X + 500, Y)]), MultiLineString([[(X, Y), (X, Y + 90)], [(X + 9, Y), (X + 9, Y + 90)]]), Point(X, Y),
                  LineString([(0, 0), (1, 1)])], crs="EPSG:32619")
    path = tmp_path / "calles.gpkg"
    frame.to_file(path, engine="pyogrio")
    result = load_streets(path)
    assert (result.streets, result.changed, sorted(b.index for b in result.bad)) == (3, 3, [2, 3])
    assert load_streets(path).changed == 0
    with warehouse.connect("load") as conn:
        rows = conn.execute("select street_name, street_kind, geojson ->> 'type' from raw.gis_street order by 1").fetchall()
        reasons = conn.execute("select record_id, reason from ops.quarantine where entity = 'gis_street' and resolved_at is null order by 1").fetchall()
    assert rows == [("Duarte", "avenida", "LineString"), ("Mella", None, "LineString"), ("Mella", None, "LineString")]
    assert [r[0] for r in reasons] == ["calles.gpkg#2", "calles.gpkg#3"] and "no es una línea" in reasons[0][1]
    frame.iloc[:1].to_file(path, engine="pyogrio")
    assert load_streets(path).streets == 1
    with warehouse.connect("load") as conn:
        assert conn.execute("select count(*) from raw.gis_street").fetchone() == (1,)


def test_a_file_that_cannot_be_used_changes_nothing(own_table, tmp_path: Path) -> None:
    path = tmp_path / "calles.gpkg"
    geopandas.GeoDataFrame({"name": ["x"]}, geometry=[LineString([(X, Y), (X + 5, Y)])], crs="EPSG:32619").to_file(path, engine="pyogrio")
    with pytest.raises(CadastreError, match="no tiene la columna nombre, clase; tiene name"):
        load_streets(path)
    with pytest.raises(CadastreError, match="streets"):
        load_streets(path, load_site("demo").model_copy(update={"streets": None}))
