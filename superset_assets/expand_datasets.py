"""Dataset files → Superset's datasets. Metrics come from dbt/semantic, columns from dbt's manifest; nobody writes either here."""

from __future__ import annotations

from typing import Any

from caudal.semantic import Metric
from caudal.semantic.sql import expression

from .context import TEXT_SUFFIX, Context, d3_format, identifier

_CERTIFIED = {"certified_by": "Caudal", "details": "Definido en dbt/semantic y probado en cada carga."}
_NUMERIC = ("numeric", "bigint", "integer", "smallint", "double", "real")


def dataset(context: Context, slug: str) -> dict[str, Any]:
    """The dataset in Superset's import format."""
    spec = context.assets.datasets[slug]
    schema, _, table = (spec.relation or f"marts.{slug}").partition(".")
    metrics = [_metric(m, spec.formats.get(m.unit)) for m in context.metrics_of(slug).values()]
    metrics += [_text_metric(context.layer.metric(name)) for name in spec.text_metrics]
    metrics += [_sort_metric(name, column) for name, column in spec.sort_metrics.items()]
    return {
        "table_name": table,
        "main_dttm_col": spec.time_column,
        "description": spec.description,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": spec.cache_timeout,
        "schema": schema,
        "catalog": None,
        "sql": spec.sql,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": {"certification": _CERTIFIED},
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": identifier("dataset", slug),
        "metrics": metrics,
        "columns": [_column(context, spec, name, column) for name, column in context.columns_of(slug).items()],
        "version": "1.0.0",
        "database_uuid": identifier("database", context.database_of(slug)),
    }


def _metric(metric: Metric, own_format: str | None) -> dict[str, Any]:
    return {
        "metric_name": metric.name,
        "verbose_name": metric.label_es,
        "metric_type": None,
        "expression": expression(metric),
        "description": f"{metric.description_es} Fórmula: {metric.formula_es}. Responsable: {metric.owner}.",
        "d3format": own_format or d3_format(metric),
        "currency": None,  # Superset would draw the ISO code: the format says RD$
        "extra": {"certification": _CERTIFIED},
        "warning_text": None,
    }


def _text_metric(metric: Metric) -> dict[str, Any]:
    """The metric as a person reads it, for the tooltip of a map, which draws bare numbers and no format."""
    places = int(metric.format.split(".")[-1][0])
    scale, unit = ("100 * ", " %") if metric.format.endswith("%") else ("", {"m3": " m³", "m3/h": " m³/h"}.get(metric.unit, ""))
    sign = "'RD$ ' || " if metric.unit == "RD$" else ""
    pattern = "FM999,999,999,990" + ("." + "0" * places if places else "")
    return {
        "metric_name": metric.name + TEXT_SUFFIX,
        "verbose_name": f"{metric.label_es} (texto)",
        "metric_type": None,
        "expression": f"{sign}to_char(round({scale}({expression(metric)}), {places}), '{pattern}') || '{unit}'",
        "description": f"{metric.label_es}, escrito.",
        "d3format": None,
        "currency": None,
        "extra": {"certification": _CERTIFIED},
        "warning_text": None,
    }


def _sort_metric(name: str, column: str) -> dict[str, Any]:
    return {
        "metric_name": name,
        "verbose_name": None,  # by its name alone do the bars know what to sort by and not to draw
        "metric_type": None,
        "expression": f"MAX({column})",
        "description": "Solo para ordenar; no es un indicador.",
        "d3format": None,
        "currency": None,
        "extra": {},
        "warning_text": None,
    }


def _column(context: Context, spec: Any, name: str, column: dict[str, Any]) -> dict[str, Any]:
    kind = (column.get("data_type") or "text").upper()
    numeric = kind.lower().startswith(_NUMERIC)
    return {
        "column_name": name,
        "verbose_name": column.get("label") or context.label(name),
        "is_dttm": kind == "DATE" or kind.startswith("TIMESTAMP"),
        "is_active": True,
        "type": kind,
        "advanced_data_type": None,
        "groupby": not numeric or name.endswith("_order"),
        "filterable": name not in ("ring", "geojson"),
        "expression": column.get("expression"),
        "description": (column.get("description") or "").strip(),
        "python_date_format": None,
        "extra": {},
    }
