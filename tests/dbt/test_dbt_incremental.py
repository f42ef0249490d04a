"""An incremental build is a full one, row by row; what is not published is repaired; what commits late is not missed; nothing changed is nothing written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from incremental_lab import Mess, build_untested, raw_restored, settle

from caudal import warehouse
from caudal.build import build
from caudal.dbt_run import read_manifest
from caudal.sides import incremental_models
from tests.raw_changes import loader_run

NOT_COMPARED = {"mart_data_status"}  # a view over ops, of the build itself


@pytest.fixture(scope="module")
def lab(built) -> Iterator[object]:
    """A connection to a warehouse whose raw may be messed up."""
    with raw_restored(), warehouse.connect(autocommit=True) as conn:
        build_untested(everything=True)  # the second side, whole for the first time
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
    conn.execute(f"drop schema if exists {name} cascade")
    conn.execute(f"create schema {name}")
    for model in incremental_models(read_manifest()):
        if model.schema == "intermediate":
            conn.execute(f'create table {name}."{model.name}" as table intermediate."{model.name}"')


def test_build_without_changes_runs_every_test(built):
    """The daily form of the tests, on a real build with them. First of the file: what the lab does to raw breaks business rules."""
    for _ in range(2):
        result = build(progress=lambda _: None)
        assert result.ok, result


def test_incremental_is_full_row_by_row_on_both_sides(lab):
    mess = Mess(lab, seed=5)
    build_untested()
    for fails in (False, True, False):
        with loader_run(lab) as run:
            mess.all(run)
        result = build_untested(fails=fails)
        assert lab.execute("select mode from ops.build where build_id = %s", [result.build_id]).fetchone() == ("incremental",)
    with loader_run(lab) as run:
        mess.all(run)
    build_untested()
    build_untested(everything=True)  # the other side, of the same raw
    facts = _incremental(lab, "marts")
    assert len(facts) > 5
    assert _differences(lab, "marts", "marts_next", facts) == {}, "the two sides, each brought up by its own steps"
    for amount in (7, -7):  # put back before the other side sees it: that has no change to tell
        with loader_run(lab) as run:
            mess.to_and_fro(run, amount)
        build_untested(everything=amount < 0)
    _shared_copy(lab, "lab_incremental")
    try:
        assert lab.execute("select count(*) from lab_incremental.int_billing__document").fetchone()[0] > 1000
        build_untested(everything=True, full_refresh=True)
        assert _differences(lab, "lab_incremental", "intermediate", _tables(lab, "lab_incremental")) == {}, "full against incremental"
        assert _differences(lab, "marts", "marts_next", _tables(lab, "marts")) == {}
    finally:
        lab.execute("drop schema lab_incremental cascade")
    kept = lab.execute("select count(*) from marts.fct_payment where contract_key = -1 or customer_key = -1").fetchone()[0]
    assert kept > 0, "the strangers were there"
    assert lab.execute("select count(distinct sector_key) from marts.fct_invoice group by contract_key order by 1 desc limit 1").fetchone()[0] > 1, \
        "facts keep the sector of their date"


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
    result = build_untested()
    assert places("marts") == before
    assert lab.execute("select model, count(*) from ops.model_change where build_id = %s group by model", [result.build_id]).fetchall() == []
    details = lab.execute("select details from ops.build where build_id = %s", [result.build_id]).fetchone()[0]
    assert details["mode"] == "incremental"
    assert {n["name"]: n["seconds"] > 0 for n in details["nodes"] if n["kind"] == "model"}["fct_invoice"]


def test_sums_of_a_side_are_of_its_own_facts(lab):
    """What changes for one build and is put back for the next was never different on the side of the other."""
    def sums(table: str, column: str) -> object:
        return lab.execute(f"select sum({column}) from marts.{table}").fetchone()[0]

    reading = lab.execute("select id from raw.odoo_reading where kind = 'real' and _deleted_at is null and billing_period = date '2026-06-01' limit 1").fetchone()[0]
    line = lab.execute("""select l.id from raw.odoo_account_move_line l join raw.odoo_account_move m on m.id = l.move_id
        where m.move_type = 'out_invoice' and m.state = 'posted' and l.display_type = 'product' and m._deleted_at is null and l._deleted_at is null limit 1""").fetchone()[0]
    settle(lab)
    for change in (50, -50):
        with loader_run(lab) as run:
            lab.execute("update raw.odoo_reading set consumption_m3 = consumption_m3 + %s, _run_id = %s where id = %s", [change, run, reading])
            lab.execute("update raw.odoo_account_move_line set price_subtotal = price_subtotal + %s, _run_id = %s where id = %s", [change, run, line])
        build_untested()
        assert sums("fct_metering_month", "booked_m3") == sums("fct_consumption_attributed_month", "booked_m3")
        assert sums("fct_billing_month", "coalesce(water_billed_amount, 0) + coalesce(sewer_billed_amount, 0) + coalesce(late_fee_billed_amount, 0) "
                    "+ coalesce(other_billed_amount, 0)") == sums("fct_invoice_line", "line_amount")


def test_a_run_open_at_the_start_is_picked_up_by_the_next_build(lab):
    payment, amount = lab.execute(
        "select id, amount from raw.odoo_account_payment where state = 'paid' and payment_type = 'inbound' and _deleted_at is null order by id desc limit 1").fetchone()

    def published() -> object:
        return lab.execute("select payment_amount from marts.fct_payment where payment_key = %s", [payment]).fetchone()[0]

    settle(lab)
    with loader_run(lab) as slow, warehouse.connect() as writing:
        writing.execute("update raw.odoo_account_payment set amount = amount + 7, _run_id = %s where id = %s", [slow, payment])
        with loader_run(lab) as quick:  # a later run that ends first
            lab.execute("update raw.odoo_reading set _run_id = %s where id = (select min(id) from raw.odoo_reading)", [quick])
        build_untested()
        assert published() == amount, "not committed yet"
        writing.commit()
    for _ in range(2):  # each side finds it in its turn
        build_untested()
        assert published() == amount + 7


def test_a_model_that_changed_is_made_whole_with_what_hangs_from_it(lab):
    settle(lab)
    lab.execute("update ops.model_state set fingerprint = 'of another version' where model = 'int_receivables__open_balance'")
    for _ in range(2):
        result = build_untested()
        whole = lab.execute("select details -> 'whole' from ops.build where build_id = %s", [result.build_id]).fetchone()[0]
        assert {"fct_receivable_month", "fct_receivable_age_month", "fct_commercial_month"} <= set(whole)
        assert "fct_invoice" not in whole
    result = build_untested()
    assert lab.execute("select mode from ops.build where build_id = %s", [result.build_id]).fetchone() == ("incremental",)


def test_a_month_that_closes_is_added(lab, monkeypatch):
    """The business date goes on by a month and comes back: one more month end, then none; both as a full build says."""
    from caudal.settings import settings

    settle(lab)

    def last_month() -> tuple:
        return lab.execute("select max(period_month)::text, count(distinct period_month) from marts.fct_receivable_month").fetchone()

    before = last_month()
    try:
        monkeypatch.setenv("CAUDAL_TODAY", "2026-12-02")
        settings.cache_clear()
        result = build_untested()
        assert lab.execute("select mode from ops.build where build_id = %s", [result.build_id]).fetchone() == ("incremental",)
        assert last_month() == ("2026-11-01", before[1] + 1)
        build_untested()
        build_untested(full_refresh=True)
        assert _differences(lab, "marts", "marts_next", _incremental(lab, "marts")) == {}
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    build_untested()
    assert last_month() == before


def test_relations_of_an_older_project_are_not_published(lab):
    lab.execute("create table marts_next.fct_of_last_year (n int)")
    build_untested()
    assert "fct_of_last_year" not in _tables(lab, "marts")


def test_facts_are_partitioned_by_month_and_hide_their_parts(built):
    with warehouse.connect() as conn:
        for fact in ("fct_invoice", "fct_invoice_line", "fct_payment", "fct_payment_allocation", "fct_receivable_month", "fct_credit_balance_month", "fct_consumption_month"):
            parts = conn.execute("select count(*) from pg_inherits where inhparent = to_regclass(%s)", [f"marts.{fact}"]).fetchone()[0]
            assert parts >= 12, fact
        plan = "\n".join(r[0] for r in conn.execute("explain select sum(line_amount) from marts.fct_invoice_line where issued_on >= '2026-09-01' and issued_on < '2026-10-01'"))
        assert "fct_invoice_line_2026_09" in plan
        assert "2026_08" not in plan
        assert not [t for t in _tables(conn, "marts") if "_2026_" in t]


def test_a_table_that_another_program_made_is_not_taken_for_ours(lab):
    settle(lab)
    lab.execute("drop table intermediate.int_consumption__reading cascade")
    lab.execute("create table intermediate.int_consumption__reading (reading_key bigint)")
    lab.execute("alter table intermediate.int_consumption__reading owner to caudal_transform")
    result = build_untested()
    whole = lab.execute("select details -> 'whole' from ops.build where build_id = %s", [result.build_id]).fetchone()[0]
    assert whole["int_consumption__reading"] == "su tabla es otra"
    assert {"fct_consumption_month", "fct_commercial_month"} <= set(whole)


def test_staging_views_and_seeds_stand_until_they_or_their_files_change(lab):
    def made() -> set[str]:
        details = lab.execute("select details from ops.build where build_id = %s", [build_untested(everything=True).build_id]).fetchone()[0]
        return {node["name"] for node in details["nodes"] if node["name"].startswith("stg_") or node["kind"] == "seed"}

    made()
    always = made()
    assert always == {"stg_gis__sector", "stg_telemetry__hour", "stg_telemetry__inlet", "stg_telemetry__network"}, "what tables there are is not in their files"
    lab.execute("drop view staging.stg_odoo__claim cascade")
    lab.execute("create view staging.stg_odoo__claim as select 1 as claim_id")
    lab.execute("alter view staging.stg_odoo__claim owner to caudal_transform")
    lab.execute("update ops.standing set made_from = 'another version' where name in ('stg_odoo__tariff', 'sla_targets')")
    assert made() == {*always, "stg_odoo__claim", "stg_odoo__tariff", "sla_targets"}
