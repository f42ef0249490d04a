"""Each role logged in to a real server: what it can and cannot see, by every way of asking. And the server's own doors."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache

import openpyxl
import psycopg
import pytest
import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from caudal import access, warehouse
from caudal.access import Access
from caudal.secrets import get_or_create
from caudal.settings import ROOT, settings
from superset_assets import expand_roles, guest, server, sync
from superset_assets.client import Client, SupersetError
from superset_assets.context import Context, load

SECTOR, OTHER, TOWN = "MOC-01", "MOC-02", "0903"
# user → role, municipality, sector
PEOPLE = {
    "prueba.lectura": ("solo_lectura", None, SECTOR),
    "prueba.cobros": ("cobranzas", TOWN, None),
    "prueba.comercial": ("comercial", "0901", None),
    "prueba.facturas": ("facturacion", None, SECTOR),
    "prueba.catastro": ("catastro", TOWN, None),
    "prueba.gerente": ("gerencia", None, None),
    "prueba.auditora": ("auditoria", None, None),
    "prueba.analista": ("analista_power_bi", None, None),
    "prueba.parcial": ("analista_power_bi", None, SECTOR),  # a role with SQL Lab, but not all of the utility
}
WITH_SQL, WITH_PII = {"prueba.auditora", "prueba.analista"}, {"prueba.cobros", "prueba.auditora"}
WITH_ALL = {name for name, (_, *place) in PEOPLE.items() if place == [None, None]}
WITHOUT_EXPORT = {"prueba.lectura"}
EDITORS = {"prueba.comercial", "prueba.gerente", "prueba.analista", "prueba.parcial"}
MART = "mart_commercial__month"


@pytest.fixture(scope="module")
def sectors(built: object) -> dict[str | None, set[str]]:
    """Code of a municipality or sector (None: all) → the names of its sectors, by the warehouse."""
    with warehouse.connect("read") as conn:
        rows = conn.execute(f"select distinct municipality_code, sector_code, sector_name from marts.{MART}").fetchall()
    found: dict[str | None, set[str]] = {None: {name for _, _, name in rows}}
    for town, code, name in rows:
        found.setdefault(town, set()).add(name)
        found.setdefault(code, set()).add(name)
    return found


@pytest.fixture(scope="module")
def log_in(superset: Client) -> Iterator[Callable[[str], Client]]:
    """A client of one of PEOPLE, logged in once; all of them are users with their accesses, by the way an administrator gives them."""
    access.grant_all([Access(name, *place) for name, place in PEOPLE.items()], by="prueba")
    context = load()
    sync.users(superset, context)
    numbers = sync.numbers(superset, "dataset", context.assets.datasets)
    known: dict[str, Client] = {}

    def client(name: str) -> Client:
        if name not in known:
            known[name] = Client(user=name, password=get_or_create(settings().home, sync.secret_name(name)))
            known[name].know(numbers)
        return known[name]

    yield client
    for name in PEOPLE:
        access.revoke(name)


def place(name: str) -> str | None:
    return PEOPLE[name][1] or PEOPLE[name][2]


def names(client: Client, dataset: str = MART, **more: object) -> set[str]:
    return {row["sector_name"] for row in client.chart_data(dataset, [], ["sector_name"], **more)}


def ask(client: Client, dataset: str = MART, kind: str = "json", result: str = "full", **query: object) -> requests.Response:
    body = {
        "datasource": {"id": client.dataset_id(dataset), "type": "table"}, "force": True, "result_format": kind, "result_type": result,
        "queries": [{"columns": ["sector_name"], "metrics": [], "filters": [], "row_limit": 10000, **query}],
    }
    return client.session.post(client.url + "/api/v1/chart/data", json=body, timeout=60)


@pytest.fixture(scope="module")
def places(superset: Client) -> dict[str, set[tuple]]:
    """Dataset that has rows of places → the (municipality, sector) codes of all its rows, as who sees everything gets them."""
    context = load()
    of_places = [slug for slug in context.assets.datasets if context.row_rule(slug) == "municipio_sector"]
    assert len(of_places) > 50
    return {slug: codes(superset, slug) for slug in of_places}


def readable(context: Context, role: str) -> set[str]:
    """The datasets that a role may ask for: those it opens and, with SQL Lab, every one of its connections."""
    spec = context.assets.roles[role]
    every = {slug for slug, dataset in context.assets.datasets.items() if spec.pii or not dataset.pii} if spec.sql_lab else set()
    return expand_roles.datasets(context, role) | every


def codes(client: Client, dataset: str) -> set[tuple]:
    return {(row["municipality_code"], row["sector_code"]) for row in client.chart_data(dataset, [], ["municipality_code", "sector_code"])}


@pytest.mark.parametrize("person", PEOPLE)
def test_each_role_sees_its_rows_in_every_dataset(log_in: Callable, sectors: dict, places: dict, person: str) -> None:
    """Of every dataset that its role opens, all rows of its places and no others; of the rest, nothing at all."""
    client, context, (role, *own) = log_in(person), load(), PEOPLE[person]
    opened = readable(context, role)
    for dataset, rows in places.items():
        if dataset in opened:
            assert codes(client, dataset) == {row for row in rows if own == [None, None] or set(own) & set(row) - {None}}, dataset
        else:
            answer = ask(client, dataset)
            assert answer.status_code == 403, (dataset, answer.status_code)
    assert names(client) == sectors[place(person)]
    assert client.chart_data("estado_datos", [], ["quality_text"])


@pytest.fixture(scope="module")
def of_the_utility(superset: Client) -> dict[str, int]:
    """Dataset that is only for who sees all of the utility → how many rows such a person gets of it."""
    context = load()
    reserved = [slug for slug in context.assets.datasets if context.is_of_the_whole_utility(slug)]
    assert len(reserved) > 20
    found = {slug: len(superset.chart_data(slug, [], a_column(context, slug))) for slug in reserved}
    empty = {slug for slug, rows in found.items() if not rows}
    assert empty <= {"diferencias"}, "a dataset without rows proves nothing"  # of a warehouse that agrees with its source
    return found


def a_column(context: Context, slug: str) -> list[str]:
    return list(context.columns_of(slug))[:1]


@pytest.mark.parametrize("person", PEOPLE)
def test_what_is_of_the_whole_utility_is_for_who_sees_all_of_it(log_in: Callable, superset: Client, of_the_utility: dict, person: str) -> None:
    """Asked of the dataset, as a CSV, and as the charts that are saved: all rows or none; of a dataset that the role does not open, a refusal."""
    client, context = log_in(person), load()
    opened = readable(context, PEOPLE[person][0])
    charts = {name: chart.dataset for name, chart in context.assets.charts.items() if chart.dataset in of_the_utility}
    assert len(set(charts.values())) > 12
    for dataset, rows in of_the_utility.items():
        column = a_column(context, dataset)
        csv = ask(client, dataset, kind="csv", columns=column)
        if dataset not in opened:
            assert csv.status_code == 403 == ask(client, dataset, columns=column).status_code, dataset
            continue
        assert len(client.chart_data(dataset, [], column)) == (rows if person in WITH_ALL else 0), dataset
        if person in WITHOUT_EXPORT:
            assert csv.status_code == 403
        elif person in WITH_ALL:
            assert len(csv.content.decode("utf-8-sig").splitlines()) > bool(rows), dataset
        else:
            assert len(csv.content.decode("utf-8-sig").splitlines()) <= 1, (dataset, csv.text[:300])
    for name, number in sync.numbers(superset, "chart", charts).items():
        if charts[name] in opened:
            data = client.saved_chart_data(number)
            assert (person in WITH_ALL and (data or not superset.saved_chart_data(number))) or all(not any(row.values()) for row in data), name


SCORECARDS = ("tablero_empresa", "tablero_vigilado", "atencion_metas", "consumo_metas", "facturacion_metas", "morosidad_metas", "recaudacion_metas")
NOTHING_RESERVED = ("atencion_metas", "consumo_metas", "facturacion_metas", "morosidad_metas")


@pytest.fixture(scope="module")
def kpis(built: object) -> dict[str, set[str]]:
    """KPIs with a value of the whole utility, by label: `all`, and those `reserved` whose mart is only for who sees the whole utility."""
    context = load()
    with warehouse.connect("read") as conn:
        rows = conn.execute("select distinct metric_name, label_es from marts.mart_kpi__month where scope = 'Empresa'").fetchall()
    found = {"all": {label for _, label in rows}}
    found["reserved"] = {label for name, label in rows if context.layer.metrics[name].table.removeprefix("marts.") in context.whole_models}
    assert found["reserved"] < found["all"]
    return found


@pytest.fixture(scope="module")
def scorecards(superset: Client) -> dict[str, set[str]]:
    """Scorecard → the labels of all its KPIs, as who sees everything gets them."""
    return {dataset: {row["label_es"] for row in superset.chart_data(dataset, [], ["label_es"])} for dataset in SCORECARDS}


@pytest.mark.parametrize("person", PEOPLE)
def test_a_scorecard_shows_the_reserved_kpis_only_to_who_sees_the_whole_utility(
    log_in: Callable, superset: Client, kpis: dict, scorecards: dict, person: str,
) -> None:
    """Costs, cash, quality, audit: asked of the dataset, filtered for, counted, as a CSV and as the charts that are saved."""
    client, context, opened = log_in(person), load(), readable(load(), PEOPLE[person][0])
    seen = 0
    for dataset, every in scorecards.items():
        if dataset not in NOTHING_RESERVED:
            assert every & kpis["reserved"], "a scorecard without reserved KPIs proves nothing"
        only = {"columns": ["label_es"], "filters": [{"col": "is_reserved", "op": "IS TRUE"}]}
        if dataset not in opened:
            assert ask(client, dataset, **only).status_code == 403, dataset
            continue
        mine = every if person in WITH_ALL else every - kpis["reserved"]
        assert {row["label_es"] for row in client.chart_data(dataset, [], ["label_es"])} == mine, dataset
        asked = ask(client, dataset, **only)
        assert asked.ok, asked.text[:300]
        assert {row["label_es"] for row in asked.json()["result"][0]["data"]} == mine & kpis["reserved"], dataset
        if person not in WITHOUT_EXPORT:
            lines = ask(client, dataset, kind="csv", columns=["label_es"]).content.decode("utf-8-sig").splitlines()[1:]
            assert len(lines) == len(mine), dataset
        for samples in ("samples", "drill_detail"):
            rows = ask(client, dataset, result=samples, columns=[])
            if rows.ok:
                assert {row["label_es"] for row in rows.json()["result"][0]["data"]} <= mine, (dataset, samples)
        seen += 1
    charts = {name: chart.dataset for name, chart in context.assets.charts.items() if chart.dataset in SCORECARDS and "label_es" in getattr(chart, "columns", ())}
    for name, number in sync.numbers(superset, "chart", charts).items():
        if charts[name] in opened:
            shown = {row["label_es"] for row in client.saved_chart_data(number)}
            assert shown and (person in WITH_ALL or not shown & kpis["reserved"]), name
    if "tablero_empresa" in opened:
        [off] = client.chart_data("tablero_empresa", ["kpis_off_threshold"], [])
        with warehouse.connect("read") as conn:
            own = "" if person in WITH_ALL else " and not is_reserved"
            assert conn.execute(f"select sum(kpis_off) from marts.mart_kpi__month where scope = 'Empresa'{own}").fetchone() == (off["kpis_off_threshold"],)
    assert seen or "comercial" not in context.dashboards_of(PEOPLE[person][0])


def test_no_reserved_kpi_has_rows_of_a_sector(built: object) -> None:
    """What shows them by place (tablero_sectores) has none to hide."""
    with warehouse.connect("read") as conn:
        counted = conn.execute("select is_reserved, count(*) from marts.mart_kpi__month where sector_code is not null group by 1").fetchall()
    assert [is_reserved for is_reserved, _ in counted] == [False]


@pytest.mark.parametrize("person", PEOPLE)
def test_each_role_opens_its_dashboards(log_in: Callable, person: str) -> None:
    context = load()
    assert {board["slug"] for board in log_in(person).items("dashboard")} == set(context.dashboards_of(PEOPLE[person][0]))


@pytest.mark.parametrize("person", PEOPLE)
def test_saved_charts_and_exports_hold_the_same_rows(log_in: Callable, superset: Client, sectors: dict, person: str) -> None:
    client, wanted = log_in(person), sectors[place(person)]
    chart = sync.numbers(superset, "chart", ["sectores"])["sectores"]
    assert {row["sector_name"] for row in client.saved_chart_data(chart)} == wanted
    csv, xlsx = ask(client, kind="csv"), ask(client, kind="xlsx")
    if person in WITHOUT_EXPORT:
        assert csv.status_code == xlsx.status_code == 403
        return
    assert set(csv.content.decode("utf-8-sig").splitlines()[1:]) == wanted
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).active
    assert {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)} <= wanted | {None} | set(range(len(wanted)))
    assert wanted == {cell for row in sheet.iter_rows(min_row=2, values_only=True) for cell in row if isinstance(cell, str)}


@pytest.mark.parametrize("person", PEOPLE)
def test_personal_data_are_for_the_roles_that_have_them(log_in: Callable, sectors: dict, person: str) -> None:
    client = log_in(person)
    if person in WITH_PII:
        assert names(client, "clientes") <= sectors[place(person)] and names(client, "clientes")
        assert all(row["identification_number"] for row in client.chart_data("clientes", [], ["identification_number"])[:3])
        return
    with pytest.raises(SupersetError, match="403"):
        names(client, "clientes")


@pytest.mark.parametrize("person", PEOPLE)
def test_sql_lab_is_for_who_sees_everything_and_has_the_role(log_in: Callable, superset: Client, person: str) -> None:
    client = log_in(person)
    databases = {item["database_name"]: item["id"] for item in superset.items("database")}

    def sql(text: str, database: str = "caudal") -> list:
        return client.post("/api/v1/sqllab/execute/", json={"database_id": databases[database], "sql": text})["data"]

    if person not in WITH_SQL:
        with pytest.raises(SupersetError, match="403"):
            sql(f"select count(*) from marts.{MART}")
        return
    assert sql(f"select count(distinct sector_code) as n from marts.{MART}")[0]["n"] > 1
    for text in (
        "insert into ops.user_access (user_name, role, granted_by) values ('x', 'gerencia', 'x')",
        "update marts.mart_commercial__month set billed_amount = 0",
        "select pg_sleep(1)",
        "select * from raw.odoo_customer",
        "select * from ops.user_access",
        "select * from marts.dim_customer_pii",  # not over this connection
        "select query_to_xml('select 1', true, true, '')",
        "select pg_read_file('/etc/passwd')",
    ):
        with pytest.raises(SupersetError):
            sql(text)
    sql("select set_config('timezone', 'Asia/Tokyo', false)")  # connections are kept: each is lent as it was at log-in
    assert 9 * 3600 not in {sql("select extract(timezone from now())::int as seconds_off")[0]["seconds_off"] for _ in range(10)}
    if person in WITH_PII:
        assert sql("select customer_name from marts.dim_customer_pii limit 1", "caudal_pii")
    else:
        with pytest.raises(SupersetError):
            sql("select customer_name from marts.dim_customer_pii limit 1", "caudal_pii")


CRAFTED = {
    "metric in SQL": {"metrics": [{"expressionType": "SQL", "sqlExpression": "sum(receivable_amount)", "label": "x"}]},
    "metric that reads another table": {
        "metrics": [{"expressionType": "SQL", "sqlExpression": "(select sum(receivable_amount) from marts.mart_commercial__month)", "label": "x"}]},
    "column in SQL": {"columns": [{"sqlExpression": "(select string_agg(sector_name, ',') from marts.dim_commercial_sector)", "label": "x"}]},
    "column that runs SQL": {"columns": [{"sqlExpression": "query_to_xml('select * from marts.dim_commercial_sector', true, true, '')", "label": "x"}]},
    "where": {"extras": {"where": "1 = 1"}},
    "where that closes the bracket": {"extras": {"where": "1=1) or (1=1"}},
    "having": {"extras": {"having": "1 = 1"}},
    "filter on SQL": {"filters": [{"col": {"sqlExpression": "1=1) or (1", "label": "x"}, "op": "==", "val": 1}]},
    "order in SQL": {"orderby": [[{"expressionType": "SQL", "sqlExpression": "(select 1)", "label": "x"}, True]]},
}


@pytest.mark.parametrize("crafted", CRAFTED)
def test_crafted_queries_are_refused(log_in: Callable, crafted: str) -> None:
    answer = ask(log_in("prueba.comercial"), **CRAFTED[crafted])
    assert answer.status_code in (400, 403), answer.text[:500]


@pytest.mark.parametrize("value", ["') or 1=1 --", "Moca' or '1'='1", "{{ current_username() }}", "x'); select 1; --"])
def test_crafted_values_are_only_values(log_in: Callable, sectors: dict, value: str) -> None:
    client = log_in("prueba.lectura")
    assert ask(client, filters=[{"col": "sector_name", "op": "IN", "val": [value]}]).json()["result"][0]["data"] == []
    # the trend writes the chosen period into its SQL
    answer = ask(client, "comercial_tendencia", filters=[{"col": "period_label", "op": "IN", "val": [value]}])
    assert answer.status_code == 400 or {row["sector_name"] for row in answer.json()["result"][0]["data"]} <= sectors[SECTOR]


def test_asking_for_a_sector_of_others_gives_nothing(log_in: Callable) -> None:
    client = log_in("prueba.lectura")
    assert client.chart_data(MART, ["receivable_amount"], ["sector_code"], {"sector_code": [OTHER]}) == []
    assert client.chart_data(MART, ["receivable_amount"], ["sector_code"], {"sector_code": [OTHER]}, force=False) == []


def test_the_cache_of_one_is_not_read_by_another(log_in: Callable, sectors: dict) -> None:
    """The same query three times: who sees everything fills the cache, the others still get their own."""
    for person in ("prueba.gerente", "prueba.lectura", "prueba.catastro", "prueba.gerente"):
        assert names(log_in(person), force=False) == sectors[place(person)]


@pytest.mark.parametrize("result", ["drill_detail", "samples"])
def test_detail_and_samples_hold_only_own_rows(log_in: Callable, sectors: dict, result: str) -> None:
    answer = ask(log_in("prueba.comercial"), result=result, columns=[])
    assert answer.ok, answer.text[:300]
    found = {row["sector_name"] for row in answer.json()["result"][0]["data"]}
    assert found and found <= sectors["0901"]


def browser(name: str) -> requests.Session:
    """A session by the log-in page, as a browser has it: the older addresses know no bearer token."""
    session = requests.Session()
    page = session.get(server.url() + "/login/", timeout=30).text
    token = re.search(r'id="csrf_token"\s+value="([^"]+)"', page)[1]
    form = {"username": name, "password": get_or_create(settings().home, sync.secret_name(name)), "csrf_token": token}
    session.post(server.url() + "/login/", data=form, timeout=30)
    session.headers["X-CSRFToken"] = session.get(server.url() + "/api/v1/security/csrf_token/", timeout=30).json()["result"]
    session.headers["Referer"] = server.url() + "/"
    return session


def test_two_people_behind_one_address_have_filters_of_their_own(log_in: Callable, superset: Client) -> None:
    """The same browser, address, tab number and dashboard: neither gets the other's state, nor is refused its own."""
    board = sync.numbers(superset, "dashboard", ["morosidad"])["morosidad"]
    address, people = f"{server.url()}/api/v1/dashboard/{board}/filter_state", ("prueba.gerente", "prueba.lectura")
    for person in people:
        log_in(person)
    sessions = {person: browser(person) for person in people}
    keys = {}
    for person, session in sessions.items():
        made = session.post(address, params={"tab_id": 1}, json={"value": json.dumps({"de": person})}, timeout=30)
        assert made.status_code == 201, made.text
        keys[person] = made.json()["key"]
    assert len(set(keys.values())) == 2
    for person, session in sessions.items():
        changed = session.put(f"{address}/{keys[person]}", params={"tab_id": 1}, json={"value": json.dumps({"otra": person})}, timeout=30)
        assert changed.status_code == 200, changed.text
        assert json.loads(session.get(f"{address}/{keys[person]}", timeout=30).json()["value"]) == {"otra": person}


