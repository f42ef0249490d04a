"""The reference source: account_move and account_move_line of an Odoo-shaped database, any size, written by the server itself in seconds.

Half of the moves are invoices of four lines (water, sewer, tax, receivable), half the payments that settle them, of two lines: three
lines a move, with the columns, widths and shares of NULL of the synthetic utility (`demo/utility`). The same rows for the same size,
but that the last of their eight years ends a week before they are made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import psycopg
from psycopg import sql

from demo.utility import ddl

TABLES = ("account_move", "account_move_line")
LINES_A_MOVE = 3
NAMED = {"small": 1e5, "reference": 10**6.5}  # reference: 1,054,094 moves and 3,162,282 lines
CHANGE_INDEX = "bench_write_date"  # on each table; Odoo itself makes none


RECENT = 0.05  # the newest twentieth of a table
ANY_AGE = 0.1  # of what changes, the part that is of any age


def lines_of(size: str) -> int:
    """How many invoice lines a size has: a name of NAMED, or a number (1e4, 31623). Raises ValueError for anything else."""
    wanted = NAMED[size] if size in NAMED else float(size)
    if not 100 <= wanted <= 1e8:
        raise ValueError(f"{size}: from 100 to 1e8 lines, or one of {', '.join(NAMED)}")
    return round(wanted / 2 / LINES_A_MOVE) * 2 * LINES_A_MOVE


def database_of(lines: int) -> str:
    """The source database of a size."""
    return f"odoo_reference_{lines}"


# one row a pair: an invoice and its payment. `r` spreads over 0 … 2³² by Knuth's multiplicative hash: no two runs differ
PAIRS = """
create temporary table pair on commit drop as
select k, r, issued, m3, price, water, sewer, tax, water + sewer + tax as total,
       case when r % 100 < 92 and paid <= ends then paid end as paid,
       1 + (r / 7) % greatest(1, {pairs} / 96) as contract, 41 + (r / 7) % greatest(1, {pairs} / 96) as partner
from (select k, r, ends, m3, price, issued, issued + (1 + r % 45) * interval '1 day' + (r % 86400000000) * interval '1 microsecond' as paid,
              round(m3 * price, 2) as water, round(m3 * price * 0.2, 2) as sewer,
             case when r % 16 = 0 then round(m3 * price * 0.036, 2) else 0.00 end as tax
      from (select k, r, ends, ends - interval '8 years' * (1 - k::float8 / {pairs}) - (r % 3600000000) * interval '1 microsecond' as issued,
                   (5 + (k * 7919) % 36)::numeric(18,3) as m3, (array[13.50, 14.38, 18.09, 19.26, 25.92, 30.24, 39.68, 50.84])[1 + k % 8] as price
            from (select k, (k * 2654435761) % 4294967296 as r, date_trunc('day', now() at time zone 'utc') - interval '7 days' as ends
                  from generate_series(1, {pairs}::bigint) as k) as numbered) as drawn) as priced
