"""What identifies the content of a range of keys, computed by PostgreSQL: the same expressions for a source and for its raw table.

Both sessions must write values alike: time zone UTC, DateStyle ISO (`SESSION`). The source gives, for each mapped column, the
expression that `COPY` loads; the raw table gives the column itself. `select <range_prints(…)> from … group by 1`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from psycopg import sql

from sources.contract import Column, RangePrint

SCALE = {"money": 2, "quantity": 3, "coordinate": 6}  # of SQL_TYPE
SUMMED = ("money", "quantity", "coordinate", "integer")
SESSION = "set timezone to 'UTC'; set datestyle to 'ISO, YMD'; set intervalstyle to 'postgres'; set extra_float_digits to 1"


def summed(columns: Iterable[Column]) -> list[Column]:
    """The columns whose Σ is in a print, in its order."""
    return [column for column in columns if column.type in SUMMED]


def stored(column: Column, expression: sql.Composable) -> sql.Composable:
    """The expression as the raw table will hold it. Rounded, not cast: a value too large for the raw column must not stop the query."""
    if column.type in SCALE:
        return sql.SQL("round(({})::numeric, {})").format(expression, sql.Literal(SCALE[column.type]))
    return expression


def range_prints(columns: Sequence[tuple[Column, sql.Composable]], key: sql.Composable, width: int) -> sql.Composed:
    """The select list: key // width, rows, Σ of keys, Σ of each numeric column (`summed`), checksum of all columns.

    The checksum is the sum of the first 8 bytes of each row's md5. A record's text tells NULL from '' and one column from the next.
    Without columns there is none, only rows and Σ of keys.
    """
    values = [(column, stored(column, expression)) for column, expression in columns]
    sums = [sql.SQL("coalesce(sum({}), 0)").format(value) for column, value in values if column.type in SUMMED]
    checksum = sql.SQL("sum(('x' || left(md5(row({})::text), 16))::bit(64)::bigint)").format(sql.SQL(", ").join(v for _, v in values))
    if not values:
        checksum = sql.SQL("null::numeric")
    return sql.SQL(", ").join([
        sql.SQL("({} / {})::bigint").format(key, sql.Literal(width)), sql.SQL("count(*)"), sql.SQL("sum({})").format(key), *sums, checksum])


def read_prints(rows: Iterable[Sequence[Any]]) -> dict[int, RangePrint]:
    """The result of a query with that select list, by range."""
    return {row[0]: RangePrint(row[1], Decimal(row[2]), tuple(Decimal(s) for s in row[3:-1]), None if row[-1] is None else Decimal(row[-1]))
            for row in rows}
