"""The figures that the rules see: metrics of the last closed month, computed by the semantic layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

from psycopg import Connection

from caudal import warehouse
from caudal.semantic import SemanticLayer, fetch, load
from caudal.semantic.sql import dimension_values
from caudal.settings import settings


def last_closed_month(today: date | None = None) -> date:
    """First day of the month that ended before `today` (default: the business date)."""
    return ((today or settings().today).replace(day=1) - timedelta(days=1)).replace(day=1)


def published_month(conn: Connection, layer: SemanticLayer, metric: str) -> date | None:
    """The last closed month that the metric's mart holds: earlier than `last_closed_month()` when the data are old. None for an empty mart."""
    model = layer.metric(metric).model
    months = [row[model.time_dimension] for row in dimension_values(conn, layer, metric, [model.time_dimension])]
    return max((m for m in months if m <= last_closed_month()), default=None)


def values(
    metric: str, by: Sequence[str] = (), where: Mapping[str, Any] | None = None, conn: Connection | None = None
) -> list[dict[str, Any]]:
    """Rows {dimension: value, ..., metric: Decimal | None} of the last closed month that is published, as `caudal.semantic.fetch` gives them.

    `where` filters by dimension; a month given there replaces the last closed one. Raises the errors of `caudal.semantic`.
    """
    with nullcontext(conn) if conn is not None else warehouse.connect("read") as connection:
        layer = load()
        time = layer.metric(metric).model.time_dimension
        month = {} if time in (where or {}) else {time: published_month(connection, layer, metric)}
        return fetch(connection, [metric], by, {**month, **(where or {})}, layer)
