"""Publication: repeated it changes nothing; every chart has data; each metric is the semantic layer's to the cent; roles; failures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from caudal import semantic, warehouse
from superset_assets import publish as publishing
from superset_assets import server
from superset_assets.client import Client, SupersetError
from superset_assets.context import load

KINDS = ("database", "dataset", "chart", "dashboard")


def state(client: Client) -> dict:
    return {kind: [(item["id"], item.get("uuid")) for item in client.items(kind)] for kind in KINDS}


def metrics(client: Client) -> dict:
    found = {}
    for item in client.items("dataset"):
        dataset = client.get(f"/api/v1/dataset/{item['id']}")["result"]
        found[item["table_name"]] = sorted((m["metric_name"], m["expression"], m["d3format"]) for m in dataset["metrics"])
    return found


def test_publishing_again_changes_nothing(superset: Client) -> None:
    before, formulas = state(superset), metrics(superset)
    publishing.publish(superset)
    assert state(superset) == before
    assert metrics(superset) == formulas
    assert [len(before[kind]) for kind in KINDS] == [1, *(len(getattr(load().assets, name)) for name in ("datasets", "charts", "dashboards"))]


def test_starting_again_leaves_the_running_server(superset: Client) -> None:
    pid = server._service().pid_file.read_text()
    assert server.start() == superset.url
    assert server._service().pid_file.read_text() == pid


def test_every_chart_has_data(superset: Client) -> None:
    empty = [item["slice_name"] for item in superset.items("chart") if not superset.saved_chart_data(item["id"])]
    assert empty == []


@pytest.mark.parametrize("dataset", ["mart_commercial__month", "mart_receivables__month"])
@pytest.mark.parametrize("by", [(), ("period_month",), ("sector_name",), ("user_type_name",)], ids=lambda by: by[0] if by else "total")
def test_metrics_are_those_of_the_semantic_layer(superset: Client, dataset: str, by: tuple[str, ...]) -> None:
    names = list(load().metrics_of(dataset))
    drawn = {_key(row, by): row for row in superset.chart_data(dataset, names, by)}
    with warehouse.connect("read") as conn:
        wanted = semantic.fetch(conn, names, by)
    assert len(drawn) == len(wanted)
    for row in wanted:
        shown = drawn[tuple(_milliseconds(row[c]) if c == "period_month" else row[c] for c in by)]
        for name in names:
            assert _same(shown[name], row[name]), (name, by, shown[name], row[name])


def _key(row: dict, by: tuple[str, ...]) -> tuple:
    return tuple(int(row[c]) if c == "period_month" else row[c] for c in by)


def _milliseconds(day) -> int:
    from datetime import UTC, datetime

    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _same(shown: object, wanted: Decimal | None) -> bool:
    """Equal to the cent, or for a ratio to the twelve digits that any format shows (JSON carries binary floats)."""
    if wanted is None or shown is None:
        return shown is None and wanted is None
    return abs(Decimal(str(shown)) - wanted) <= Decimal("0.000000000001") * max(1, abs(wanted))


def test_trend_ends_at_the_chosen_period(superset: Client) -> None:
    """The thirteen months up to the filter's month, each with the value the semantic layer gives it."""
    months = sorted(row["period_month"] for row in superset.chart_data("mart_commercial__month", ["receivable_amount"], ["period_month"]))
    labels = {row["period_month"]: row["period_label"]
              for row in superset.chart_data("mart_commercial__month", ["receivable_amount"], ["period_month", "period_label"])}
    chosen = months[-2]
    rows = superset.chart_data("comercial_tendencia", ["receivable_amount"], ["period_month"], {"period_label": [labels[chosen]]})
    assert [row["period_month"] for row in rows] == months[-14:-1][-13:]
    by_month = {row["period_month"]: row["receivable_amount"] for row in superset.chart_data("mart_commercial__month", ["receivable_amount"], ["period_month"])}
    assert [row["receivable_amount"] for row in rows] == [by_month[row["period_month"]] for row in rows]
    assert [row["period_month"] for row in superset.chart_data("comercial_tendencia", ["receivable_amount"], ["period_month"])][-1] == months[-1]


def test_map_gives_each_part_of_a_sector_its_ratio(superset: Client) -> None:
    rows = superset.chart_data("mapa_sectores", ["delinquency_ratio", "delinquency_ratio_texto"], ["ring", "sector_name"])
    with warehouse.connect("read") as conn:
        parts = conn.execute("select count(*), count(distinct sector_code) from marts.map_sector").fetchone()
        wanted = {r["sector_name"]: r["delinquency_ratio"] for r in semantic.fetch(conn, "delinquency_ratio", ["sector_name"])}
    assert len(rows) == parts[0] > parts[1], "the tiny utility must have a sector of two parts"
    for row in rows:
        assert _same(row["delinquency_ratio"], wanted[row["sector_name"]])
        if wanted[row["sector_name"]] is not None:
            assert row["delinquency_ratio_texto"] == f"{wanted[row['sector_name']] * 100:.1f} %"


def test_a_failed_build_is_told_at_once(superset: Client) -> None:
    chart = next(item["id"] for item in superset.items("chart") if item["slice_name"] == "Estado de los datos")
    assert superset.saved_chart_data(chart, force=False)[0]["quality_text"] == "Correcta"
    with warehouse.connect() as conn:
        number = conn.execute(
            "insert into ops.build (status, ended_at, failed_tests) values ('failed', now(), '[\"una\"]') returning build_id").fetchone()[0]
    try:
        row = superset.saved_chart_data(chart, force=False)[0]
    finally:
        with warehouse.connect() as conn:
            conn.execute("delete from ops.build where build_id = %s", [number])
    assert row["message_es"].startswith("ATENCIÓN") and row["quality_text"].startswith("NO PASÓ")


def test_manager_sees_the_dashboard_and_nothing_else(superset: Client) -> None:
    manager = Client(user="gerencia", password=server.manager_password())
    assert [board["slug"] for board in manager.items("dashboard")] == ["morosidad"]
    assert manager.chart_data("mart_commercial__month", ["receivable_amount"])
    with pytest.raises(SupersetError, match="403"):
        manager.post("/api/v1/sqllab/execute/", json={"database_id": 1, "sql": "select 1"})
    with pytest.raises(SupersetError, match="403"):
        publishing.publish(manager)


def test_bad_bundle_and_wrong_password_fail_without_telling_secrets(superset: Client) -> None:
    with pytest.raises(SupersetError, match="respondió [45].. a POST /api/v1/assets/import/"):
        superset.post("/api/v1/assets/import/", files={"bundle": ("x.zip", b"no es un zip", "application/zip")}, data={"passwords": "{}"})
    with pytest.raises(SupersetError, match="401") as caught:
        Client(password="equivocada-123")
    assert "equivocada-123" not in str(caught.value)


def test_no_server_is_said_in_spanish() -> None:
    with pytest.raises(SupersetError, match="no responde en http://127.0.0.1:9.*caudal superset start"):
        Client("http://127.0.0.1:9", password="x")
