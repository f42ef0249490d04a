"""Lineage: the OpenLineage events of a replication, in a file and over HTTP, and what never gets into them."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from caudal import lineage
from caudal.settings import settings


@pytest.fixture
def told(lab, monkeypatch, tmp_path):
    """Lineage in a file; `told()` gives the events so far."""
    monkeypatch.setenv("CAUDAL_LINEAGE", "file")
    folder = settings().home / "lineage"

    def read() -> list[dict]:
        return [json.loads(line) for file in sorted(folder.glob("*.ndjson")) for line in file.read_text().splitlines()]

    start = len(read())
    return lambda: read()[start:]


def test_a_run_tells_what_it_reads_and_writes(lab, told):
    lab.one("sector", full=True)
    start, complete = told()
    rows = lab.warehouse("select count(*) from raw.odoo_sector")[0][0]
    run_id = lab.warehouse("select max(run_id) from ops.run where entity = 'sector'")[0][0]
    for event in (start, complete):
        assert event["schemaURL"] == "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
        assert (event["job"]["namespace"], event["job"]["name"]) == ("caudal://demo", "replicate.sector")
        (source,), (target,) = event["inputs"], event["outputs"]
        assert (source["namespace"], source["name"]) == ("odoo://lab_source", "water.sector")
        assert target["namespace"].startswith("postgres://127.0.0.1:") and target["name"] == "lab_warehouse.raw.odoo_sector"
        assert {"name": "id", "type": "bigint"} in target["facets"]["schema"]["fields"]
        assert event["run"]["facets"]["caudal_run"]["run_id"] == run_id
        for facets in (event["run"]["facets"], event["job"]["facets"], source["facets"], source["inputFacets"], target["facets"], target["outputFacets"]):
            assert all(f["_producer"].startswith("urn:caudal:") and f["_schemaURL"] for f in facets.values())
    assert [start["eventType"], complete["eventType"]] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == complete["run"]["runId"] == str(uuid.UUID(complete["run"]["runId"]))
    assert complete["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == rows
    assert complete["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"] == [{"assertion": "source_equals_warehouse", "success": True}]
    assert complete["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 0  # nothing had changed
    assert complete["run"]["facets"]["caudal_run"]["mode"] == "completa"


def test_a_failure_is_told_and_no_secret_is(lab, told, monkeypatch):
    monkeypatch.setenv("ODOO_PASSWORD", "clave-equivocada-9f3")
    settings.cache_clear()
    assert lab.replicate("sector")["sector"].status == "failed"
    monkeypatch.undo()
    settings.cache_clear()
    start, fail = told()
    assert fail["eventType"] == "FAIL" and fail["run"]["runId"] == start["run"]["runId"]
    assert fail["run"]["facets"]["errorMessage"]["programmingLanguage"] == "python"
    assert "ODOO_PASSWORD" in fail["run"]["facets"]["errorMessage"]["message"]  # what to mend, not what it is
    everything = json.dumps([start, fail])
    assert "clave-equivocada-9f3" not in everything and settings().warehouse_url().split("@")[0].rsplit(":", 1)[1] not in everything


def test_nothing_is_told_unless_it_is_asked_for(lab, told, monkeypatch):
    monkeypatch.delenv("CAUDAL_LINEAGE")
    lab.one("sector")
    assert told() == []


def test_events_go_to_a_catalogue_and_one_that_is_down_stops_nothing(lab, monkeypatch, caplog):
    received: list[tuple[str, str | None, dict]] = []

    class Catalogue(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path, self.headers["Authorization"], body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Catalogue)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api/v1/lineage"
    monkeypatch.setenv("CAUDAL_LINEAGE", "http")
    monkeypatch.setenv("CAUDAL_LINEAGE_URL", url)
    monkeypatch.setenv("CAUDAL_LINEAGE_TOKEN", "ficha-de-prueba")
    try:
        lab.one("sector")
    finally:
        server.shutdown()
        server.server_close()
    assert [(path, token, body["eventType"]) for path, token, body in received] == [
        ("/api/v1/lineage", "Bearer ficha-de-prueba", kind) for kind in ("START", "COMPLETE")]
    assert "ficha-de-prueba" not in json.dumps(received[0][2])
    try:
        lab.one("sector")  # the catalogue is down
    finally:
        lineage._unreachable.clear()
    assert [r.getMessage() for r in caplog.records if "linaje" in r.getMessage()] == [
        "CAUDAL_LINEAGE_URL no recibe los eventos de linaje (ConnectionError); la corrida sigue sin ellos."]
