"""A warehouse of the alerts' own: one more database on the session's server, with a commercial mart whose figures each test sets.

The real schema, roles, semantic manifest and SMTP; only the mart's rows are made here, to the contract in docs/architecture.md.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from psycopg import sql

from caudal import warehouse
from caudal.settings import settings
from tests.parsed_manifest import parsed_manifest

DATABASE = "caudal_alerts_test"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
TEXTS = ("municipality_code", "municipality_name", "sector_code", "sector_name", "user_type_name")
AMOUNTS = ("billed_amount", "billed_water_amount", "credited_amount", "collected_amount", "receivable_amount", "overdue_amount", "overdue_90_amount",
           "billed_12m_amount", "reversed_amount", "unapplied_credit_amount")
VOLUMES = ("billed_m3", "consumption_m3", "estimated_m3", "adjusted_m3")
COUNTS = ("planned_readings", "effective_readings", "active_contracts", "billed_contracts", "overdue_contracts", "invoices_issued", "payments_count")
SECTORS = {"Las Acacias": "Moca", "El Mirador": "Moca", "La Loma": "Villa Serena"}
HEALTHY = {"billed_amount": Decimal(100000), "collected_amount": Decimal(92000), "receivable_amount": Decimal(200000),
           "overdue_amount": Decimal(50000), "billed_m3": Decimal(4000), "consumption_m3": Decimal(4000), "estimated_m3": Decimal(100)}


@dataclass
class Mart:
    """The test's own mart: `set` figures of a sector in a month; everything else is healthy."""

    home: Path
    rows: dict[tuple[str, date], dict] = field(default_factory=dict)

    def set(self, sector: str, month: date = OCTOBER, **figures: Decimal | int) -> None:
        with warehouse.connect(autocommit=True) as conn:
            assignments = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(k), sql.Literal(v)) for k, v in figures.items())
            done = conn.execute(sql.SQL("update marts.mart_commercial__month set {} where sector_name = %s and period_month = %s").format(assignments),
                                [sector, month])
            assert done.rowcount == 1, (sector, month)

    def add_month(self, month: date) -> None:
        with warehouse.connect(autocommit=True) as conn:
            for code, (sector, municipality) in enumerate(SECTORS.items(), 1):
                row = {**dict.fromkeys((*AMOUNTS, *VOLUMES, *COUNTS), 0), **HEALTHY, "period_month": month, "sector_name": sector,
                       "sector_code": f"S{code}", "municipality_name": municipality, "municipality_code": municipality[:2], "user_type_name": "Uno"}
                conn.execute(sql.SQL("insert into marts.mart_commercial__month ({}) values ({})").format(
                    sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))), list(row.values()))

    def drop_sector(self, sector: str) -> None:
        self.execute("delete from marts.mart_commercial__month where sector_name = %s", [sector])

    def build(self, ok: bool, failed: str = "assert_billed_equals_paid_credited_owed") -> None:
        """Record a build as `caudal build` does: published, or failed and not published."""
        self.execute("""insert into ops.build (status, ended_at, data_as_of, promoted_at, failed_tests)
            values (case when %(ok)s then 'ok' else 'failed' end, clock_timestamp(), case when %(ok)s then date '2026-11-15' end,
                    case when %(ok)s then clock_timestamp() end, case when %(ok)s then '[]'::jsonb else jsonb_build_array(%(failed)s::text) end)""",
                     {"ok": ok, "failed": failed})

    def execute(self, text: str, parameters: object = None) -> None:
        with warehouse.connect(autocommit=True) as conn:
            conn.execute(text, parameters)

    def fetch(self, text: str, parameters: object = None) -> list[tuple]:
        with warehouse.connect() as conn:
            return conn.execute(text, parameters).fetchall()


def _manifest(target: Path) -> None:
    """The semantic manifest, parsed from the checkout's own metric files."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("semantic_manifest.json", "manifest.json"):
        shutil.copyfile(parsed_manifest() / name, target / name)


@pytest.fixture(scope="session")
def alerts_home(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the session's passwords and the semantic manifest."""
    folder = tmp_path_factory.mktemp("alerts-home")
    shutil.copytree(home / "secrets", folder / "secrets")
    _manifest(folder / "manifest")
    return folder


@pytest.fixture(scope="session")
def alerts_url(home: Path) -> Iterator[str]:
    """URL of the owner in the alerts' own database."""
    warehouse.ensure_database(DATABASE)
    yield settings().warehouse_url("owner", DATABASE)
    with warehouse.connect(dbname="postgres", autocommit=True) as conn:
        conn.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE)))


@pytest.fixture
def mart(alerts_home: Path, alerts_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mart]:
    """An empty incident log over a healthy October 2026, published and loaded just now; settings point at it."""
    for name in [n for n in os.environ if n.startswith(("CAUDAL_SMTP", "CAUDAL_ALERT", "CAUDAL_DASHBOARD"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CAUDAL_HOME", str(alerts_home))
    monkeypatch.setenv("CAUDAL_WAREHOUSE_URL", alerts_url)
    settings.cache_clear()
    warehouse.bootstrap()
    mart = Mart(alerts_home)
    mart.execute("truncate ops.incident, ops.incident_event, ops.alert_message, ops.run, ops.build restart identity cascade")
    mart.execute("drop table if exists marts.mart_commercial__month")
    columns = ["period_month date", *(f"{n} text" for n in TEXTS), *(f"{n} numeric(18, 2)" for n in AMOUNTS), *(f"{n} numeric(18, 3)" for n in VOLUMES),
               *(f"{n} bigint" for n in COUNTS)]
    mart.execute(f"create table marts.mart_commercial__month ({', '.join(columns)})")
    mart.execute("grant select on marts.mart_commercial__month to caudal_read")
    mart.execute("insert into ops.run (pipeline, entity, status, ended_at) values ('replicate', 'account_move', 'ok', now())")
    mart.add_month(OCTOBER)
    mart.build(ok=True)
    shutil.rmtree(alerts_home / "outbox", ignore_errors=True)
    yield mart
    monkeypatch.undo()
    settings.cache_clear()