"""

MOVE = """
id create_date write_date create_uid write_uid company_id name ref move_type state payment_state partner_id journal_id date invoice_date
invoice_date_due amount_untaxed amount_tax amount_total amount_residual reversed_entry_id debit_origin_id l10n_latam_document_type_id
l10n_do_fiscal_number l10n_do_origin_ncf l10n_do_ecf_modification_code l10n_do_cancellation_type l10n_do_income_type is_ecf_invoice
l10n_do_ecf_security_code l10n_do_ecf_sign_date x_ecf_state x_contract_id x_billing_period x_reading_id x_credit_reason x_billed_m3
"""
LINE = """
id create_date write_date create_uid write_uid company_id move_id partner_id account_id product_id name display_type parent_state move_name date
date_maturity quantity price_unit price_subtotal price_total debit credit balance amount_residual reconciled payment_id
"""

INVOICES_AND_PAYMENTS = """
insert into account_move ({columns})
select m.* from pair as p cross join lateral (values
    (2 * k - 1, issued, coalesce(paid, issued), 1, 1, 1, 'FAC/' || to_char(issued, 'YYYY/MM/') || lpad(k::text, 8, '0'), null,
     'out_invoice', 'posted', case when paid is null then 'not_paid' else 'paid' end, partner, 1, issued::date, issued::date, issued::date + 30,
     water + sewer, tax, total, case when paid is null then total else 0.00 end, null::int, null::int, case when r % 12 = 0 then 7 else 2 end,
     'E32' || lpad(k::text, 10, '0'), null, null, null, '01', r % 12 <> 0, case when r % 12 <> 0 then substr(md5(k::text), 1, 6) end,
     case when r % 12 <> 0 then issued + interval '3.25 seconds' end, case when r % 12 = 0 then null when r % 250 = 1 then 'rejected' else 'accepted' end,
     contract, date_trunc('month', issued)::date, k, null, m3),
    (2 * k, coalesce(paid, issued), coalesce(paid, issued), 6, 6, 1, 'PCJMOC/' || to_char(coalesce(paid, issued), 'YYYY/') || lpad(k::text, 8, '0'),
     case when r % 50 = 0 then 'Transferencia bancaria ' || r end, 'entry', case when paid is null then 'cancel' else 'posted' end, 'not_paid',
     partner, 2 + r % 8, coalesce(paid, issued)::date, null, null, 0.00, 0.00, total, 0.00, null, null, null, null, null, null, null, null,
     false, null, null, null, contract, null, null, null, null)
) as m ({columns})
"""

LINES = """
insert into account_move_line ({columns})
select l.* from pair as p cross join lateral (values
    (6 * k - 5, issued, coalesce(paid, issued), 1, 1, 1, 2 * k - 1, partner, 2, 1, 'Agua potable ' || to_char(issued, 'MM/YYYY'), 'product', 'posted',
     'FAC/' || to_char(issued, 'YYYY/MM/') || lpad(k::text, 8, '0'), issued::date, null::date, m3, price::numeric(18,3), water, water,
     0.00, water, -water, 0.00, false, null::int),
    (6 * k - 4, issued, coalesce(paid, issued), 1, 1, 1, 2 * k - 1, partner, 3, 2, 'Alcantarillado ' || to_char(issued, 'MM/YYYY'), 'product', 'posted',
     'FAC/' || to_char(issued, 'YYYY/MM/') || lpad(k::text, 8, '0'), issued::date, null, 1, sewer, sewer, sewer, 0.00, sewer, -sewer, 0.00, false, null),
    (6 * k - 3, issued, coalesce(paid, issued), 1, 1, 1, 2 * k - 1, partner, 7, null, 'ITBIS 18%', 'tax', 'posted',
     'FAC/' || to_char(issued, 'YYYY/MM/') || lpad(k::text, 8, '0'), issued::date, null, null, null, null, null, 0.00, tax, -tax, 0.00, false, null),
    (6 * k - 2, issued, coalesce(paid, issued), 1, 1, 1, 2 * k - 1, partner, 1, null, null, 'payment_term', 'posted',
     'FAC/' || to_char(issued, 'YYYY/MM/') || lpad(k::text, 8, '0'), issued::date, issued::date + 30, null, null, null, null, total, 0.00, total,
     case when paid is null then total else 0.00 end, paid is not null, null),
    (6 * k - 1, coalesce(paid, issued), coalesce(paid, issued), 6, 6, 1, 2 * k, partner, 8 + r % 5, null, 'Pago de cliente', 'product',
     case when paid is null then 'cancel' else 'posted' end, 'PCJMOC/' || to_char(coalesce(paid, issued), 'YYYY/') || lpad(k::text, 8, '0'),
     coalesce(paid, issued)::date, null, null, null, null, null, total, 0.00, total, 0.00, false, k),
    (6 * k, coalesce(paid, issued), coalesce(paid, issued), 6, 6, 1, 2 * k, partner, 1, null, 'Pago de cliente', 'payment_term',
     case when paid is null then 'cancel' else 'posted' end, 'PCJMOC/' || to_char(coalesce(paid, issued), 'YYYY/') || lpad(k::text, 8, '0'),
     coalesce(paid, issued)::date, coalesce(paid, issued)::date, null, null, null, null, 0.00, total, -total, 0.00, paid is not null, k)
) as l ({columns})
"""


def generate(dsn: str, lines: int) -> None:
    """Write `lines` invoice lines and a third as many moves into the database `dsn`, in place of what it held; vacuumed and analyzed."""
    pairs = lines // (2 * LINES_A_MOVE)
    with psycopg.connect(dsn, application_name="caudal:bench") as conn:
        ddl.create_tables(conn)  # with ir_model_fields, which the SQL transport reads
        conn.execute(sql.SQL(PAIRS).format(pairs=sql.Literal(pairs)))
        for columns, statement in ((MOVE, INVOICES_AND_PAYMENTS), (LINE, LINES)):
            conn.execute(sql.SQL(statement).format(columns=sql.SQL(", ").join(map(sql.Identifier, columns.split()))))
        conn.execute("insert into res_company (id, name) values (1, 'Acueducto de referencia')")
        ddl.finish_tables(conn)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("vacuum (freeze, analyze)")


def ensure(dsn: str, what: str, write: Callable[[str], object]) -> None:
    """Have `write` fill the database `dsn`, unless it holds `what` already, whole, with the columns that the models have now."""
    signature = hashlib.sha256(repr((what, ddl.tables(), PAIRS, INVOICES_AND_PAYMENTS, LINES)).encode()).hexdigest()
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("create table if not exists bench_dataset (signature text)")
        if conn.execute("select from bench_dataset where signature = %s", [signature]).fetchone():
            return
        conn.execute("truncate bench_dataset")
        write(dsn)
        conn.execute("insert into bench_dataset values (%s)", [signature])


def index_changes(dsn: str, wanted: bool) -> None:
    """Make (or drop) an index on write_date in each table."""
    with psycopg.connect(dsn) as conn:
        for table in TABLES:
            name = sql.Identifier(f"{CHANGE_INDEX}_{table}")
            conn.execute(sql.SQL("create index if not exists {} on {} (write_date)").format(name, sql.Identifier(table)) if wanted
                         else sql.SQL("drop index if exists {}").format(name))


def change(dsn: str, share: float, any_age: float = ANY_AGE) -> int:
    """Change `share` of the rows of each table as the settling of invoices does, and vacuum. Returns the rows changed.

    Of the changed rows a part `any_age` is spread over all of the table; the others are among the newest twentieth (three months of sixty),
    as a utility works: what changes is mostly what was billed lately. A share that has no room there is spread whole. Which rows, a hash of
    the id says. Their write_date is spread over the hour after the last one before: changes that were made some time before the run that
    reads them (rows of its last minute are read by the next run again). The source begins a week ago, so that there is room for some 150
    such hours.
    """
    sets = {"account_move": "amount_residual = amount_residual + 0.01, payment_state = 'partial'",
            "account_move_line": "amount_residual = amount_residual + 0.01, reconciled = not reconciled"}
    spread = share if share > RECENT / 2 else share * any_age
    changed = 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        with conn.transaction():
            latest = conn.execute("select greatest((select max(write_date) from account_move), (select max(write_date) from account_move_line))").fetchone()[0]
            for table in TABLES:
                changed += conn.execute(sql.SQL(
                    "update {table} set " + sets[table] + ", write_date = {latest} + interval '1 second' + (id::bigint * 7919 % 1000003) * interval '3.6 milliseconds' "
                    "where (id * 2654435761) % 4294967296 < {spread} * 4294967296 "
                    "or (id > (select max(id) from {table}) * {old} and (id * 2246822519) % 4294967296 < {recent} * 4294967296)"
                ).format(table=sql.Identifier(table), latest=sql.Literal(latest), spread=sql.Literal(spread), old=sql.Literal(1 - RECENT),
                         recent=sql.Literal((share - spread) / RECENT))).rowcount
        conn.execute(sql.SQL("vacuum (analyze) {}").format(sql.SQL(", ").join(map(sql.Identifier, TABLES))))
    return changed