def test_older_addresses_hold_only_own_rows(log_in: Callable, sectors: dict) -> None:
    number = log_in("prueba.comercial").dataset_id(MART)
    session = browser("prueba.comercial")
    where = {"datasource_id": number, "datasource_type": "table", "page": 1, "per_page": 500}
    samples = session.post(server.url() + "/datasource/samples", params=where, json={}, timeout=60)
    assert samples.status_code == 403 or {row["sector_name"] for row in samples.json()["result"]["data"]} <= sectors["0901"], samples.text[:300]
    values = session.get(f"{server.url()}/api/v1/datasource/table/{number}/column/sector_name/values/", timeout=60)
    assert values.status_code == 403 or set(values.json()["result"]) <= sectors["0901"]
    form = {"datasource": f"{number}__table", "viz_type": "table", "groupby": ["sector_name"], "metrics": ["receivable_amount"], "time_range": "No filter",
            "adhoc_filters": [{"clause": "WHERE", "expressionType": "SQL", "sqlExpression": "1=1"}]}
    old = session.post(server.url() + "/superset/explore_json/", data={"form_data": json.dumps(form)}, timeout=60)
    assert not (sectors[None] - sectors["0901"]) & {name for name in sectors[None] if name in old.text}


def test_nobody_but_the_administrator_changes_what_is_published_or_who_sees_it(log_in: Callable, superset: Client) -> None:
    chart = sync.numbers(superset, "chart", ["sectores"])["sectores"]
    board = sync.numbers(superset, "dashboard", ["morosidad"])["morosidad"]
    for person in PEOPLE:
        client = log_in(person)
        number = client.dataset_id(MART)
        for method, path, body in (
            ("PUT", f"/api/v1/chart/{chart}", {"slice_name": "otro"}), ("DELETE", f"/api/v1/chart/{chart}", None),
            ("PUT", f"/api/v1/dashboard/{board}", {"css": "x"}), ("DELETE", f"/api/v1/dashboard/{board}", None),
            ("PUT", f"/api/v1/dataset/{number}", {"sql": "select 1"}), ("POST", "/api/v1/dataset/", {"database": 1, "table_name": "dim_contract"}),
            ("GET", "/api/v1/rowlevelsecurity/", None), ("GET", "/api/v1/security/users/", None),
            ("POST", "/api/v1/security/guest_token/", {"user": {"username": "x"}, "resources": [], "rls": []}),
            ("GET", "/api/v1/assets/export/", None),
        ):
            answer = client.session.request(method, client.url + path, json=body, timeout=60)
            assert answer.status_code in (400, 403, 404), (person, method, path, answer.status_code, answer.text[:200])


