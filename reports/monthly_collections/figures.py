"""The figures of the report. KPIs come from the semantic layer; breakdowns are sums of the collections marts; nothing is computed in float."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from psycopg import Connection, sql
from psycopg.rows import dict_row

from caudal import semantic
from reports import period

# Which indicators the report shows, in this order; what they mean is in dbt/semantic.
METRICS = (
    "collected_amount", "billed_amount", "credited_amount", "collection_efficiency", "payments_count", "receivable_amount", "overdue_amount",
    "delinquency_ratio", "delinquency_90_ratio", "average_collection_days", "active_contracts",
)


@dataclass(frozen=True)
class Indicator:
    """One KPI in the month, in the month before and in the same month of last year (None where the marts do not reach)."""

    name: str
    label_es: str
    unit: str
    value: Decimal | None
    previous: Decimal | None
    last_year: Decimal | None


@dataclass(frozen=True)
class Slice:
    """How to break collections down: `keys` are columns of `mart_collections__daily`, `titles` their Spanish headings."""

    name: str
    title: str
    keys: tuple[str, ...]
    titles: tuple[str, ...]


SLICES = (
    Slice("Por canal", "Recaudación por canal", ("channel",), ("Canal",)),
    Slice("Por municipio", "Recaudación por municipio", ("municipality_name",), ("Municipio",)),
    Slice("Por sector", "Recaudación por municipio y sector comercial", ("municipality_name", "sector_name"), ("Municipio", "Sector comercial")),
    Slice("Por tipo de usuario", "Recaudación por tipo de usuario", ("user_type_name",), ("Tipo de usuario",)),
    Slice("Por cobrador", "Recaudación por cobrador", ("collector_name",), ("Cobrador",)),
    Slice("Por forma de pago", "Recaudación por forma de pago", ("payment_form",), ("Forma de pago",)),
)


@dataclass(frozen=True)
class Line:
    """A row of a breakdown: collected in the month and in the one before (RD$, net of reversals), and payments of the month."""

    keys: tuple[str | date, ...]
    amount: Decimal
    count: int
    previous: Decimal


@dataclass(frozen=True)
class Breakdown:
    """`total` was summed by the database, apart from the rows."""

    slice: Slice
    rows: Sequence[Line]
    total: Line


@dataclass(frozen=True)
class Movement:
    """A payment of the month worth a line of its own. `amount` is signed; `unapplied` is what no document has absorbed yet."""

    paid_on: date
    contract_code: str
    channel: str
    collector_name: str
    payment_form: str
    amount: Decimal
    applied: Decimal
    unapplied: Decimal
    is_reversal: bool


@dataclass(frozen=True)
class Payments:
    """Totals of `fct_payment` in the month, RD$: received, reversed and given back to customers apart (all positive), and what was applied.

    `mart_reversed` is the commercial mart's own; `credit_balance` all that contracts have in their favour at month end.
    """

    net: Decimal
    received: Decimal
    reversed: Decimal
    refunded: Decimal
    applied: Decimal
    unapplied: Decimal
    mart_reversed: Decimal
    credit_balance: Decimal


@dataclass(frozen=True)
class Figures:
    month: date
    indicators: Mapping[str, Indicator]
    breakdowns: Sequence[Breakdown]
    days: Breakdown
    payments: Payments
    reversals: Sequence[Movement]
    unapplied: Sequence[Movement]


DAYS = Slice("Por día", "Recaudación por día", ("date_day",), ("Día",))


def collect(conn: Connection, month: date) -> Figures:
    """All figures of `month` (its first day), read through `conn` (role read)."""
    movements = _movements(conn, month)
    return Figures(
        month=month,
        indicators={i.name: i for i in _indicators(conn, month)},
        breakdowns=[_breakdown(conn, month, item) for item in SLICES],
        days=_days(conn, month),
        payments=_payments(conn, month),
        reversals=[m for m in movements if m.is_reversal or m.amount <= 0],
        unapplied=[m for m in movements if m.amount > 0 and not m.is_reversal],
    )


def _indicators(conn: Connection, month: date) -> list[Indicator]:
    layer = semantic.load()
    months = {"value": month, "previous": period.shift(month, -1), "last_year": period.shift(month, -12)}
    rows = semantic.fetch(conn, METRICS, by=["period_month"], where={"period_month": list(months.values())}, layer=layer)
    by_month = {row["period_month"]: row for row in rows}
    return [
        Indicator(name, layer.metric(name).label_es, layer.metric(name).unit, **{k: by_month.get(m, {}).get(name) for k, m in months.items()})
        for name in METRICS
    ]


def _breakdown(conn: Connection, month: date, item: Slice) -> Breakdown:
    keys = sql.SQL(", ").join(sql.SQL("coalesce({}, 'Sin asignar')").format(sql.Identifier(key)) for key in item.keys)
    # each municipality's sectors stand together; within, and elsewhere, the largest first
    groups = sql.SQL("").join(sql.SQL("coalesce({}, 'Sin asignar'), ").format(sql.Identifier(key)) for key in item.keys[:-1])
    statement = sql.SQL(
        """select grouping({keys}) <> 0 as is_total, array[{keys}] as keys,
               coalesce(sum(collected_amount) filter (where period_month = %(month)s), 0) as amount,
               coalesce(sum(payments_count) filter (where period_month = %(month)s), 0)::bigint as count,
               coalesce(sum(collected_amount) filter (where period_month = %(previous)s), 0) as previous
           from marts.mart_collections__daily
           where period_month in (%(month)s, %(previous)s)
           group by grouping sets (({keys}), ())
           order by 1, {groups}amount desc, 2"""
    ).format(keys=keys, groups=groups)
    return _split(item, conn.execute(statement, {"month": month, "previous": period.shift(month, -1)}).fetchall())


def _days(conn: Connection, month: date) -> Breakdown:
    """Every day of the month, those without collections too, from dim_date."""
    rows = conn.execute(
        """select grouping(d.date_day) <> 0, array[d.date_day], coalesce(sum(c.collected_amount), 0), coalesce(sum(c.payments_count), 0)::bigint, 0::numeric
           from marts.dim_date d left join marts.mart_collections__daily c on c.paid_on = d.date_day
           where d.period_month = %s group by grouping sets ((d.date_day), ()) order by 1, 2""",
        [month],
    ).fetchall()
    return _split(DAYS, rows)


def _split(item: Slice, rows: Sequence[tuple]) -> Breakdown:
    lines = [(is_total, Line(tuple(keys), amount, count, previous)) for is_total, keys, amount, count, previous in rows]
    return Breakdown(item, [line for is_total, line in lines if not is_total], next(line for is_total, line in lines if is_total))


def _payments(conn: Connection, month: date) -> Payments:
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            """select coalesce(sum(payment_amount), 0) as net,
                   coalesce(sum(payment_amount) filter (where payment_amount > 0), 0) as received,
                   coalesce(-sum(payment_amount) filter (where is_reversal), 0) as reversed,
                   coalesce(-sum(payment_amount) filter (where not is_reversal and payment_amount < 0), 0) as refunded,
                   coalesce(sum(applied_amount), 0) as applied, coalesce(sum(unapplied_amount), 0) as unapplied,
                   (select coalesce(sum(reversed_amount), 0) from marts.mart_commercial__month where period_month = %(month)s) as mart_reversed,
                   (select coalesce(sum(unapplied_credit_amount), 0) from marts.mart_commercial__month where period_month = %(month)s) as credit_balance
               from marts.fct_payment
               where paid_on between %(month)s and %(end)s""",
            {"month": month, "end": period.end_of(month)},
        ).fetchone()
    return Payments(**row)


def _movements(conn: Connection, month: date) -> list[Movement]:
    rows = conn.execute(
        """select p.paid_on, coalesce(c.contract_code, 'Sin asignar'), p.channel, coalesce(p.collector_name, 'Sin asignar'),
               coalesce(p.payment_form, 'Sin asignar'), p.payment_amount, p.applied_amount, p.unapplied_amount, p.is_reversal
           from marts.fct_payment p left join marts.dim_contract c using (contract_key)
           where p.paid_on between %s and %s and (p.is_reversal or p.payment_amount <= 0 or p.unapplied_amount <> 0)
           order by p.paid_on, p.payment_key""",
        [month, period.end_of(month)],
    ).fetchall()
    return [Movement(*row) for row in rows]
