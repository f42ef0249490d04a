"""Metric filters: MetricFlow's `{{ Dimension('entity__column') }} = 'x'` turned into plain column names."""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import UnknownDimension, UntranslatableMetric
from .model import SemanticModel

_CALL = re.compile(
    r"\{\{\s*(?P<kind>Dimension|TimeDimension)\(\s*'(?P<path>\w+)'\s*(?:,\s*'(?P<grain>\w+)'\s*)?\)\s*\}\}"
)


def render(template: str, model: SemanticModel, metric: str, column: Callable[[str], str]) -> str:
    """`template` with each Dimension() call replaced by `column(expr)`.

    Raises UntranslatableMetric for anything that is not a dimension of the metric's own model at its own grain.
    """

    def replace(match: re.Match) -> str:
        entity, _, name = match["path"].rpartition("__")
        if entity and entity != model.primary_entity:
            raise UntranslatableMetric(metric, f"its filter reaches another entity ({match['path']})")
        if name == "metric_time":
            name = model.time_dimension or name
        try:
            dimension = model.dimension(name)
        except UnknownDimension as error:
            raise UntranslatableMetric(metric, str(error)) from None
        if match["grain"] and match["grain"].lower() != dimension.granularity:
            raise UntranslatableMetric(metric, f"its filter changes the grain of {name!r} to {match['grain']}")
        return column(dimension.expr)

    rendered = _CALL.sub(replace, template)
    if "{{" in rendered or "{%" in rendered:
        raise UntranslatableMetric(metric, f"its filter is not understood: {template}")
    return rendered.strip()