def test_own_charts_are_for_the_roles_that_make_them(log_in: Callable, superset: Client) -> None:
    for person in PEOPLE:
        client = log_in(person)
        body = {"slice_name": "Mío", "viz_type": "table", "datasource_id": client.dataset_id(MART), "datasource_type": "table", "params": "{}"}
        if person in EDITORS:
            number = client.post("/api/v1/chart/", json=body)["id"]
            client.put(f"/api/v1/chart/{number}", json={"slice_name": "Mío, cambiado"})
            client.delete(f"/api/v1/chart/{number}")
        else:
            with pytest.raises(SupersetError, match="403"):
                client.post("/api/v1/chart/", json=body)


def test_a_dataset_made_by_hand_or_without_its_rule_shows_nothing(log_in: Callable, superset: Client, sectors: dict) -> None:
    """Deny by default: the rule is missing, not the door open."""
    made = superset.post("/api/v1/dataset/", json={"database": superset.items("database")[0]["id"], "schema": "marts", "table_name": "dim_commercial_sector"})
    try:
        number = made["id"]
        role = next(item["id"] for item in superset.items("security/roles") if item["name"] == "Solo lectura")
        old = [item["id"] for item in superset.get(f"/api/v1/security/roles/{role}/permissions/")["result"]]
        new = next(item["id"] for item in superset.items("security/permissions-resources") if item["view_menu"]["name"].endswith(f"(id:{number})"))
        superset.post(f"/api/v1/security/roles/{role}/permissions", json={"permission_view_menu_ids": [*old, new]})
        reader = log_in("prueba.lectura")
        for client in (reader, superset):
            client.know({"a_mano": number})
        assert names(reader, "a_mano") == set()
        assert names(superset, "a_mano") >= sectors[None]  # who sees everything
        superset.post(f"/api/v1/security/roles/{role}/permissions", json={"permission_view_menu_ids": old})
    finally:
        superset.delete(f"/api/v1/dataset/{made['id']}")


