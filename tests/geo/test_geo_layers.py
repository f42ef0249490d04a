"""Layers of the published marts: what files and the OGC API give, and that both agree with the semantic layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas
import pyogrio
import pytest
import requests
from typer.testing import CliRunner

from caudal import semantic, warehouse
from geo import cli, serve
from geo.errors import CadastreError
from geo.export import export
from geo.find import find, identification_hash
from geo.layers import features, layer_named, layers


@pytest.fixture(scope="module")
def endpoint(built) -> Iterator[str]:
    yield serve.start()
    CliRunner().invoke(cli.app, ["stop"])


def ask(address: str, **parameters: object) -> dict:
    answer = requests.get(address, params=parameters, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_layer_has_features_with_valid_geometry_in_the_territory(built) -> None:
    west, south, east, north = -71.2, 18.9, -70.0, 19.9
    with warehouse.connect("read") as conn:
        for name, layer in layers().items():
            found = features(conn, layer)
            assert found or name in ("puntos_por_revisar", "recorridos_de_corte"), name  # a tiny utility may have none
            assert len({f.id for f in found}) == len(found), name
            for f in found:
                assert f.geometry.is_valid, (name, f.id)
                a, b, c, d = f.geometry.bounds
                assert west < a and south < b and c < east and d < north, (name, f.id)


def test_a_sectors_figures_are_the_semantic_layers(built) -> None:
    layer = layer_named("sectores")
    with warehouse.connect("read") as conn:
        month = conn.execute("select max(period_month) from marts.mart_commercial__month").fetchone()[0]
        rows = {r["sector_code"]: r for r in semantic.fetch(conn, list(layer.metrics), ["sector_code"], {"period_month": month})}
        for f in features(conn, layer):
            assert {m: f.properties[m] for m in layer.metrics} == {m: rows[f.id][m] for m in layer.metrics}


def test_files_hold_what_the_marts_hold_and_are_the_same_each_time(built, tmp_path: Path) -> None:
    [package] = export(tmp_path)
    before = package.read_bytes()
    assert export(tmp_path) == [package] and package.read_bytes() == before
    assert {"sectores", "municipios", "rutas", "contratos", "calles"} <= {name for name, _ in pyogrio.list_layers(package)}
    contracts = geopandas.read_file(package, layer="contratos")
    with warehouse.connect("read") as conn:
        rows, owed = conn.execute("select count(*), sum(receivable_amount) from marts.map_contract").fetchone()
    assert (len(contracts), round(contracts["receivable_amount"].sum(), 2)) == (rows, float(owed)) and contracts.crs == "EPSG:4326"
    [file] = export(tmp_path, "geojson", ["sectores"])
    assert len(geopandas.read_file(file)) == len(geopandas.read_file(package, layer="sectores"))
    with pytest.raises(CadastreError, match="No hay ninguna capa 'x'; hay: sectores"):
        export(tmp_path, only=["x"])


def test_the_endpoint_pages_filters_and_boxes(endpoint: str) -> None:
    assert {c["id"] for c in ask(f"{endpoint}/collections")["collections"]} == set(layers())
    with warehouse.connect("read") as conn:
        total = conn.execute("select count(*) from marts.map_contract").fetchone()[0]
        sector, of_sector = conn.execute("select sector_code, count(*) from marts.map_contract group by 1 order by 2 desc limit 1").fetchone()
        lon, lat = conn.execute("select longitude, latitude from marts.map_contract order by contract_key limit 1").fetchone()
    items = f"{endpoint}/collections/contratos/items"
    first, second = ask(items, limit=7), ask(items, limit=7, offset=7)
    assert first["numberMatched"] == total and len(first["features"]) == 7
    assert not {f["id"] for f in first["features"]} & {f["id"] for f in second["features"]}
    assert ask(items, sector_code=sector, limit=1)["numberMatched"] == of_sector
    near = ask(items, bbox=f"{lon},{lat},{lon},{lat}")
    assert near["numberMatched"] >= 1 and all(f["geometry"]["coordinates"] == [float(lon), float(lat)] for f in near["features"])
    one = first["features"][0]
    assert ask(f"{items}/{one['id']}")["properties"] == one["properties"]
    assert requests.get(f"{items}/no-such", timeout=30).status_code == 404
    assert len(ask(f"{endpoint}/collections/sectores/items", bbox=f"{lon},{lat},{lon},{lat}")["features"]) == 1


def test_gdal_reads_it_as_qgis_does(endpoint: str) -> None:
    sectors = pyogrio.read_dataframe(f"OAPIF:{endpoint}/collections/sectores")
    with warehouse.connect("read") as conn:
        assert len(sectors) == conn.execute("select count(distinct sector_code) from marts.map_sector").fetchone()[0]


def test_browsers_get_no_page_that_would_ask_the_internet(endpoint: str) -> None:
    for parameters in ({}, {"f": "html"}):
        answer = requests.get(f"{endpoint}/collections", params=parameters, headers={"Accept": "text/html"}, timeout=30)
        assert answer.headers["Content-Type"].startswith("application/json") and "<script" not in answer.text


def test_an_open_address_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAUDAL_GEO_PASSWORD", raising=False)
    with pytest.raises(CadastreError, match="CAUDAL_GEO_PASSWORD"):
        serve.start("0.0.0.0")


def test_the_password_is_asked_for(built, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib

    monkeypatch.setenv("CAUDAL_GEO_PASSWORD", "s3creta")
    monkeypatch.setenv("PYGEOAPI_CONFIG", str(serve.folder() / "pygeoapi.yml"))
    monkeypatch.setenv("PYGEOAPI_OPENAPI", str(tmp_path / "openapi.yml"))
    serve.folder().mkdir(parents=True, exist_ok=True)
    (serve.folder() / "pygeoapi.yml").write_text(__import__("yaml").safe_dump(serve.config("http://127.0.0.1:1")))
    from werkzeug.test import Client

    client = Client(importlib.import_module("geo.wsgi").app)
    assert client.get("/collections").status_code == 401
    assert client.get("/collections", auth=("x", "otra")).status_code == 401
    assert client.get("/collections", auth=("x", "s3creta")).status_code == 200


def test_the_cadastre_is_found_by_contract_by_code_and_by_the_hash_of_a_cedula(built) -> None:
    with warehouse.connect("pii") as conn:
        number, key = conn.execute("select identification_number, customer_key from marts.dim_customer_pii where length(identification_number) >= 9 limit 1").fetchone()
    by_hash = find("identification_hash", identification_hash(number))
    assert by_hash and identification_hash(f" {number[:3]}-{number[3:]} ") == identification_hash(number)
    with warehouse.connect("read") as conn:
        contracts = {r[0] for r in conn.execute("select contract_code from marts.dim_contract where customer_key = %s", [key])}
        assert contracts <= {row["contract_code"] for row in by_hash}
        shown = " ".join(str(v) for row in by_hash for v in row.values())
        assert number not in shown
        with pytest.raises(Exception, match="permission denied"):
            conn.execute("select pepper from ops.identity_pepper")
    row = by_hash[0]
    assert find("contract", row["contract_code"]) == [row]
    assert row in find("cadastral_code", row["cadastral_code"])
    result = CliRunner().invoke(cli.app, ["find", "--contract", row["contract_code"]])
    assert result.exit_code == 0 and row["sector_name"] in result.output
    assert CliRunner().invoke(cli.app, ["find", "--contract", "no-such"]).exit_code == 1
