"""Old months go into files that can be read again; the KPI marts keep theirs; builds and full tests go on."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date

import pytest
from incremental_lab import a_copy

from caudal import retention, warehouse
from caudal.build import build
from caudal.settings import settings

MONTHS = [f"select md5(string_agg(t::text, ',' order by t::text)) from marts.{mart} t where period_month < '2025-10-01'"
          for mart in ("mart_commercial__month", "fct_billing_month", "mart_metering__month", "fct_water_use_month", "fct_collector_month", "fct_cut_debtor_month",
                       "mart_collections__daily", "mart_collections__channel_month")]


@pytest.mark.parametrize(("months", "first"), [(13, date(2025, 10, 1)), (10, date(2026, 1, 1)), (11, date(2025, 12, 1)), (24, date(2024, 11, 1))])
def test_the_oldest_month_that_is_kept(months, first):
    assert retention.cutoff(months, date(2026, 11, 15)) == first


def test_less_than_a_year_is_refused(home):
    with pytest.raises(retention.RetentionError, match="13 meses"):
        retention.retain(12)


def test_archive_build_restore(both_sides):
    """Both sides: what is made whole after an archive has all months."""
    with a_copy(), warehouse.connect(autocommit=True) as conn:
        before = conn.execute("select count(*), sum(total_amount) from marts.fct_invoice where issued_on < '2025-10-01'").fetchone()
        months = [conn.execute(query).fetchone() for query in MONTHS]
        assert before[0] > 0
        planned = retention.retain(13, dry_run=True)
        assert conn.execute("select count(*) from marts.fct_invoice where issued_on < '2025-10-01'").fetchone()[0] == before[0], "a dry run drops nothing"

        archived = retention.retain(13)

        assert [(a.fact, a.month, a.rows) for a in archived] == [(f, f"{m:%Y-%m}", n) for f, m, n in planned]
        assert conn.execute("select count(*) from marts.fct_invoice where issued_on < '2025-10-01'").fetchone() == (0,)
        for entry in retention.manifest():
            file = retention.folder() / entry["file"]
            assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
        invoices = [a for a in archived if a.fact == "fct_invoice"]
        assert sum(a.rows for a in invoices) == before[0]

        late = conn.execute("insert into ops.run (pipeline, status) values ('replicate', 'ok') returning run_id").fetchone()[0]
        conn.execute("update raw.odoo_account_move set credit_reason = credit_reason, _run_id = %s where invoice_date < '2025-10-01'", [late])
        # a contract that began earlier was active in months whose bills and readings are no longer there
        assert conn.execute("update raw.odoo_contract set date_start = date_start - 400, _run_id = %s where date_start between '2025-01-01' and '2025-08-31'",
                            [late]).rowcount > 0
        conn.execute("update raw.odoo_sector set _run_id = %s", [late])  # its names are written again in what carries them
        for _ in range(2):
            result = build(progress=lambda _: None, full_tests=True)
            assert result.ok, result
        assert [conn.execute(query).fetchone() for query in MONTHS] == months

        table = retention.restore(f"fct_invoice_{invoices[0].month.replace('-', '_')}")
        assert conn.execute(f"select count(*) from {table}").fetchone()[0] == invoices[0].rows
        conn.execute("drop schema archive cascade")
        broken = retention.folder() / invoices[0].file
        broken.write_bytes(gzip.compress(b"invoice_key\n"))
        with pytest.raises(retention.RetentionError, match="SHA-256"):
            retention.restore(invoices[0].file)
    assert settings().home in retention.folder().parents
