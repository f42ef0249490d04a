"""The published marts of the tiny utility, checked against raw by ways that share nothing with the SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest
from stdnum.do import cedula, rnc

import caudal.semantic
from caudal import warehouse
from caudal.settings import settings

LIMITS = [("Corriente", 0), ("1-30", 30), ("31-60", 60), ("61-90", 90), ("91-180", 180), ("181-365", 365), ("Más de 365", 10**9)]
PII = ("dim_customer_pii", "mart_dgii__607", "mart_dgii__607_summary", "dim_customer_history", "mart_contact__segment", "mart_customers__duplicate",
       "fct_audit_change_pii")


@pytest.fixture(scope="module")
def owner(built):
    with warehouse.connect() as conn:
        yield conn
        conn.rollback()


def _rows(conn, query, params=()):
    return conn.execute(query, params).fetchall()


def _month_ends(conn):
    for (month,) in _rows(conn, "select distinct period_month from marts.mart_commercial__month order by 1"):
        yield month, (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def test_months_are_the_closed_ones(owner):
    months = [month for month, _ in _month_ends(owner)]
    assert months[-1] == date(2026, 10, 1)
    assert len(months) == 14 == len({*months})


def test_ageing_recomputed_from_raw(owner):
    """Debt by bucket at three month ends, invoice by invoice in Python, from Odoo's own rows."""
    moves = {m[0]: m for m in _rows(owner, "select id, move_type, state, invoice_date, invoice_date_due, amount_total, date from raw.odoo_account_move")}
    paid_on = dict(_rows(owner, "select move_id, date from raw.odoo_account_payment where state <> 'canceled'"))
    move_of = dict(_rows(owner, "select id, move_id from raw.odoo_account_move_line"))
    applied = defaultdict(list)
    for debit, credit, amount, max_date in _rows(
            owner, "select debit_move_id, credit_move_id, amount, max_date from raw.odoo_account_partial_reconcile where _deleted_at is null"):
        invoice, source = moves[move_of[debit]], moves[move_of[credit]]
        if invoice[1] == "out_invoice":
            applied[invoice[0]].append((max(max_date, invoice[3], paid_on.get(source[0]) or source[3]), amount))
    ends = list(_month_ends(owner))
    for month, end in (ends[2], ends[7], ends[-1]):
        expected = dict.fromkeys([name for name, _ in LIMITS], Decimal(0))
        for key, kind, state, issued, due, total, _ in moves.values():
            if kind == "out_invoice" and state == "posted" and issued <= end:
                balance = total - sum(amount for day, amount in applied[key] if day <= end)
                expected[next(name for name, limit in LIMITS if (end - due).days <= limit)] += balance
        found = dict(_rows(owner, """select ageing_bucket, sum(receivable_bucket_amount) from marts.mart_receivables__month
                                     where period_month = %s group by 1""", [month]))
        assert found == expected, month
        assert sum(expected.values()) > 0


def test_generators_totals_arrive(owner):
    """What the utility billed and collected, as its own ledger says, is in the facts."""
    billed, collected = _rows(owner, """
        select (select sum(sign * total_amount) from marts.fct_invoice where state = 'posted'), (select sum(payment_amount) from marts.fct_payment)""")[0]
    assert billed == _rows(owner, """select sum(case move_type when 'out_refund' then -amount_total else amount_total end) from raw.odoo_account_move
                                     where state = 'posted' and move_type in ('out_invoice', 'out_refund') and _deleted_at is null""")[0][0]
    assert collected == _rows(owner, """select sum(case payment_type when 'outbound' then -amount else amount end) from raw.odoo_account_payment
                                        where state in ('paid', 'in_process') and _deleted_at is null""")[0][0]


def test_unassigned_member_in_every_dimension(owner):
    for table, key in [("dim_customer", "customer_key"), ("dim_municipality", "municipality_key"), ("dim_commercial_sector", "sector_key"),
                       ("dim_user_type", "user_type_key"), ("dim_supply_point", "supply_point_key"), ("dim_contract", "contract_key")]:
        assert _rows(owner, f"select count(*) from marts.{table} where {key} = -1")[0][0] == 1, table


