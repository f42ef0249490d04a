"""The generator: accounting that holds, the same rows for the same seed, and everything ugly it promises."""

from __future__ import annotations

import hashlib
import re

import psycopg
import pytest
from stdnum.do import cedula, rnc

import demo
from demo.utility.ddl import relations, tables
from demo.utility.invariants import broken


def fingerprint(dsn: str) -> dict[str, str]:
    """md5 of each table, ordered by its key."""
    found = {}
    with psycopg.connect(dsn) as conn:
        for table in [*tables(), *relations()]:
            digest = hashlib.md5()
            with conn.cursor().copy(f"copy (select * from {table} order by {'id' if table in tables() else '1, 2'}) to stdout") as copy:
                for block in copy:
                    digest.update(block)
            found[table] = digest.hexdigest()
    return found


def scalar(conn: psycopg.Connection, query: str):
    return conn.execute(query).fetchone()[0]


def test_everything_odoo_guarantees_holds(source: psycopg.Connection) -> None:
    assert broken(source) == {}


@pytest.mark.parametrize(("damage", "sentence"), [
    ("update account_move_line set debit = debit + 0.01 where id = (select min(id) from account_move_line where debit > 0)", "every move balances"),
    ("update account_move set amount_residual = amount_residual + 0.01 where id = (select min(id) from account_move where move_type = 'out_invoice')",
     "the residual of a document is that of its receivable line"),
    ("delete from account_partial_reconcile where id = (select min(id) from account_partial_reconcile)",
     "billed = paid + credited + owed, for every contract"),
    ("update account_partial_reconcile set max_date = max_date + 1 where id = (select min(id) from account_partial_reconcile)",
     "max_date is the later of both dates"),
    ("update account_move set l10n_do_fiscal_number = left(l10n_do_fiscal_number, 10) where l10n_do_fiscal_number = 'E320000000001'",
     "a fiscal number has the form of its type"),
])
def test_the_rules_notice_damage(source: psycopg.Connection, damage: str, sentence: str) -> None:
    source.execute(damage)
    assert sentence in broken(source)


def test_the_summary_is_what_the_database_holds(utility, source: psycopg.Connection) -> None:
    summary = utility[1]
    for table, count in summary.rows.items():
        assert scalar(source, f"select count(*) from {table}") == count, table
    assert set(summary.rows) == set(tables())
    assert scalar(source, "select sum(case move_type when 'out_refund' then -1 else 1 end * amount_total) from account_move "
                  "where move_type <> 'entry' and state = 'posted' and company_id = 1") == summary.billed
    assert scalar(source, "select sum(case payment_type when 'outbound' then -1 else 1 end * amount) from account_payment "
                  "where state <> 'canceled' and company_id = 1") == summary.collected
    assert f"RD$ {summary.billed:>16,.2f}" in summary.text_es()


def test_same_seed_same_rows_other_seed_other_rows(utility, own_dsn: str) -> None:
    first = fingerprint(own_dsn)
    demo.generate(own_dsn, "tiny", seed=7, progress=False)
    with psycopg.connect(own_dsn) as conn:
        assert broken(conn) == {}
    other = fingerprint(own_dsn)
    demo.generate(own_dsn, "tiny", progress=False)
    assert fingerprint(own_dsn) == first
    assert {t for t in first if first[t] != other[t]} >= {"account_move", "account_payment", "water_reading", "res_partner"}


def test_a_password_in_use_survives_a_new_generation(utility, own_dsn: str) -> None:
    with psycopg.connect(own_dsn) as conn:
        before = scalar(conn, "select password from res_users where login = 'caudal'")
        conn.execute("update res_users set password = 'in use' where login = 'caudal'")
    demo.generate(own_dsn, "tiny", progress=False)
    with psycopg.connect(own_dsn) as conn:
        assert scalar(conn, "select password from res_users where login = 'caudal'") == "in use"
        conn.execute("update res_users set password = %s where login = 'caudal'", [before])