def test_an_access_counts_until_it_is_taken_away(log_in: Callable, superset: Client, sectors: dict) -> None:
    """No log-out, no publication, no wait for the cache; and each change says who made it."""
    person, client = "prueba.facturas", log_in("prueba.facturas")
    assert names(client, force=False) == sectors[SECTOR]
    access.grant(Access(person, "facturacion", sector_code=OTHER), by="jefa")
    assert names(client, force=False) == sectors[SECTOR] | sectors[OTHER]
    access.revoke(person, sector_code=SECTOR, by="jefa")
    assert names(client, force=False) == sectors[OTHER]
    with warehouse.connect() as conn:  # an end that has passed
        conn.execute("update ops.user_access set valid_from = date '2020-01-01', valid_until = date '2020-12-31' where user_name = %s", [person])
    assert names(client, force=False) == set()
    assert client.chart_data("estado_datos", [], ["quality_text"]) == []
    with warehouse.connect() as conn:
        events = conn.execute("select kind, sector_code, by_whom from ops.user_access_event where user_name = %s order by event_id", [person]).fetchall()
    assert events[-3:-1] == [("granted", OTHER, "jefa"), ("revoked", SECTOR, "jefa")] and events[-1][0] == "changed"
    sync.users(superset, load())
    with pytest.raises(SupersetError, match="401"):
        Client(user=person, password=get_or_create(settings().home, sync.secret_name(person)))
    access.revoke(person)
    access.grant(Access(person, *PEOPLE[person]))
    sync.users(superset, load())


