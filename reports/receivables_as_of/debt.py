"""Debt by age at a past day, grouped by sector, contract or bucket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from psycopg import Connection, sql

from reports.errors import ReportError

FOLDER = Path(__file__).parent
ZERO = Decimal("0.00")


class By(StrEnum):
    """What a line of the answer is."""

    sector = "sector"
    contract = "contract"
    bucket = "bucket"


# Columns that name a line, by grouping. `bucket` groups by nothing: its lines are the buckets of the one group there is.
KEYS: dict[By, dict[str, str]] = {
    By.sector: {"municipality_name": "s.municipality_name", "sector_code": "s.sector_code", "sector_name": "s.sector_name"},
    By.contract: {"contract_code": "c.contract_code", "sector_code": "s.sector_code"},
    By.bucket: {"scope": "'todo'::text"},
}


@dataclass(frozen=True)
class Line:
    """What a group owed (RD$): in each bucket, in all and overdue."""

    keys: dict[str, str]
    buckets: dict[str, Decimal]

    @property
    def receivable(self) -> Decimal:
        return sum(self.buckets.values(), ZERO)


@dataclass(frozen=True)
class Debt:
    """Debt on a day. `current` is the name of the bucket that is not overdue; `credit` is in favour of customers, never netted."""

    day: date
    by: By
    buckets: tuple[str, ...]
    lines: tuple[Line, ...]
    credit: Decimal

    @property
    def current(self) -> str:
        return self.buckets[0]

    @property
    def total(self) -> Line:
        return Line({}, {name: sum((line.buckets[name] for line in self.lines), ZERO) for name in self.buckets})


def at(conn: Connection, day: date, by: By = By.sector) -> Debt:
    """Debt on `day`, from the published facts. Raises ReportError when the facts do not reach that day."""
    reaches = conn.execute("select published_as_of from marts.mart_data_status").fetchone()
    if reaches is None or reaches[0] is None:
        raise ReportError("todavía no hay nada publicado: ejecute `caudal build`")
    if day > reaches[0]:
        raise ReportError(f"los datos llegan hasta el {reaches[0]:%d/%m/%Y}; el {day:%d/%m/%Y} todavía no se conoce")
    names = tuple(row[0] for row in conn.execute("select ageing_bucket from marts.dim_ageing_bucket order by ageing_bucket_order"))
    keys = KEYS[by]
    positions = sql.SQL(", ").join(sql.SQL(str(i)) for i in range(1, len(keys) + 1))
    statement = sql.SQL((FOLDER / "debt.sql").read_text(encoding="utf-8")).format(
        keys=sql.SQL(", ").join(sql.SQL(column) for column in keys.values()), positions=positions)
    found: dict[tuple[str, ...], dict[str, Decimal]] = {}
    for *key, order, amount in conn.execute(statement, {"day": day}):
        found.setdefault(tuple(key), dict.fromkeys(names, ZERO))[names[order]] = amount
    lines = tuple(Line(dict(zip(keys, key, strict=True)), buckets) for key, buckets in found.items())
    owed = sum((line.receivable for line in lines), ZERO)
    credit = conn.execute((FOLDER / "credit.sql").read_bytes(), {"day": day, "owed": owed}).fetchone()[0]
    return Debt(day, by, names, lines, credit)
