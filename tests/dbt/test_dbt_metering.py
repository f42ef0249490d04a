"""Metering: what attribution keeps, whatever the history of readings; and a utility without telemetry."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from compiled_model import bench
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MONTH = st.tuples(
    st.sampled_from(["real", "real", "estimated", "estimated", "adjusted"]),
    st.integers(0, 10**8),  # thousandths of a m³
    st.integers(-4, 4),  # days early or late
    st.booleans(),  # planned at all
)
HISTORIES = st.lists(st.lists(MONTH, min_size=1, max_size=14), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def attribution(built):
    """Runs the model as dbt compiled it, over readings given by hand."""
    with bench("prop_attribution", "int_metering__attributed_reading") as made:
        yield made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=HISTORIES)
def test_attribution_conserves_every_run_to_the_litre(attribution, histories):
    rows, booked = [], {}
    for c, history in enumerate(histories, 1):
        stretch, last = 0, None
        for m, (kind, thousandths, late, planned) in enumerate(history):
            if not planned:
                continue
            month = date(2025 + m // 12, m % 12 + 1, 1)
            is_read = kind != "estimated"
            read_on = month + timedelta(days=12 + late) if is_read else None
            volume = Decimal(thousandths).scaleb(-3)
            key = c * 100 + m
            rows.append({"reading_key": key, "contract_key": c, "meter_key": c, "period_month": month, "read_on": read_on, "previous_read_on": last,
                         "consumption_m3": volume, "reading_kind": kind, "is_read": is_read, "stretch": stretch})
            booked[key] = (c, stretch, kind, is_read, volume)
            if is_read:
                stretch, last = stretch + 1, read_on
    attribution.put(int_metering__reading=rows)
    found = {r["reading_key"]: (r["attributed_m3"], r["attribution"], r["regularised_on"]) for r in attribution.run("int_metering__attributed_reading")}
    assert found.keys() == booked.keys()
    runs = defaultdict(list)
    for key, (c, stretch, *_) in booked.items():
        runs[c, stretch].append(key)
    for keys in runs.values():
        taken = sum(booked[k][4] for k in keys)
        assert sum(found[k][0] for k in keys) == taken
        ended, estimated = any(booked[k][3] for k in keys), any(booked[k][2] == "estimated" for k in keys)
        for k in keys:
            assert found[k][0] >= 0
            assert -found[k][0].as_tuple().exponent <= 3
            if ended and estimated:
                assert found[k][1] == "regularised"
                assert found[k][2] is not None
            else:  # nothing to make good, or not yet: what was taken stays where it was
                assert found[k] == (booked[k][4], booked[k][2], None)


def test_a_utility_without_telemetry_has_empty_figures_and_nothing_broken(built):
    from caudal import warehouse
    from caudal.build import build

    chain = "stg_telemetry__hour stg_telemetry__inlet stg_telemetry__network int_telemetry__hour fct_telemetry_day int_telemetry__sector_day"
    tables = ("telemetry_hour", "telemetry_inlet", "telemetry_network")

    def rename(old: str, new: str) -> None:
        with warehouse.connect() as conn:
            for table in tables:
                conn.execute(f"alter table raw.{old.format(table)} rename to {new.format(table)}")

    rename("{}", "away_{}")
    try:
        result = build(select=chain)
        assert result.ok, result
        with warehouse.connect() as conn:
            assert conn.execute("select count(*) from marts_next.fct_telemetry_day").fetchone() == (0,)
            assert conn.execute("select count(*) from intermediate.int_telemetry__sector_day").fetchone() == (0,)
    finally:
        rename("away_{}", "{}")
        assert build(select=chain).ok


def test_check_takes_an_empty_water_balance_for_no_value_and_any_other_empty_mart_for_broken(built):
    from caudal import warehouse
    from caudal.check import PublicationBroken, check

    def swap(table: str, away: bool) -> None:
        """Put an empty table in the mart's place, or the mart back."""
        with warehouse.connect() as conn:
            if away:
                conn.execute(f"alter table marts.{table} rename to {table}_away")
                conn.execute(f"create table marts.{table} (like marts.{table}_away)")
                conn.execute(f"grant select on marts.{table} to caudal_read")
            else:
                conn.execute(f"drop table marts.{table}")
                conn.execute(f"alter table marts.{table}_away rename to {table}")

    for table in ("mart_water_balance__month", "mart_metering__month"):
        swap(table, away=True)
        try:
            if table == "mart_water_balance__month":
                assert check()["non_revenue_water_ratio"] == "—"
            else:
                with pytest.raises(PublicationBroken, match="micrometering_index: marts.mart_metering__month holds no closed month"):
                    check()
        finally:
            swap(table, away=False)


def test_the_demos_leak_is_found_and_its_month_without_data_has_no_balance(built):
    from caudal import warehouse

    with warehouse.connect("read") as conn:
        leaks = conn.execute("select sector_code, is_open from marts.mart_metering__anomaly where anomaly_kind = 'night_leak'").fetchall()
        silent = conn.execute("""select sector_code, period_month, non_revenue_m3 from marts.mart_water_balance__month
            where not has_balance""").fetchall()
        ratio = dict(conn.execute("""select sector_code, sum(non_revenue_m3) / sum(system_input_m3) from marts.mart_water_balance__month
            where period_month >= '2026-09-01' group by 1""").fetchall())
    assert leaks == [("MOC-05", True)]
    assert silent == [("MOC-03", date(2026, 9, 1), None)]
    assert max(ratio, key=ratio.get) == "MOC-05"
    assert all(Decimal("0.2") < r < Decimal("0.7") for r in ratio.values()), ratio