# --- guests ---


@pytest.fixture(scope="module")
def portal(superset: Client) -> Iterator[str]:
    access.grant(Access("portal.prueba", "invitado", municipality_code="0901"))
    yield "portal.prueba"
    access.revoke("portal.prueba")


def guest_client(superset: Client, token: str) -> Client:
    client = Client.__new__(Client)
    client.url, client._datasets = superset.url, {}
    client.session = requests.Session()
    client.session.headers.update({"X-GuestToken": token, "Referer": superset.url + "/", "Accept": "application/json"})
    return client


@cache
def saved_query(chart: str, board: str) -> str:
    """The data request of a chart in a dashboard, as the embedded page makes it."""
    superset, context = Client(), load()
    number = sync.numbers(superset, "chart", [chart])[chart]
    board = sync.numbers(superset, "dashboard", [board])[board]
    dataset = sync.numbers(superset, "dataset", context.assets.datasets)[context.assets.charts[chart].dataset]
    saved = json.loads(superset.get(f"/api/v1/chart/{number}")["result"]["query_context"])
    saved["datasource"] = {"id": dataset, "type": "table"}
    saved["form_data"] |= {"slice_id": number, "dashboardId": board}
    saved["force"] = True
    return json.dumps(saved)


def as_the_page_asks(superset: Client, token: str, chart: str = "sectores", board: str = "morosidad", **changes: object) -> requests.Response:
    saved = json.loads(saved_query(chart, board))
    saved["queries"][0] |= changes
    return guest_client(superset, token).session.post(superset.url + "/api/v1/chart/data", json=saved, timeout=60)


