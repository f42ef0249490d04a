"""Old months go into files that can be read again; the KPI marts keep theirs; builds and full tests go on."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date

import pytest
from incremental_lab import raw_restored

from caudal import retention, warehouse
from caudal.build import build
from caudal.settings import settings


@pytest.mark.parametrize(("months", "first"), [(13, date(2025, 10, 1)), (10, date(2026, 1, 1)), (11, date(2025, 12, 1)), (24, date(2024, 11, 1))])
def test_the_oldest_month_that_is_kept(months, first):
    assert retention.cutoff(months, date(2026, 11, 15)) == first


def test_less_than_a_year_is_refused(home):
    with pytest.raises(retention.RetentionError, match="13 meses"):
        retention.retain(12)


def test_archive_build_restore(built):
    with raw_restored(), warehouse.connect(autocommit=True) as conn:
        before = conn.execute("select count(*), sum(total_amount) from marts.fct_invoice where issued_on < '2025-10-01'").fetchone()
        kpi = conn.execute("select md5(string_agg(t::text, ',' order by t::text)) from marts.mart_commercial__month t").fetchone()
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
        for _ in range(2):  # one of them made whole, if the session's second side was never built
            result = build(progress=lambda _: None, full_tests=True)
            assert result.ok, result
        assert conn.execute("select md5(string_agg(t::text, ',' order by t::text)) from marts.mart_commercial__month t").fetchone() == kpi

        table = retention.restore(f"fct_invoice_{invoices[0].month.replace('-', '_')}")
        assert conn.execute(f"select count(*) from {table}").fetchone()[0] == invoices[0].rows
        conn.execute("drop schema archive cascade")
        broken = retention.folder() / invoices[0].file
        broken.write_bytes(gzip.compress(b"invoice_key\n"))
        with pytest.raises(retention.RetentionError, match="SHA-256"):
            retention.restore(invoices[0].file)
    assert settings().home in retention.folder().parents
