"""One evaluation: read the figures, bring the incidents up to date, queue a digest for each recipient, deliver.

Incidents, events and queued messages are one transaction; delivery comes after it, so a mail server that is down loses nothing.
Evaluating again on the same data writes no event and sends nothing.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from pathlib import Path

import psycopg
from psycopg import Connection

from alerts import detectors, digest, incidents, outbox, rulebook
from alerts.errors import DeliveryFailed, RulesNotEvaluated
from alerts.incidents import IncidentChange
from alerts.rulebook import DataStatusRule, MetricRule, Rule
from alerts.settings import AlertSettings, alert_settings
from caudal import runlog, warehouse
from caudal.semantic import SemanticError, SemanticLayer, load
from caudal.settings import settings

log = logging.getLogger(__name__)


def evaluate(notify: bool = True, *, rules: Path | None = None) -> list[IncidentChange]:
    """Evaluate every rule of `rules` (default: `CAUDAL_ALERT_RULES`, else `alerts/rules`); what changed.

    Without `notify` the incidents change and nobody is told, now or later. Raises RuleError before touching anything when a rule is wrong;
    RulesNotEvaluated and DeliveryFailed after everything that could be done is committed.
    """
    config = alert_settings()
    files = rulebook.load(rules or config.rules, config.contacts)
    with runlog.run("alerts") as record, warehouse.connect("load", autocommit=True) as conn, warehouse.advisory_lock(conn, "alerts"):
        status = detectors.data_status(conn)
        layer, problems = _layer(files, status)
        found, more = _detect(conn, [f.rule for f in files], layer, status)
        problems.update(more)
        with conn.transaction():
            changes = incidents.apply(conn, [f.rule for f in files], found, settings().today, status.published_build_id, frozenset(problems))
            queued = _queue(conn, [f.rule for f in files], changes, layer, status, found, config) if notify else 0
        record.rows_read, record.rows_inserted = len(found), sum(c.kind == "opened" for c in changes)
        record.rows_updated = len(changes) - record.rows_inserted
        errors = outbox.deliver(conn, config) if notify else []
        record.details.update(queued=queued, undelivered=len(errors))
        for change in changes:
            log.info("%s", change)
        if problems:
            raise RulesNotEvaluated(problems, changes)
        if errors:
            raise DeliveryFailed(errors, changes)
    return changes


def _layer(files: list[rulebook.RuleFile], status: detectors.DataStatus) -> tuple[SemanticLayer | None, dict[str, str]]:
    """The semantic layer, with the rules checked against it. Before the first publication there is none, and that is no mistake."""
    if status.published_build_id is None:
        return None, {}
    try:
        layer = load()
    except SemanticError as error:  # the rules on the warehouse's own health must still run
        return None, {f.rule.name: str(error) for f in files if isinstance(f.rule, MetricRule)}
    rulebook.check(files, layer)
    return layer, {}


def _detect(conn: Connection, rules: list[Rule], layer: SemanticLayer | None,
            status: detectors.DataStatus) -> tuple[list[detectors.Finding], dict[str, str]]:
    found: list[detectors.Finding] = []
    problems: dict[str, str] = {}
    for rule in rules:
        if isinstance(rule, DataStatusRule):
            found += detectors.data_status_findings(conn, rule, status)
    if layer is not None:
        with warehouse.connect("read") as marts:
            for rule in rules:
                if isinstance(rule, MetricRule):
                    try:
                        found += detectors.metric_findings(marts, rule, layer, status)
                    except (SemanticError, psycopg.Error) as error:  # one broken rule leaves the others running
                        marts.rollback()
                        problems[rule.name] = str(error).strip()
    return found, problems


def _queue(conn: Connection, rules: list[Rule], changes: list[IncidentChange], layer: SemanticLayer | None, status: detectors.DataStatus,
           found: list[detectors.Finding], config: AlertSettings) -> int:
    """One message for each recipient whom a change concerns; how many. A rule that was removed tells nobody: its recipients went with it."""
    by_name = {rule.name: rule for rule in rules}
    inbox: dict[str, list[IncidentChange]] = defaultdict(list)
    for change in changes:
        if change.rule in by_name:
            for address in _addresses(by_name[change.rule], config):
                inbox[address].append(change)
    is_current = not status.is_stale and all(f.is_current for f in found)
    for address, theirs in sorted(inbox.items()):
        names = [rule.name for rule in rules if address in _addresses(rule, config)]
        open_count = conn.execute("select count(*) from ops.incident where closed_at is null and rule = any(%s)", [names]).fetchone()[0]
        outbox.enqueue(conn, digest.build(address, theirs, by_name, layer, status, settings().today, open_count, config.dashboard, is_current))
    return len(inbox)


def _addresses(rule: Rule, config: AlertSettings) -> list[str]:
    groups = [[name] if "@" in name else config.contacts[name] for name in rule.recipients]
    return sorted({address for group in groups for address in group})