def sector_names(answer: requests.Response) -> set[str]:
    assert answer.ok, answer.text[:300]
    return {row["sector_name"] for row in answer.json()["result"][0]["data"]}


def test_a_guest_sees_the_dashboard_with_its_rows(superset: Client, portal: str, sectors: dict) -> None:
    token = guest.issue("morosidad", portal, client=superset).token
    assert sector_names(as_the_page_asks(superset, token)) == sectors["0901"]
    narrow = guest.issue("morosidad", portal, sector=SECTOR, client=superset).token
    assert sector_names(as_the_page_asks(superset, narrow)) == sectors[SECTOR]
    # narrowing never widens
    outside = guest.issue("morosidad", portal, municipality=TOWN, client=superset).token
    assert sector_names(as_the_page_asks(superset, outside)) == set()


def test_a_guest_asks_for_nothing_but_the_dashboard(superset: Client, portal: str) -> None:
    token = guest.issue("morosidad", portal, client=superset).token
    client = guest_client(superset, token)
    assert as_the_page_asks(superset, token, metrics=["billed_amount"]).status_code == 403
    assert as_the_page_asks(superset, token, columns=["user_type_name"]).status_code == 403
    assert as_the_page_asks(superset, token, extras={"where": "1=1"}).status_code == 403
    client.know(sync.numbers(superset, "dataset", load().assets.datasets))
    assert ask(client).status_code == 403  # the dataset itself
    assert ask(client, "clientes").status_code == 403
    for path in ("/api/v1/security/users/", "/api/v1/database/", "/api/v1/assets/export/"):
        assert client.session.get(client.url + path, timeout=30).status_code in (401, 403)
    assert client.session.post(client.url + "/api/v1/sqllab/execute/", json={"database_id": 1, "sql": "select 1"}, timeout=30).status_code in (400, 401, 403)


def test_a_guest_sees_what_is_of_the_whole_utility_only_with_all_of_it(superset: Client, portal: str) -> None:
    chart, board = "rec_sesiones", "recaudacion"

    def rows(user: str, **narrowed: str) -> list:
        answer = as_the_page_asks(superset, guest.issue(board, user, client=superset, **narrowed).token, chart, board)
        assert answer.ok, answer.text[:300]
        return answer.json()["result"][0]["data"]

    access.grant(Access("portal.empresa", "invitado"))
    try:
        assert rows("portal.empresa")
        assert rows("portal.empresa", sector=SECTOR) == []
        assert rows("portal.empresa", municipality=TOWN) == []
        assert rows(portal) == []
    finally:
        access.revoke("portal.empresa")
    with pytest.raises(SupersetError, match="no hay ningún tablero 'calidad' para invitados"):
        guest.issue("calidad", portal, client=superset)