def test_check_digits_as_python_stdnum_says(owner):
    rows = _rows(owner, """select c.identification_type, p.identification_number, c.is_valid_identification
                           from marts.dim_customer as c join marts.dim_customer_pii as p using (customer_key)
                           where c.identification_type in ('rnc', 'cedula') and p.identification_number is not null""")
    assert len(rows) > 100
    assert {row[2] for row in rows} == {True, False}
    listed = {*cedula.whitelist, *rnc.whitelist}  # numbers once issued wrong
    for kind, number, valid in rows:
        digits = "".join(c for c in number if c.isalnum())
        if digits not in listed:
            assert valid == (cedula.is_valid(digits) or (kind == "rnc" and rnc.is_valid(digits))), (kind, number)


def test_no_identity_in_the_open_dimension(owner):
    leaks = _rows(owner, """select count(*) from marts.dim_customer as c join marts.dim_customer_pii as p using (customer_key)
                            where c.customer_name_masked = p.customer_name
                               or (length(p.identification_number) > 4 and c.identification_masked like '%%' || left(p.identification_number, 4) || '%%')""")
    assert leaks == [(0,)]


def test_each_role_reads_what_it_may(owner):
    tables = [row[0] for row in _rows(owner, "select table_name from information_schema.tables where table_schema = 'marts'")]
    assert {*PII, "mart_commercial__month", "map_sector"} <= {*tables}
    for table in tables:
        read, pii, writes = _rows(owner, """
            select has_table_privilege('caudal_read', 'marts.' || %(t)s, 'select'), has_table_privilege('caudal_pii', 'marts.' || %(t)s, 'select'),
                   has_table_privilege('caudal_read', 'marts.' || %(t)s, 'insert, update, delete, truncate')
                   or has_table_privilege('caudal_pii', 'marts.' || %(t)s, 'insert, update, delete, truncate')""", {"t": table})[0]
        assert (read, pii, writes) == (table not in PII, True, False), table
    for schema in ("raw", "staging", "intermediate", "history", "marts_next", "marts_parts_a", "marts_parts_b", "intermediate_parts"):
        assert _rows(owner, """select has_schema_privilege('caudal_read', nspname, 'usage') from pg_namespace where nspname = %s""", [schema]) in (
            [(False,)], []), schema


def test_reader_is_refused_in_earnest(built):
    with warehouse.connect("read") as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from marts.dim_customer_pii")
        conn.rollback()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("delete from marts.fct_payment")
        conn.rollback()
        conn.execute("set transaction read write")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("delete from marts.fct_payment")


def test_database_carries_the_descriptions(owner):
    bare = _rows(owner, """
        select c.relname, a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p', 'v')
          and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)""")
    assert bare == []


def test_map_parts_are_drawable(owner):
    parts = _rows(owner, "select sector_code, ring, geojson, label_lon, label_lat from marts.map_sector")
    sectors = {row[0] for row in _rows(owner, "select sector_code from raw.gis_sector")}
    assert {part[0] for part in parts} == sectors
    for code, ring, geojson, lon, lat in parts:
        points = json.loads(ring)
        assert points[0] == points[-1] and len(points) >= 4, code
        assert json.loads(geojson)["coordinates"][0] == points
        xs, ys = zip(*points, strict=True)
        assert min(xs) <= lon <= max(xs) and min(ys) <= lat <= max(ys), code
    without = _rows(owner, "select sector_code from marts.dim_commercial_sector where ring is null and sector_key <> -1")
    assert {row[0] for row in without}.isdisjoint(sectors)


def test_collections_daily_reaches_today(owner):
    last, total = _rows(owner, "select max(paid_on), sum(collected_amount) from marts.mart_collections__daily")[0]
    assert date(2026, 11, 1) <= last <= date(2026, 11, 15)
    assert total == _rows(owner, "select sum(payment_amount) from marts.fct_payment")[0][0]


def test_manifest_of_the_published_build(built):
    folder = settings().home / "manifest"
    assert json.loads((folder / "manifest.json").read_text())["metadata"]["project_name"] == "caudal"
    layer = caudal.semantic.load()
    assert layer.metric("receivable_amount").table == "marts.mart_commercial__month"
    with warehouse.connect("read") as conn:
        value = caudal.semantic.fetch(conn, ["receivable_amount"])[0]["receivable_amount"]
        owed = conn.execute("select sum(receivable_amount) from marts.fct_receivable_month where period_month = '2026-10-01'").fetchone()[0]
    assert value == owed > 0
