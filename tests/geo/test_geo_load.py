"""The cadastre file into raw.gis_sector: formats, bad features, repetition, and the synthetic utility's own file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import geopandas
import pandas
import pytest
import shapely
from shapely.geometry import Point, Polygon, box, shape
from typer.testing import CliRunner

from caudal import warehouse
from geo import cli
from geo.cadastre import load_cadastre
from geo.errors import CadastreError
from geo.publish import ENTITY, SOURCE
from geo.site import load_site

X, Y = 360_000, 2_140_000  # in Moca, UTM 19N
SQUARES = {"A": box(X, Y, X + 2000, Y + 2000), "B": box(X + 2000, Y, X + 4000, Y + 2000), "C": box(X, Y + 2000, X + 4000, Y + 3000)}


@pytest.fixture
def own_table(home) -> Iterator[None]:
    """The shared raw.gis_sector, the quarantine and the run log put back as they were."""
    with warehouse.connect() as conn:
        last_run = conn.execute("select coalesce(max(run_id), 0) from ops.run").fetchone()[0]
        had = conn.execute("select to_regclass('raw.gis_sector')").fetchone()[0]
        if had:
            conn.execute("create schema geo_test_saved; alter table raw.gis_sector set schema geo_test_saved")
    yield
    with warehouse.connect() as conn:
        conn.execute("drop table if exists raw.gis_sector")
        conn.execute("delete from ops.quarantine where source = %s and run_id > %s", [SOURCE, last_run])
        conn.execute("delete from ops.run where pipeline = 'geo' and run_id > %s", [last_run])
        if had:
            conn.execute("alter table geo_test_saved.gis_sector set schema raw; drop schema geo_test_saved")


def frame(squares: dict | None = None, crs: str | None = "EPSG:32619", **more: list) -> geopandas.GeoDataFrame:
    squares = SQUARES if squares is None else squares
    columns = {"codigo": list(squares), "nombre": [f"Sector {c}" for c in squares], "municipio": ["Moca"] * len(squares)} | more
    return geopandas.GeoDataFrame(columns, geometry=list(squares.values()), crs=crs)


def write(folder: Path, data: geopandas.GeoDataFrame, name: str = "catastro.geojson") -> Path:
    path = folder / name
    options = {"RFC7946": "NO"} if name.endswith("geojson") else {}
    data.to_file(path, engine="pyogrio", **options)
    return path


def table() -> dict[str, tuple]:
    with warehouse.connect("load") as conn:
        return {r[0]: r[1:] for r in conn.execute("select sector_code, sector_name, geojson, area_km2, source_file, _run_id from raw.gis_sector")}


def quarantine(open_only: bool = True) -> list[tuple]:
    with warehouse.connect("load") as conn:
        return conn.execute("select record_id, field, reason, payload, resolved_at is null from ops.quarantine where source = %s and entity = %s "
                            "and (resolved_at is null or not %s) order by id", [SOURCE, ENTITY, open_only]).fetchall()


@pytest.mark.parametrize("name", ["catastro.geojson", "catastro.gpkg", "catastro.shp"])
def test_each_format_loads_the_same_sectors(own_table, tmp_path, name):
    result = load_cadastre(write(tmp_path, frame(), name))
    assert (result.sectors, result.inserted, result.bad, result.overlaps, result.gaps) == (3, 3, [], [], [])
    rows = table()
    assert {c: r[0] for c, r in rows.items()} == {"A": "Sector A", "B": "Sector B", "C": "Sector C"}
    assert float(rows["A"][2]) == pytest.approx(4.0, rel=2e-3) and rows["A"][3] == name  # UTM's scale is off by up to 0.04%
    lon, lat = shape(rows["A"][1]).centroid.coords[0]
    assert (lon, lat) == pytest.approx((-70.33, 19.36), abs=0.05)


def test_coordinates_are_rounded_counter_clockwise_and_joined(own_table, tmp_path):
    load_cadastre(write(tmp_path, frame()))
    shapes = [shape(r[1]) for r in table().values()]
    assert all(s.is_valid and s.exterior.is_ccw for s in shapes) and shapely.coverage_is_valid(shapes)
    text = json.dumps([r[1] for r in table().values()])
    assert all(len(n.split(".")[1]) <= 6 for n in text.replace("]", ",").replace("[", ",").split(",") if "." in n)


def test_a_second_load_changes_nothing_and_a_corrected_one_only_what_changed(own_table, tmp_path):
    path = write(tmp_path, frame())
    load_cadastre(path)
    before = table()
    again = load_cadastre(path)
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0) and table() == before
    named = load_cadastre(write(tmp_path, frame(nombre=["Sector A", "Otro nombre", "Sector C"])))
    assert (named.inserted, named.updated, named.deleted) == (0, 1, 0) and table()["B"][0] == "Otro nombre"
    assert table()["A"] == before["A"] and table()["B"][4] == named.run_id
    fewer = load_cadastre(write(tmp_path, frame({c: s for c, s in SQUARES.items() if c != "C"})))
    assert fewer.deleted == 1 and set(table()) == {"A", "B"}


def test_a_file_without_most_of_the_sectors_is_refused_unless_accepted(own_table, tmp_path):
    load_cadastre(write(tmp_path, frame()))
    only = write(tmp_path, frame({"A": SQUARES["A"]}), "otro.geojson")
    with pytest.raises(CadastreError, match="le faltan 2 de los 3 sectores"):
        load_cadastre(only)
    assert set(table()) == {"A", "B", "C"} and table()["A"][3] == "catastro.geojson"
    assert load_cadastre(only, accept_deletions=True).deleted == 2 and set(table()) == {"A"}


def test_bad_features_are_quarantined_and_the_rest_goes_on(own_table, tmp_path):
    wrong = {"A": SQUARES["A"], "NULA": None, "PUNTO": Point(X, Y), "LEJOS": box(X + 2_000_000, Y, X + 2_000_100, Y + 100),
             "ASTILLA": box(X + 9000, Y, X + 9005, Y + 900), "": SQUARES["B"], "C": SQUARES["C"]}
    twice = geopandas.GeoDataFrame({"codigo": ["A"], "nombre": ["Repetido"], "municipio": ["Moca"]}, geometry=[SQUARES["B"]], crs="EPSG:32619")
    path = write(tmp_path, pandas.concat([frame(wrong), twice], ignore_index=True))
    result = load_cadastre(path)
    assert set(table()) == {"A", "C"} and table()["A"][0] == "Sector A"
    found = quarantine()
    assert [(r[0], r[1]) for r in found] == [(f"catastro.geojson#{i}", f) for i, f in [
        (1, "geometry"), (2, "geometry"), (3, "geometry"), (4, "geometry"), (5, "codigo"), (7, "codigo")]]
    reasons = " | ".join(r[2] for r in found)
    for words in ("no tiene geometría", "ninguna superficie", "fuera del territorio", "astilla", "no tiene código",
                  "repetido: ya lo tiene el elemento 0"):
        assert words in reasons
    assert found[5][3]["feature"] == 7 and found[5][3]["properties"]["nombre"] == "Repetido" and len(result.bad) == 6
    load_cadastre(path)
    assert quarantine() == found  # each fault once
    load_cadastre(write(tmp_path, frame()))
    assert quarantine() == [] and len(quarantine(open_only=False)) == 6


def test_a_sector_whose_drawing_turned_bad_keeps_its_row(own_table, tmp_path):
    load_cadastre(write(tmp_path, frame()))
    before = table()["B"]
    load_cadastre(write(tmp_path, frame({**SQUARES, "B": None})))
    assert table()["B"] == before and [r[0] for r in quarantine()] == ["catastro.geojson#1"]


def test_a_self_crossing_ring_is_repaired(own_table, tmp_path):
    crossed = Polygon([(X, Y), (X + 2000, Y + 2000), (X + 2000, Y), (X, Y + 2000)])
    result = load_cadastre(write(tmp_path, frame({"A": crossed, "C": SQUARES["C"]})))
    geometry = shape(table()["A"][1])
    assert result.bad == [] and geometry.is_valid and len(shapely.get_parts(geometry)) == 2


def test_overlaps_and_gaps_are_told(own_table, tmp_path):
    nobodys = box(X + 500, Y + 2000, X + 900, Y + 2400)
    squares = {"A": box(X, Y, X + 2300, Y + 2000), "B": SQUARES["B"], "C": SQUARES["C"].difference(nobodys)}
    path = write(tmp_path, frame(squares))
    result = load_cadastre(path)
    with warehouse.connect("load") as conn:
        details = conn.execute("select details from ops.run where run_id = %s and status = 'ok' and pipeline = 'geo'", [result.run_id]).fetchone()[0]
    (overlap,), (gap,) = details["overlaps"], details["gaps"]
    assert overlap["sectors"] == ["A", "B"] and overlap["area_m2"] == pytest.approx(600_000, abs=50)
    assert gap["sectors"] == ["A", "C"] and gap["area_m2"] == pytest.approx(160_000, abs=50) and -71 < gap["lon"] < -70 and 19 < gap["lat"] < 20
    told = "\n".join(cli.report(path, result))
    assert "Traslape: A y B, 600,000 m²" in told and "Hueco: 160,000 m² sin sector entre A, C" in told


def test_numeric_codes_come_as_text(own_table, tmp_path):
    load_cadastre(write(tmp_path, frame(codigo=[101.0, 102.0, 103.0])))
    assert set(table()) == {"101", "102", "103"}


@pytest.mark.parametrize(("make", "words"), [
    (lambda f: f / "no_existe.geojson", "No existe el archivo"),
    (lambda f: _text(f, "roto.geojson", '{"type": "FeatureCollection", "features": [{"ty'), "no se puede leer"),
    (lambda f: write(f, frame(crs=None), "sin_prj.shp"), "sistema de coordenadas"),
    (lambda f: write(f, frame().rename(columns={"codigo": "cod"})), "no tiene la columna codigo; tiene cod, nombre, municipio"),
    (lambda f: write(f, frame({"A": Point(X, Y)})), "ninguno de sus 1 elementos sirve"),
    (lambda f: write(f, frame(crs="EPSG:32618")), "fuera del territorio"),  # the zone next to ours
])
def test_a_file_that_cannot_be_used_changes_nothing_and_says_why(own_table, tmp_path, make, words):
    load_cadastre(write(tmp_path, frame(), "antes.geojson"))
    before = table()
    with pytest.raises(CadastreError, match=words):
        load_cadastre(make(tmp_path))
    assert table() == before
    with warehouse.connect("load") as conn:
        status, error = conn.execute("select status, error from ops.run where pipeline = 'geo' order by run_id desc limit 1").fetchone()
    assert status == "failed" and words in error


def _text(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_a_fault_while_writing_leaves_the_old_rows(own_table, tmp_path, monkeypatch):
    load_cadastre(write(tmp_path, frame()))
    before = table()
    with warehouse.connect() as conn:
        conn.execute("alter table raw.gis_sector add constraint too_large check (area_km2 < 5)")
    changed = {"A": SQUARES["A"].buffer(-30), "B": SQUARES["B"], "C": box(X, Y + 2000, X + 9000, Y + 3000)}
    with pytest.raises(Exception, match="too_large"):
        load_cadastre(write(tmp_path, frame(changed)))
    assert table() == before


@pytest.mark.parametrize(("text", "words"), [
    ("columns: {code: codigo}\nmetric_crs: EPSG:32619\n", r"x\.yml:1: columns\.name: Field required"),
    ("columns:\n  code: a\n  name: b\nmetric_crs: EPSG:32619\nsimplify: 8\n", r"x\.yml:5: simplify: "),
    ("columns: {code: a, name: b}\nmetric_crs: EPSG:32619\nmax_kb: [\n", r"x\.yml:\d: YAML mal escrito"),
])
def test_a_wrong_site_file_names_line_and_field(tmp_path, text, words):
    (tmp_path / "x.yml").write_text(text)
    with pytest.raises(CadastreError, match=words):
        load_site("x", tmp_path)


def test_a_site_without_file(tmp_path):
    with pytest.raises(CadastreError, match="copie geo/sites/demo.yml"):
        load_site("otra", tmp_path)


def test_the_cadastre_of_the_synthetic_utility(own_table, tmp_path):
    import demo

    path = demo.write_cadastre(tmp_path / "catastro.geojson", size="tiny")
    result = load_cadastre(path)
    rows = table()
    drawn = geopandas.read_file(path)
    assert set(rows) == set(drawn["codigo"]) and result.bad == [] and result.overlaps == [] and result.gaps == []
    shapes = {c: shape(r[1]) for c, r in rows.items()}
    assert all(s.is_valid for s in shapes.values()) and shapely.coverage_is_valid(list(shapes.values()))
    assert result.largest_bytes <= 4000 and max(len(json.dumps(r[1])) for r in rows.values()) < 6000
    whole = shapely.union_all(list(shapes.values()))
    assert len(shapely.get_parts(whole)) == 1 and sum(len(p.interiors) for p in shapely.get_parts(whole)) == 0  # nothing torn open between sectors
    exact = dict(zip(drawn["codigo"], drawn.to_crs("EPSG:32619").geometry.make_valid().area / 1e6, strict=True))
    for code, row in rows.items():
        assert float(row[2]) == pytest.approx(exact[code], rel=0.02)


def test_the_same_file_gives_the_same_rows_in_another_home(own_table, tmp_path):
    import demo

    path = demo.write_cadastre(tmp_path / "catastro.geojson", size="tiny")
    load_cadastre(path)
    first = {c: (json.dumps(r[1]), r[2]) for c, r in table().items()}
    with warehouse.connect() as conn:
        conn.execute("drop table raw.gis_sector")
    load_cadastre(path)
    assert {c: (json.dumps(r[1]), r[2]) for c, r in table().items()} == first


def test_the_command(own_table, tmp_path, monkeypatch):
    path = write(tmp_path, frame())
    done = CliRunner().invoke(cli.app, ["load", str(path)])
    assert done.exit_code == 0 and "catastro.geojson: 3 sectores (3 nuevos, 0 cambiados, 0 retirados)" in done.output
    monkeypatch.setenv("CAUDAL_CADASTRE", str(path))
    assert "0 nuevos" in CliRunner().invoke(cli.app, ["load"]).output
    failed = CliRunner().invoke(cli.app, ["load", os.fspath(tmp_path / "otro.geojson")])
    assert failed.exit_code == 1 and "No existe el archivo de catastro" in failed.output
    monkeypatch.delenv("CAUDAL_CADASTRE")
    assert CliRunner().invoke(cli.app, ["load"]).exit_code == 2


def test_the_transform_role_may_read_what_was_loaded(own_table, tmp_path):
    load_cadastre(write(tmp_path, frame()))
    with warehouse.connect("transform") as conn:
        assert conn.execute("select count(*) from raw.gis_sector").fetchone() == (3,)