def test_a_guest_sees_the_reserved_kpis_only_with_all_of_the_utility(superset: Client, portal: str, kpis: dict) -> None:
    chart, board = "com_indicadores", "comercial"

    def labels(user: str, **narrowed: str) -> set[str]:
        token = guest.issue(board, user, client=superset, **narrowed).token
        answer = as_the_page_asks(superset, token, chart, board, filters=[{"col": "period_label", "op": "IN", "val": ["oct 2026"]}])
        assert answer.ok, answer.text[:300]
        return {row["label_es"] for row in answer.json()["result"][0]["data"]}

    access.grant(Access("portal.empresa", "invitado"))
    try:
        every = labels("portal.empresa")
        assert every & kpis["reserved"] and every - kpis["reserved"]
        for narrowed in (labels("portal.empresa", sector=SECTOR), labels("portal.empresa", municipality=TOWN), labels(portal)):
            assert narrowed == every - kpis["reserved"]
    finally:
        access.revoke("portal.empresa")


def test_a_token_with_the_name_of_somebody_else_sees_nothing(superset: Client, portal: str) -> None:
    embedded = guest.issue("morosidad", portal, client=superset).embedded
    for name in ("gerencia", "admin", "nadie", "prueba.gerente"):
        body = {"user": {"username": name}, "resources": [{"type": "dashboard", "id": embedded}], "rls": []}
        assert sector_names(as_the_page_asks(superset, superset.post("/api/v1/security/guest_token/", json=body)["token"])) == set()


def test_a_guest_without_access_gets_no_pass_and_a_revoked_one_sees_nothing(superset: Client, sectors: dict) -> None:
    with pytest.raises(SupersetError, match="no tiene accesos de invitado"):
        guest.issue("morosidad", "gerencia", client=superset)
    access.grant(Access("portal.breve", "invitado", sector_code=SECTOR))
    token = guest.issue("morosidad", "portal.breve", client=superset).token
    assert sector_names(as_the_page_asks(superset, token)) == sectors[SECTOR]
    access.revoke("portal.breve")
    assert sector_names(as_the_page_asks(superset, token)) == set()
    assert as_the_page_asks(superset, token[:-4] + "AAAA").status_code == 401


# --- the server's doors ---


