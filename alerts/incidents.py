"""The life of an incident: open, update, close, acknowledge. Everything here runs inside the caller's transaction, as caudal_load.

Dedupe key: rule + slice. A finding that says what the open incident already says writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from alerts.detectors import Finding
from alerts.errors import AlertsError
from alerts.rulebook import SEVERITIES, Rule

Kind = Literal["opened", "worsened", "improved", "changed", "closed"]
Reason = Literal["recovered", "not_evaluable", "rule_removed"]
STORED_PLACES = Decimal("0.000001")  # a ratio's 0.01 % and a cent both survive; the long tail of a division does not make an update
VERBS = {"opened": "Nueva", "worsened": "Empeoró", "improved": "Mejoró", "changed": "Cambió", "closed": "Resuelta"}


@dataclass(frozen=True)
class IncidentChange:
    """One thing that happened to one incident in one evaluation; `event_id` is its row in `ops.incident_event`."""

    kind: Kind
    incident_id: int
    event_id: int
    rule: str
    title: str
    label: str
    severity: str
    previous_severity: str | None = None
    level: str | None = None
    metric: str | None = None
    value: Decimal | None = None
    previous_value: Decimal | None = None
    threshold: Decimal | None = None
    direction: str | None = None
    period_month: date | None = None
    previous_period: date | None = None
    figures: dict[str, Decimal | None] = field(default_factory=dict)
    detail: str | None = None
    opened_on: date | None = None
    reason: Reason | None = None

    def __str__(self) -> str:
        return f"{VERBS[self.kind]} #{self.incident_id} [{self.severity}] {self.title}: {self.label}"


def apply(conn: Connection, rules: Iterable[Rule], findings: Iterable[Finding], today: date, build_id: int | None,
          keep: frozenset[str] = frozenset()) -> list[IncidentChange]:
    """Bring `ops.incident` up to date with the findings; what changed. `keep`: rules that could not be evaluated, left alone.

    `today`: business date. `build_id`: the published build that the figures are of.
    """
    by_name = {rule.name: rule for rule in rules}
    open_ = {(row["rule"], row["slice_key"]): row for row in _open(conn)}
    found = {(f.rule, f.key): f for f in findings}
    changes = []
    for key, finding in found.items():
        rule, incident = by_name[finding.rule], open_.get(key)
        if incident is None:
            if finding.level:
                changes.append(_insert(conn, rule, finding, today, build_id))
        elif finding.level:
            changes.extend(_update(conn, rule, finding, incident, build_id))
        elif finding.is_current:
            changes.append(_close(conn, incident, finding, today, build_id, "recovered" if finding.is_evaluable else "not_evaluable"))
    stale = {f.rule for f in found.values() if not f.is_current}
    evaluated = {f.rule for f in found.values()}
    for key, incident in open_.items():
        name = incident["rule"]
        if name in keep or key in found:
            continue
        if name not in by_name:
            changes.append(_close(conn, incident, None, today, build_id, "rule_removed"))
        elif name in evaluated and name not in stale:  # the slice is no longer in the data
            changes.append(_close(conn, incident, None, today, build_id, "not_evaluable"))
    return changes


def acknowledge(conn: Connection, incident_id: int, by: str, note: str | None = None) -> None:
    """Record that a person has taken an open incident in hand. Raises AlertsError when it is not there or already closed."""
    row = conn.execute(
        """update ops.incident set acknowledged_by = %s, acknowledged_at = now(), acknowledged_note = %s, updated_at = now()
           where incident_id = %s and closed_at is null returning incident_id""", [by, note, incident_id]).fetchone()
    if row is None:
        raise AlertsError(f"No hay una alerta abierta con el número {incident_id}. Vea `caudal alerts list`.")
    conn.execute("insert into ops.incident_event (incident_id, kind, note) values (%s, 'acknowledged', %s)",
                 [incident_id, f"{by}: {note}" if note else by])


def _open(conn: Connection) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from ops.incident where closed_at is null order by incident_id for update").fetchall()


def _stored(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(STORED_PLACES)


def _figures(finding: Finding) -> Jsonb:
    return Jsonb({name: None if value is None else str(_stored(value)) for name, value in finding.figures.items()})


def _insert(conn: Connection, rule: Rule, finding: Finding, today: date, build_id: int | None) -> IncidentChange:
    severity = rule.severity.of(finding.level)
    incident_id = conn.execute(
        """insert into ops.incident (rule, slice, slice_key, slice_label, title, metric, level, severity, value, threshold, direction,
               period_month, figures, detail, owner, opened_on)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning incident_id""",
        [rule.name, Jsonb(finding.slice), finding.key, finding.label, rule.title_es, finding.metric, finding.level, severity, _stored(finding.value),
         finding.threshold, finding.direction, finding.period_month, _figures(finding), finding.detail, rule.owner, today],
    ).fetchone()[0]
    event = _event(conn, incident_id, "opened", None, severity, None, _stored(finding.value), finding.period_month, build_id)
    return _change("opened", incident_id, event, rule, finding, severity, opened_on=today)


def _update(conn: Connection, rule: Rule, finding: Finding, incident: dict[str, Any], build_id: int | None) -> list[IncidentChange]:
    severity, value = rule.severity.of(finding.level), _stored(finding.value)
    before, previous = incident["severity"], incident["value"]
    if (finding.level, severity, value, finding.period_month) == (incident["level"], before, previous, incident["period_month"]):
        return []
    conn.execute(
        """update ops.incident set level = %s, severity = %s, value = %s, threshold = %s, direction = %s, period_month = %s, figures = %s,
               detail = %s, slice_label = %s, title = %s, owner = %s, updated_at = now() where incident_id = %s""",
        [finding.level, severity, value, finding.threshold, finding.direction, finding.period_month, _figures(finding), finding.detail,
         finding.label, rule.title_es, rule.owner, incident["incident_id"]],
    )
    event = _event(conn, incident["incident_id"], "updated", before, severity, previous, value, finding.period_month, build_id)
    rank, rank_before = (SEVERITIES.index(severity), finding.level == "critical"), (SEVERITIES.index(before), incident["level"] == "critical")
    kind: Kind = "worsened" if rank > rank_before else "improved" if rank < rank_before else "changed"
    return [_change(kind, incident["incident_id"], event, rule, finding, severity, previous_severity=before, previous_value=previous,
                    previous_period=incident["period_month"], opened_on=incident["opened_on"])]


def _close(conn: Connection, incident: dict[str, Any], finding: Finding | None, today: date, build_id: int | None, reason: Reason) -> IncidentChange:
    conn.execute("update ops.incident set closed_at = now(), updated_at = now(), closed_on = %s, closed_reason = %s where incident_id = %s",
                 [today, reason, incident["incident_id"]])
    value = _stored(finding.value) if finding else None
    period = finding.period_month if finding else incident["period_month"]
    event = _event(conn, incident["incident_id"], "closed", incident["severity"], None, incident["value"], value, period, build_id, reason)
    return IncidentChange(
        "closed", incident["incident_id"], event, incident["rule"], incident["title"], incident["slice_label"], incident["severity"],
        incident["severity"], None, incident["metric"], value, incident["value"], finding.threshold if finding else incident["threshold"],
        incident["direction"], period, incident["period_month"], dict(finding.figures) if finding else {},
        None, incident["opened_on"], reason,
    )


def _event(conn: Connection, incident_id: int, kind: str, before: str | None, after: str | None, value_before: Decimal | None,
           value_after: Decimal | None, period: date | None, build_id: int | None, note: str | None = None) -> int:
    return conn.execute(
        """insert into ops.incident_event (incident_id, kind, severity_before, severity_after, value_before, value_after, period_month, build_id, note)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning event_id""",
        [incident_id, kind, before, after, value_before, value_after, period, build_id, note],
    ).fetchone()[0]


def _change(kind: Kind, incident_id: int, event_id: int, rule: Rule, finding: Finding, severity: str, **more: Any) -> IncidentChange:
    return IncidentChange(
        kind, incident_id, event_id, rule.name, rule.title_es, finding.label, severity, level=finding.level, metric=finding.metric,
        value=finding.value, threshold=finding.threshold, direction=finding.direction, period_month=finding.period_month,
        figures=dict(finding.figures), detail=finding.detail, **more,
    )
