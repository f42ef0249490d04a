"""Alerts: rules over the published metrics, incidents that open, change and close, and messages in Spanish.

Reads: `alerts/rules/*.yml`, `marts` through the semantic layer, `ops.data_status`. Writes: `ops.incident`, `ops.incident_event`,
`ops.alert_message`. No KPI formula lives here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from alerts.incidents import IncidentChange

__all__ = ["evaluate", "values"]


def evaluate(notify: bool = True, *, rules: Path | None = None) -> list[IncidentChange]:
    """Evaluate every rule, bring the incidents up to date and (with `notify`) send one digest to each recipient. See `alerts.evaluation`."""
    from alerts.evaluation import evaluate as run

    return run(notify, rules=rules)


def values(metric: str, by: Sequence[str] = (), where: Mapping[str, Any] | None = None, conn: Connection | None = None) -> list[dict[str, Any]]:
    """The figure that the rules see: `metric` of the last closed month by the dimensions `by`. See `alerts.figures`."""
    from alerts.figures import values as run

    return run(metric, by, where, conn)
