"""An incremental build is a full one, row by row; what is not published is repaired; what commits late is not missed; nothing changed is nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from incremental_lab import Mess, a_copy, build_untested, settle

from caudal import warehouse
from caudal.build import BuildResult, build
from caudal.dbt_run import read_manifest
from caudal.settings import settings
from caudal.sides import incremental_models
from tests.raw_changes import loader_run

ALWAYS_MADE = {"stg_gis__sector", "stg_telemetry__hour", "stg_telemetry__inlet", "stg_telemetry__network"}  # what tables there are is not in their files
NOT_COMPARED = {"mart_data_status"}  # a view over ops, of the build itself


@pytest.fixture(scope="module")
def lab(both_sides) -> Iterator[object]:
    """A connection to a warehouse whose raw may be messed up."""
    with a_copy(), warehouse.connect(autocommit=True) as conn:
        yield conn


def _tables(conn, schema: str) -> list[str]:
    return [row[0] for row in conn.execute("select tablename from pg_tables where schemaname = %s order by 1", [schema])]


def _incremental(conn, schema: str) -> list[str]:
    names = {model.name for model in incremental_models(read_manifest())}
    return [table for table in _tables(conn, schema) if table in names]


def _differences(conn, one: str, other: str, tables: list[str]) -> dict[str, tuple]:
    """Those of `tables` that do not hold the same rows in two schemas, with a row that only one has."""
    found = {}
    for table in tables:
        if table in NOT_COMPARED:
            continue
        columns = ", ".join(f'"{r[0]}"' for r in conn.execute(
            "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum", [f'{one}."{table}"']))
        for left, right in ((one, other), (other, one)):
            rows = conn.execute(f'(select {columns} from {left}."{table}" except all select {columns} from {right}."{table}") limit 2').fetchall()
            if rows:
                found[f"{table}: only in {left}"] = tuple(rows)
    return found


def _shared_copy(conn, name: str) -> None:
    conn.execute(f"create schema {name}")
    for model in incremental_models(read_manifest()):
        if model.schema == "intermediate":
            conn.execute(f'create table {name}."{model.name}" as table intermediate."{model.name}"')


def _details(conn, build_id: int) -> dict:
    return conn.execute("select details from ops.build where build_id = %s", [build_id]).fetchone()[0]


def test_build_without_changes_runs_every_test(both_sides):
    """The daily form of the tests, on a real build with them. First of the file: what the lab does to raw breaks business rules."""
    result = build(progress=lambda _: None)
    assert result.ok, result
    with warehouse.connect() as conn:
        assert conn.execute("select mode, reads_all_tests from ops.build where build_id = %s", [result.build_id]).fetchone() == ("incremental", False)


def test_nothing_changed_is_nothing_written(lab):
    settle(lab)
    tables = ["marts_next.fct_invoice", "marts_next.fct_receivable_month", "marts_next.fct_payment", "intermediate.int_billing__document",
              "intermediate.int_core__contract_month", "marts_next.fct_commercial_month"]

    def places(schema: str) -> list[tuple]:
        return [lab.execute(f"select count(*), md5(string_agg(tableoid || ':' || ctid::text || ':' || xmin::text, ',' order by tableoid, ctid)) from {t}").fetchone()
                for t in (table.replace("marts_next", schema) for table in tables)]

    before = places("marts_next")
    with loader_run(lab) as run:  # every row comes again, as it was
        for table in [table for table in _tables(lab, "raw") if table.startswith("odoo_")]:
            lab.execute(f'update raw."{table}" set _run_id = %s', [run])
    result = build_untested(everything=True)
    assert places("marts") == before
    assert lab.execute("select model, count(*) from ops.model_change where build_id = %s group by model", [result.build_id]).fetchall() == []
    details = _details(lab, result.build_id)
    assert details["mode"] == "incremental"
    assert {n["name"]: n["seconds"] > 0 for n in details["nodes"] if n["kind"] == "model"}["fct_invoice"]
    assert _views_and_seeds(details) == ALWAYS_MADE, "staging views and seeds stand until they or their files change"


def _views_and_seeds(details: dict) -> set[str]:
    return {node["name"] for node in details["nodes"] if node["name"].startswith("stg_") or node["kind"] == "seed"}


@pytest.fixture(scope="module")
def three_days(lab) -> list[dict]:
    """What is published after three builds, of a reading and a line that the first finds changed and the second put back, and of a payment whose run ends after
    the first build had begun and after a later run had ended."""
    days = []

    def build_and_look() -> None:
        build_untested()
        days.append({name: lab.execute(f"select {figure}").fetchone()[0] for name, figure in figures.items()})

    def change(amount: int) -> None:
        with loader_run(lab) as run:
            lab.execute("update raw.odoo_reading set consumption_m3 = consumption_m3 + %s, _run_id = %s where id = %s", [amount, run, reading])
            lab.execute("update raw.odoo_account_move_line set price_subtotal = price_subtotal + %s, _run_id = %s where id = %s", [amount, run, line])

    reading = lab.execute("select id from raw.odoo_reading where kind = 'real' and _deleted_at is null and billing_period = date '2026-06-01' limit 1").fetchone()[0]
    line = lab.execute("""select l.id from raw.odoo_account_move_line l join raw.odoo_account_move m on m.id = l.move_id
        where m.move_type = 'out_invoice' and m.state = 'posted' and l.display_type = 'product' and m._deleted_at is null and l._deleted_at is null limit 1""").fetchone()[0]
    payment = lab.execute(
        "select id from raw.odoo_account_payment where state = 'paid' and payment_type = 'inbound' and _deleted_at is null order by id desc limit 1").fetchone()[0]
    figures = {
        "paid": f"payment_amount from marts.fct_payment where payment_key = {payment}",
        "booked by month": "sum(booked_m3) from marts.fct_metering_month", "booked": "sum(booked_m3) from marts.fct_consumption_attributed_month",
        "billed by month": "sum(coalesce(water_billed_amount, 0) + coalesce(sewer_billed_amount, 0) + coalesce(late_fee_billed_amount, 0) "
                           "+ coalesce(other_billed_amount, 0)) from marts.fct_billing_month",
        "billed": "sum(line_amount) from marts.fct_invoice_line"}
    settle(lab)
    days.append({name: lab.execute(f"select {figure}").fetchone()[0] for name, figure in figures.items()})
    change(50)
    with loader_run(lab) as slow, warehouse.connect() as writing:
        writing.execute("update raw.odoo_account_payment set amount = amount + 7, _run_id = %s where id = %s", [slow, payment])
        with loader_run(lab) as quick:  # a later run that ends first
            lab.execute("update raw.odoo_reading set _run_id = %s where id = (select min(id) from raw.odoo_reading)", [quick])
        build_and_look()
        writing.commit()
    change(-50)
    build_and_look()
    build_and_look()
    return days


def test_sums_of_a_side_are_of_its_own_facts(three_days):
    """What changes for one build and is put back for the next was never different on the side of the other."""
    for day in three_days:
        assert day["booked by month"] == day["booked"]
        assert day["billed by month"] == day["billed"]
    assert [day["billed"] - three_days[0]["billed"] for day in three_days] == [0, 50, 0, 0]


def test_a_run_open_at_the_start_is_picked_up_by_the_next_build(three_days):
    """Each side finds it in its turn."""
    assert [day["paid"] - three_days[0]["paid"] for day in three_days] == [0, 0, 7, 7]


@pytest.fixture(scope="module")
def meddled(lab) -> list[dict]:
    """What three builds did (`ops.build.details`) and the tables they published, before which an older project had left a mart, another program had put a
    table in the place of a model's, a model had another definition, and a staging view and a seed other files."""
    settle(lab)
    lab.execute("create table marts_next.fct_of_last_year (n int)")
    lab.execute("drop table intermediate.int_consumption__reading cascade")
    lab.execute("create table intermediate.int_consumption__reading (reading_key bigint)")
    lab.execute("drop view staging.stg_odoo__claim cascade")
    lab.execute("create view staging.stg_odoo__claim as select 1 as claim_id")
    for kind, relation in (("table", "intermediate.int_consumption__reading"), ("view", "staging.stg_odoo__claim")):
        lab.execute(f"alter {kind} {relation} owner to caudal_transform")
    lab.execute("update ops.model_state set fingerprint = 'of another version' where model = 'int_receivables__open_balance'")
    lab.execute("update ops.standing set made_from = 'another version' where name in ('stg_odoo__tariff', 'sla_targets')")
    return [{**_details(lab, build_untested(everything=first).build_id), "published": _tables(lab, "marts")} for first in (True, False, False)]