def test_no_default_passwords_and_no_secret_in_the_files(superset: Client) -> None:
    for user in ("admin", "gerencia"):
        for password in ("admin", user, "password", "superset", ""):
            with pytest.raises(SupersetError, match="40[01]"):
                Client(user=user, password=password or " ")
    secrets = [path.read_text().strip() for path in (settings().home / "secrets").iterdir()]
    tracked = subprocess.run(["git", "ls-files", "superset_assets", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    text = "\n".join((ROOT / name).read_text(errors="ignore") for name in tracked if (ROOT / name).exists())
    assert len(secrets) > 5 and not [secret for secret in secrets if secret in text]
    assert len({get_or_create(settings().home, name) for name in ("superset_secret_key", "superset_guest_secret")}) == 2


def test_nothing_without_logging_in(superset: Client) -> None:
    for path in ("/api/v1/dashboard/", "/api/v1/chart/", "/api/v1/dataset/", "/api/v1/database/", "/superset/dashboard/morosidad/", "/sqllab/"):
        answer = requests.get(superset.url + path, headers={"Accept": "application/json"}, timeout=30, allow_redirects=False)
        listed = answer.json().get("count") if answer.ok and "json" in answer.headers.get("Content-Type", "") else None
        assert answer.status_code in (302, 401, 403, 404) or listed == 0, (path, answer.status_code)


def test_what_somebody_gives_to_the_role_public_is_for_nobody(superset: Client) -> None:
    given = """
        select r.id as role_id, pv.id as permission_view_id from ab_role as r, ab_permission_view as pv
        join ab_permission as p on p.id = pv.permission_id join ab_view_menu as v on v.id = pv.view_menu_id
        where r.name = 'Public' and (p.name, v.name) in (('can_read', 'Dashboard'), ('can_read', 'Chart'), ('all_datasource_access', 'all_datasource_access'))"""
    chart = superset.items("chart")[0]["id"]
    with warehouse.connect(dbname=server.DATABASE, autocommit=True) as conn:
        key = "coalesce((select max(id) from ab_permission_view_role), 0) + row_number() over ()"
        added = conn.execute(f"insert into ab_permission_view_role (id, role_id, permission_view_id) select {key}, g.* from ({given}) as g returning id").fetchall()
        try:
            assert len(added) == 3
            for path in ("/api/v1/dashboard/", f"/api/v1/chart/{chart}/data/"):
                answer = requests.get(superset.url + path, headers={"Accept": "application/json"}, timeout=30, allow_redirects=False)
                assert answer.status_code == 401, (path, answer.text)
        finally:
            conn.execute("delete from ab_permission_view_role where id = any(%s)", [[number for number, in added]])


def test_sessions_end_and_cookies_are_closed(log_in: Callable) -> None:
    log_in("prueba.gerente")
    session = browser("prueba.gerente")
    cookie = next((c for c in session.cookies if c.name == "caudal_superset"), None)
    assert cookie is not None and cookie.expires, "the session cookie has an end"
    hours = (cookie.expires - datetime.now().timestamp()) / 3600
    assert 11 < hours <= 12.1


def test_a_session_ends_twelve_hours_after_its_log_in_however_fresh_its_cookie_is(log_in: Callable) -> None:
    log_in("prueba.gerente")
    session = browser("prueba.gerente")
    cookie = next(c for c in session.cookies if c.name == "caudal_superset")
    app = Flask("signer")
    app.secret_key = get_or_create(settings().home, "superset_secret_key")
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    inside = signer.loads(cookie.value)

    def code(**changes: object) -> int:
        told = {key: value for key, value in (inside | changes).items() if value is not None}
        return requests.get(server.url() + "/api/v1/me/", cookies={"caudal_superset": signer.dumps(told)}, timeout=30).status_code

    assert code() == 200
    assert code(caudal_since=inside["caudal_since"] - 11.9 * 3600) == 200
    assert code(caudal_since=inside["caudal_since"] - 12.1 * 3600) == 401
    assert code(caudal_since=None) == 401


def test_database_users_only_read_and_not_for_long() -> None:
    for role in ("read", "pii"):
        with warehouse.connect(role, autocommit=True) as conn:
            assert conn.execute("show statement_timeout").fetchone() == ("1min",)
            assert conn.execute("show default_transaction_read_only").fetchone() == ("on",)
            for text in (
                "insert into ops.user_access (user_name, role, granted_by) values ('x', 'gerencia', 'x')",
                "delete from marts.mart_commercial__month", "create table marts.x (n int)", "select * from raw.odoo_customer",
                "select * from ops.user_access_event",
            ):
                conn.execute("set default_transaction_read_only = off")  # which they may: the grants must hold alone
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(text)
            conn.execute("set statement_timeout = '200ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                conn.execute("select pg_sleep(20)")
    for role in ("load", "transform"):
        with warehouse.connect(role) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("insert into ops.user_access (user_name, role, granted_by) values ('x', 'gerencia', 'x')")


def test_dates_of_access_are_business_dates() -> None:
    with pytest.raises(access.AccessError, match="no hay ningún sector"):
        access.grant(Access("prueba.x", "solo_lectura", sector_code="NO-EXISTE"))
    with pytest.raises(access.AccessError, match="el rol no existe"):
        access.grant(Access("prueba.x", "jefe"))
    with pytest.raises(access.AccessError, match="valor no admitido"):
        access.grant(Access("prueba x", "solo_lectura"))
    with pytest.raises(access.AccessError, match="valor no admitido"):
        access.grant(Access("prueba.x", "solo_lectura", valid_until=date(2000, 1, 1)))
    assert access.rows("prueba.x") == []


def metadata() -> psycopg.Connection:
    """A session in Superset's own database."""
    return psycopg.connect(server.metadata_uri().replace("+psycopg2", ""), autocommit=True)


@pytest.fixture
def allowance(superset: Client) -> Iterator[None]:
    """The minute's log-ins of this address, whole before and given back after: other files of this worker log in from it too."""
    with metadata() as conn:
        conn.execute("truncate caudal_rate_count")
        yield
        conn.execute("truncate caudal_rate_count")


@pytest.mark.usefixtures("allowance")
@pytest.mark.parametrize("door", ["form", "API"])
def test_too_many_log_ins_are_answered_429(superset: Client, door: str) -> None:
    """Each door has its own allowance."""
    session = requests.Session()
    page = session.get(superset.url + "/login/", timeout=30).text
    form = {"username": "nadie", "password": "x", "csrf_token": re.search(r'id="csrf_token"\s+value="([^"]+)"', page)[1]}
    asked = {"url": superset.url + "/login/", "data": form} if door == "form" else {
        "url": superset.url + "/api/v1/security/login", "json": {"username": "nadie", "password": "x", "provider": "db"}}
    allowed = int(os.environ["CAUDAL_SUPERSET_LOGINS_PER_MINUTE"])
    codes = []
    while 429 not in codes and len(codes) < 3 * allowed:
        codes.append(session.post(**asked, timeout=30, allow_redirects=False).status_code)
    assert codes[-1] == 429 and not {200, 500} & set(codes)
    with metadata() as conn:
        counted = conn.execute("select key from caudal_rate_count where hits = %s", [allowed + 1]).fetchall()
    assert counted, "the first refusal is the one after the last that was allowed, of all workers' together"


def test_log_ins_are_counted_once_for_all_workers(superset: Client) -> None:
    """Two processes as Superset's workers are, with one limit of ten between them."""
    code = """
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from superset_assets.rate_store import SharedCounts
limiter, limit, brake = FixedWindowRateLimiter(storage_from_string("caudal://")), parse("10 per hour"), parse("10 per second")
print(sum(limiter.hit(limit, "two workers") for _ in range(9)), limiter.get_window_stats(limit, "two workers").remaining, limiter.hit(brake, "two workers"))
"""
    env = os.environ | server._env()

    def worker() -> subprocess.Popen:
        return subprocess.Popen([str(server.venv() / "bin" / "python"), "-c", code], env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE)

    with metadata() as conn:
        conn.execute("delete from caudal_rate_count where key like '%two workers%'")
        found = [line.split() for line in (process.communicate(timeout=120)[0] for process in [worker(), worker()])]
        assert sum(int(allowed) for allowed, _, _ in found) == 10
        assert "0" in {left for _, left, _ in found} and {hit for _, _, hit in found} == {"True"}
        assert [key.rsplit("/", 1)[-1] for [key] in conn.execute("select key from caudal_rate_count where key like '%two workers%'")] == ["hour"]
        conn.execute("delete from caudal_rate_count where key like '%two workers%'")
