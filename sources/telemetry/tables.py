"""Tables of the telemetry, made by the loader when first needed: raw.telemetry_hour (grain: inlet × hour, a partition a month), raw.telemetry_inlet, raw.telemetry_network.

A month's partition keeps the daily load's index small at 131 million hours a year, and lets an old month be archived by detaching it. Within one,
the key (inlet, hour) serves both the load and a reading by inlet; a month is read whole otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import psycopg
from psycopg import sql

DDL = """
create table if not exists raw.telemetry_hour (
    inlet_code text not null,
    hour_at timestamptz not null,           -- the hour's beginning
    flow_m3h numeric(18, 3) not null,       -- its mean flow
    counter_m3 numeric(18, 3),              -- the meter's counter at its end
    source_file text not null,
    delivered_at timestamptz not null,      -- the file's own time: of two files that tell of an hour, the younger counts
    _source text not null,
    _loaded_at timestamptz not null,
    _run_id bigint not null,
    primary key (inlet_code, hour_at)
) partition by range (hour_at);
create table if not exists raw.telemetry_inlet (
    inlet_code text primary key,
    inlet_name text not null,
    sector_code text not null,              -- the sector that it feeds
    from_sector_code text,                  -- the sector that it takes the water from; null: from outside (plant, well, bulk purchase)
    _source text not null,
    _loaded_at timestamptz not null,
    _run_id bigint not null
);
create table if not exists raw.telemetry_network (
    sector_code text primary key,
    mains_km numeric(12, 3) not null,
    service_pipe_km numeric(12, 3) not null, -- of private service pipes, from the property's boundary to the meter
    pressure_m numeric(8, 2) not null,       -- mean, in metres of water
    _source text not null,
    _loaded_at timestamptz not null,
    _run_id bigint not null
)"""


def create(conn: psycopg.Connection) -> None:
    """Make what is missing. Looks first: a table that is there is not locked."""
    tables = ("telemetry_hour", "telemetry_inlet", "telemetry_network")
    if conn.execute("select bool_and(to_regclass('raw.' || t) is not null) from unnest(%s::text[]) as t", [list(tables)]).fetchone()[0]:
        return
    conn.execute(DDL)


def ensure_partitions(conn: psycopg.Connection, hours: Iterable[datetime]) -> None:
    """One partition for each month (UTC) of `hours`."""
    months = {(h.year, h.month) for h in (hour.astimezone(UTC) for hour in hours)}
    for year, month in sorted(months):
        name = f"telemetry_hour_{year}_{month:02d}"
        if conn.execute("select to_regclass('raw.' || %s) is not null", [name]).fetchone()[0]:
            continue
        begin, end = datetime(year, month, 1, tzinfo=UTC), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        conn.execute(sql.SQL("create table raw.{} partition of raw.telemetry_hour for values from ({}) to ({})").format(
            sql.Identifier(name), sql.Literal(begin.isoformat()), sql.Literal(end.isoformat())))
