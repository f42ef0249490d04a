"""What a dataset's file may say in few words, and what it stands for: the months of a mart, the months that lead to the chosen one, some rows of another
dataset, the name of a month. What the file says beside them counts before what they bring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent
from typing import Any

_PERIOD = {"label": "Período", "description": 'Mes cerrado, como "oct 2026".'}
_NAME = re.compile(r"[a-z_]\w*")
# The period filter says where a trend ends, not which month to show: thirteen months, so that a year ago is among them. Months are the commercial
# mart's, which has every closed one.
_TREND = """{{% set chosen = filter_values('period_label', remove_filter=True) %}}
with months as (
    select distinct period_month,
        {month_name} as period_label
    from marts.mart_commercial__month
),
ending as (
    select coalesce(
        max(period_month){{% if chosen %}} filter (where period_label in {{{{ chosen | where_in }}}}){{% endif %}},
        max(period_month)
    ) as last_month
    from months
)
select mart.*, months.period_label
from marts.{mart} as mart
left join months on months.period_month = mart.period_month
cross join ending
where mart.period_month <= ending.last_month{after}
    and mart.period_month >= ending.last_month - interval '12 months'
"""


class Misuse(Exception):
    """What is wrong with a file, as "campo <x>: <qué pasa>"."""


def month_name(date: str) -> str:
    """SQL of the month's name, as "oct 2026"; `date` is SQL of a date in it."""
    return (f"(array['ene','feb','mar','abr','may','jun','jul','ago','sep','oct','nov','dic'])[extract(month from {date})::int] "
            f"|| ' ' || extract(year from {date})::int")


def period(date: str, **own: Any) -> dict[str, Any]:
    """A column with the name of the month of `date` (SQL), with its label and description unless they are given."""
    return {**_PERIOD, **own, "expression": month_name(date)}


def expanded(content: Any, others: Mapping[str, Any]) -> Any:
    """The file in full: `month_of: mart`, `trend_of: mart` (and `months_after: n` of the last one), `base: dataset` with `where: {column: [value, …]}`,
    and a column's `month_name: date` said out. `others` are all files, by slug, as read. Raises Misuse."""
    if not isinstance(content, dict):
        return content
    full = _whole(content, others)
    if not isinstance(full.get("columns"), dict):
        return full
    return {**full, "columns": {name: _column(name, column) for name, column in full["columns"].items()}}


def _whole(content: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: content[key] for key in ("month_of", "trend_of", "base") if key in content}
    if len(said) > 1:
        raise Misuse(f"campo {list(said)[1]}: indique uno solo de {', '.join(said)}")
    if "where" in content and "base" not in said:
        raise Misuse("campo where: solo va con `base`")
    if "months_after" in content and "trend_of" not in said:
        raise Misuse("campo months_after: solo va con `trend_of`")
    if not said:
        return content
    [(key, name)] = said.items()
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Misuse(f"campo {key}: {name!r} no es un nombre")
    brought = _base(name, content, others) if key == "base" else _month(name) if key == "month_of" else _trend(name, content.get("months_after", 0))
    own = {k: v for k, v in content.items() if k not in (key, "where", "months_after")}
    merged = {k: {**brought[k], **own[k]} for k in ("columns", "sort_metrics") if isinstance(brought.get(k), dict) and isinstance(own.get(k), dict)}
    return {**brought, **own, **merged}


def _column(name: str, column: Any) -> Any:
    if not isinstance(column, dict) or "month_name" not in column:
        return column
    if "expression" in column or not isinstance(column["month_name"], str):
        raise Misuse(f"campo columns.{name}.month_name: escriba la fecha (SQL), y ninguna `expression`")
    return period(column["month_name"], **{key: value for key, value in column.items() if key != "month_name"})


def _monthly(mart: str) -> dict[str, Any]:
    return {"models": [mart], "time_column": "period_month", "formats": {"RD$": "RD$ M"}}


def _month(mart: str) -> dict[str, Any]:
    return {**_monthly(mart), "relation": f"marts.{mart}", "sort_metrics": {"orden_periodo": "period_month"},
            "columns": {"period_label": period("period_month")}}


def _trend(mart: str, after: Any) -> dict[str, Any]:
    if not isinstance(after, int):
        raise Misuse(f"campo months_after: {after!r} no es un número de meses")
    return {**_monthly(mart), "description": "Los trece meses que terminan en el período elegido (o en el último mes cerrado).",
            "sql": _TREND.format(mart=mart, month_name=month_name("period_month"), after=f" + interval '{after} month'" if after else ""),
            "columns": {"period_label": dict(_PERIOD)}}


def _base(name: str, content: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    base, where = others.get(name), content.get("where")
    if not isinstance(base, dict) or "sql" not in base:
        raise Misuse(f"campo base: {name!r} no es un conjunto de datos con `sql`")
    if not isinstance(where, dict) or not all(_NAME.fullmatch(str(column)) and isinstance(values, list) and values for column, values in where.items()):
        raise Misuse("campo where: escriba columna: [valor, …]")
    terms = [f"{column} in ({', '.join(_quoted(value) for value in values)})" for column, values in where.items()]
    return {**base, "sql": f"select *\nfrom (\n{indent(base['sql'].rstrip(), '    ')}\n) as base\nwhere {' and '.join(terms)}\n"}


def _quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