def test_a_model_that_changed_is_made_whole_with_what_hangs_from_it(meddled):
    assert meddled[0]["whole"]["int_receivables__open_balance"] == "cambió su definición"
    for details in meddled[:2]:  # each side
        assert {"fct_receivable_month", "fct_receivable_age_month", "fct_commercial_month"} <= set(details["whole"])
        assert "fct_invoice" not in details["whole"]
    assert meddled[2]["mode"] == "incremental"


def test_a_table_that_another_program_made_is_not_taken_for_ours(meddled):
    assert meddled[0]["whole"]["int_consumption__reading"] == "su tabla es otra"
    assert {"fct_consumption_month", "fct_commercial_month"} <= set(meddled[0]["whole"])


def test_relations_of_an_older_project_are_not_published(meddled):
    assert "fct_of_last_year" not in meddled[0]["published"], "the first build is the one of the side that had it"


def test_a_staging_view_or_seed_that_changed_is_made_again(meddled):
    assert _views_and_seeds(meddled[0]) == {*ALWAYS_MADE, "stg_odoo__claim", "stg_odoo__tariff", "sla_targets"}


@contextmanager
def _business_date(day: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUDAL_TODAY", day)
        settings.cache_clear()
        yield
    settings.cache_clear()


def test_incremental_is_full_row_by_row_on_both_sides(lab):
    """With a month that closes on the way, and is taken back at the end."""
    mess = Mess(lab, seed=5)

    def mess_up(to_and_fro: int = 0) -> None:
        with loader_run(lab) as run:
            mess.to_and_fro(run, to_and_fro)
            mess.all(run)

    def mode(result: BuildResult) -> str:
        return _details(lab, result.build_id)["mode"]

    def last_month() -> str:
        return lab.execute("select max(period_month)::text from marts.fct_receivable_month").fetchone()[0]

    settle(lab)
    mess_up(7)
    assert mode(build_untested()) == "incremental"
    assert last_month() == "2026-10-01"
    mess_up(-7)  # put back before the other side sees it: that has no change to tell
    assert mode(build_untested(fails=True)) == "incremental"
    with _business_date("2026-12-02"):
        mess_up()
        mess_up()
        assert mode(build_untested()) == "incremental"
        assert last_month() == "2026-11-01"
        build_untested(everything=True)  # the other side, of the same raw
        facts = _incremental(lab, "marts")
        assert len(facts) > 5
        assert _differences(lab, "marts", "marts_next", facts) == {}, "the two sides, each brought up by its own steps"
        _shared_copy(lab, "lab_incremental")
        assert lab.execute("select count(*) from lab_incremental.int_billing__document").fetchone()[0] > 1000
        build_untested(everything=True, full_refresh=True)
        assert _differences(lab, "lab_incremental", "intermediate", _tables(lab, "lab_incremental")) == {}, "full against incremental"
        assert _differences(lab, "marts", "marts_next", _tables(lab, "marts")) == {}
        assert last_month() == "2026-11-01"
    kept = lab.execute("select count(*) from marts.fct_payment where contract_key = -1 or customer_key = -1").fetchone()[0]
    assert kept > 0, "the strangers were there"
    assert lab.execute("select count(distinct sector_key) from marts.fct_invoice group by contract_key order by 1 desc limit 1").fetchone()[0] > 1, \
        "facts keep the sector of their date"
    result = build_untested()
    assert "la fecha del negocio retrocedió" in _details(lab, result.build_id)["whole"].values()
    assert last_month() == "2026-10-01"


def test_what_tells_rows_apart_is_null_only_where_the_model_says_so(lab):
    """A null in it makes a row look new every time (dbt/macros/touched.sql)."""
    found = {}
    for node in read_manifest()["nodes"].values():
        touched = node["config"].get("meta", {}).get("touched", {})
        for column in set(touched.get("row", ())) - set(touched.get("nullable", ())):
            schema = "marts" if node["schema"].startswith("marts") else node["schema"]
            if rows := lab.execute(f'select count(*) from {schema}."{node["name"]}" where {column} is null').fetchone()[0]:
                found[f"{node['name']}.{column}"] = rows
    assert found == {}


def test_facts_are_partitioned_by_month_and_hide_their_parts(built):
    with warehouse.connect() as conn:
        for fact in ("fct_invoice", "fct_invoice_line", "fct_payment", "fct_payment_allocation", "fct_receivable_month", "fct_credit_balance_month", "fct_consumption_month"):
            parts = conn.execute("select count(*) from pg_inherits where inhparent = to_regclass(%s)", [f"marts.{fact}"]).fetchone()[0]
            assert parts >= 12, fact
        plan = "\n".join(r[0] for r in conn.execute("explain select sum(line_amount) from marts.fct_invoice_line where issued_on >= '2026-09-01' and issued_on < '2026-10-01'"))
        assert "fct_invoice_line_2026_09" in plan
        assert "2026_08" not in plan
        assert not [t for t in _tables(conn, "marts") if "_2026_" in t]