def test_an_unknown_size_is_refused(own_dsn: str) -> None:
    with pytest.raises(ValueError, match="'grande'.*tiny, demo"):
        demo.generate(own_dsn, "grande")


# what must be there, for whatever reads it to be tested: description → query that must find something
PRESENT = {
    "a sector's worth of every municipality": "select count(distinct municipality_id) = 5 from water_sector",
    "paid, partly paid, unpaid and reversed": "select count(distinct payment_state) = 4 from account_move where move_type = 'out_invoice'",
    "cancelled with a number and its reason": "select count(*) from account_move where state = 'cancel' and l10n_do_fiscal_number is not null and "
                                              "l10n_do_cancellation_type is not null",
    "drafts": "select count(*) from account_move where state = 'draft' and invoice_date is null",
    "debit notes": "select count(*) from account_move where debit_origin_id is not null",
    "credit notes by three reasons": "select count(distinct x_credit_reason) >= 3 from account_move where move_type = 'out_refund'",
    "four e-CF states": "select count(distinct x_ecf_state) >= 3 from account_move",
    "E31 E32 E33 E34 E45 and paper": "select count(distinct left(l10n_do_fiscal_number, 3)) >= 8 from account_move",
    "taxes": "select count(*) from account_move where amount_tax > 0",
    "late surcharges": "select count(*) from account_move_line l join product_product p on p.id = l.product_id where p.default_code = 'MORA'",
    "outbound twins": "select count(*) from account_payment where payment_type = 'outbound' and x_reversal_of_id is not null",
    "cancelled payments": "select count(*) from account_payment where state = 'canceled'",
    "payments in process": "select count(*) from account_payment where state = 'in_process'",
    "money left unapplied": "select count(*) from account_payment p join account_move_line l on l.payment_id = p.id "
                            "where l.amount_residual < 0 and p.state = 'paid'",
    "payments of the next UTC day": "select count(*) from account_payment where x_paid_at::date <> date",
    "an agreement kept and one broken": "select count(distinct state) >= 2 from water_agreement where state in ('fulfilled', 'broken', 'active')",
    "cuts and reconnections": "select count(distinct kind) = 2 from water_cut_order",
    "claims": "select count(*) from water_claim",
    "estimated and adjusted readings": "select count(distinct kind) = 3 from water_reading",
    "estimates in a run": "select count(*) from water_reading a join water_reading b on b.contract_id = a.contract_id and b.kind = 'estimated' "
                          "and b.billing_period = a.billing_period + interval '1 month' where a.kind = 'estimated' and a.meter_id is not null",
    "a dial that went round": "select count(*) from water_reading r join water_meter m on m.id = r.meter_id where r.value < r.previous_value",
    "meters replaced": "select count(*) from water_meter where replaced_by_id is not null and retired_on is not null",
    "a contract without meter": "select count(*) from water_reading where meter_id is null",
    "closed, cut and active contracts": "select count(distinct state) = 3 from water_contract",
    "bills made twice in a run": "select count(*) from (select x_contract_id from account_move where move_type = 'out_invoice' and state = 'posted' and "
                                 "debit_origin_id is null and company_id = 1 group by x_contract_id, x_billing_period having count(*) > 1) x",
    "a contract that was read and left out of the run": "select count(*) from water_reading r join water_contract c on c.id = r.contract_id where not "
        "c.excluded_from_billing and r.billing_period < '2026-11-01' and not exists (select 1 from account_move m where m.x_contract_id = r.contract_id "
        "and m.x_billing_period = r.billing_period and m.state = 'posted')",
    "customers who may be written to and who may not": "select count(distinct x_mailing_consent) = 2 from res_partner where customer_rank > 0",
    "excluded from billing": "select count(*) from water_contract where excluded_from_billing",
    "a contract without customer": "select count(*) from water_contract where partner_id is null",
    "a contract without supply point": "select count(*) from water_contract where supply_point_id is null",
    "a supply point without sector": "select count(*) from water_supply_point where sector_id is null",
    "archived customers": "select count(*) from res_partner where not active",
    "tabs and newlines": "select count(*) from res_partner where name ~ '\\t' or name ~ '\\n'",
    "emoji": "select count(*) from account_payment where memo like '%🙏%'",
    "a backslash": "select count(*) from res_partner where position('\\' in name) > 0",
    "names in both languages": "select count(*) from account_journal where name ->> 'es_DO' is not null and name ->> 'en_US' is not null",
    "another company": "select count(*) from account_move where company_id = 2",
    "gaps in the ids": "select max(id) - count(*) from account_move",
    "many rows of one write_date": "select max(n) > 10 from (select count(*) as n from account_move group by create_date) x",
    "rows changed after they were made": "select count(*) from account_move where write_date > create_date + interval '1 day'",
}


@pytest.mark.parametrize("what", PRESENT)
def test_what_is_ugly_is_there(source: psycopg.Connection, what: str) -> None:
    assert scalar(source, PRESENT[what])


def test_customers_entered_twice(source: psycopg.Connection) -> None:
    twice = scalar(source, "select count(*) from (select regexp_replace(vat, '\\D', '', 'g') v from res_partner where vat is not null group by 1 "
                   "having count(*) > 1) x")
    assert twice >= 1


def test_identification_numbers_are_mostly_valid(source: psycopg.Connection) -> None:
    rows = source.execute("select t.code, p.vat from res_partner p "
                          "join l10n_latam_identification_type t on t.id = p.l10n_latam_identification_type_id "
                          "where p.vat is not null and t.code in ('rnc', 'cedula')").fetchall()
    valid = [{"rnc": rnc, "cedula": cedula}[kind].is_valid(re.sub(r"\D", "", vat)) for kind, vat in rows]
    assert len(valid) > 150
    assert 0.95 < sum(valid) / len(valid) < 1


def test_the_collector_stops_paying_in(source: psycopg.Connection) -> None:
    days = dict(source.execute("select c.code, max(p.date) from account_payment p "
                               "join water_collector c on c.id = p.x_collector_id where c.is_external group by 1"))
    assert days["COB-03"].isoformat() < "2026-09-01"


def test_the_incident_is_billed_and_credited(source: psycopg.Connection) -> None:
    doubled, credited = source.execute("""
        select count(*), count(n.id) from water_reading r join water_contract c on c.id = r.contract_id
        join account_move m on m.x_reading_id = r.id and m.x_billed_m3 = 2 * r.consumption_m3
        left join account_move n on n.reversed_entry_id = m.id and n.x_credit_reason = 'error_lectura'
        where r.kind = 'adjusted' and r.billing_period = '2026-05-01'""").fetchone()
    assert doubled >= 10
    assert credited == doubled


def test_history_ends_on_the_business_day(source: psycopg.Connection) -> None:
    assert scalar(source, "select max(greatest(create_date, write_date)) from account_move") < scalar(source, "select ends_at from demo_utility")
    periods = source.execute("select x_billing_period::text, count(distinct x_contract_id) from account_move "
                             "where state = 'posted' and move_type = 'out_invoice' "
                             "and company_id = 1 group by 1 order by 1 desc").fetchall()
    assert [p for p, _ in periods][:2] == ["2026-11-01", "2026-10-01"]
    assert 0 < periods[0][1] < periods[1][1]
    assert len(periods) == 15


def test_delinquency_differs_between_sectors(source: psycopg.Connection) -> None:
    ratios = [float(r) for (r,) in source.execute("""
        select sum(m.amount_residual) filter (where m.invoice_date_due < '2026-10-31') / nullif(sum(m.amount_residual), 0)
        from account_move m join water_contract c on c.id = m.x_contract_id join water_supply_point s on s.id = c.supply_point_id
        where m.move_type = 'out_invoice' and m.state = 'posted' and m.invoice_date <= '2026-10-31' and s.sector_id is not null
        group by s.sector_id""") if r is not None]
    assert len(ratios) >= 14
    assert min(ratios) < 0.45 and max(ratios) > 0.7
