"""What each rule finds now: one finding for each slice, good or bad. Reads marts and ops; writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from psycopg import Connection
from psycopg.rows import dict_row

from alerts import wording
from alerts.figures import last_closed_month, published_month
from alerts.rulebook import DataStatusRule, MetricRule
from alerts.thresholds import Direction, Level, level
from caudal.semantic import SemanticLayer, fetch

KEY_WARN_DAYS, KEY_CRITICAL_DAYS = 14, 3  # before the key with which Odoo is read ends


@dataclass(frozen=True)
class DataStatus:
    """`ops.data_status`: whether the published data may be trusted to be today's."""

    published_build_id: int | None
    is_stale: bool
    message_es: str
    hours_since_load: float | None
    published_as_of: date | None


@dataclass(frozen=True)
class Finding:
    """One rule on one slice. `level` None: within bounds. `is_evaluable` False: no figure, or too small a slice.

    `is_current` False: the figure is of data that should have been replaced by now; it may open an incident, never close one.
    """

    rule: str
    slice: dict[str, str]
    level: Level | None
    is_evaluable: bool = True
    is_current: bool = True
    metric: str | None = None
    value: Decimal | None = None
    threshold: Decimal | None = None
    direction: Direction | None = None
    period_month: date | None = None
    figures: dict[str, Decimal | None] = field(default_factory=dict)
    label: str = ""
    detail: str | None = None

    @property
    def key(self) -> str:
        """The slice as text: with the rule, what makes two findings the same trouble."""
        return json.dumps(self.slice, ensure_ascii=False, sort_keys=True)


def data_status(conn: Connection) -> DataStatus:
    """The state of the published data, as every consumer shows it."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            """select published_build_id, is_stale, message_es, published_as_of,
                      (extract(epoch from now() - last_load_at) / 3600)::float as hours_since_load from ops.data_status"""
        ).fetchone()
    return DataStatus(**row)


def metric_findings(conn: Connection, rule: MetricRule, layer: SemanticLayer, status: DataStatus) -> list[Finding]:
    """One finding for each slice of `rule` in the last closed month that is published; none when the mart is empty."""
    metric = layer.metric(rule.metric)
    warn, critical, direction = rule.bounds(metric)
    period = published_month(conn, layer, rule.metric)
    if period is None:
        return []
    is_current = not status.is_stale and period == last_closed_month()
    findings = []
    for dimensions in rule.slices:
        rows = fetch(conn, rule.metrics, dimensions, {**rule.where, metric.model.time_dimension: period}, layer)
        for row in rows:
            slice_ = {**{k: str(v) for k, v in rule.where.items()}, **{name: str(row[name]) for name in dimensions}}
            value = row[rule.metric]
            size = row[rule.minimum.metric] if rule.minimum else None
            is_evaluable = value is not None and (rule.minimum is None or (size is not None and size >= rule.minimum.value))
            found = level(value, warn, critical, direction) if is_evaluable else None
            # within bounds, what it is measured against is the first bound it would cross
            first = warn if warn is not None else critical
            findings.append(Finding(
                rule.name, slice_, found, is_evaluable, is_current, rule.metric, value, critical if found == "critical" else first, direction,
                period, {name: row[name] for name in rule.figures}, wording.slice_label(slice_),
            ))
    return findings


def data_status_findings(conn: Connection, rule: DataStatusRule, status: DataStatus) -> list[Finding]:
    """The last build, the age of the last load, each entity whose last replication failed or that does not reconcile, a key about to end. Reads ops."""
    hours = status.hours_since_load
    build_level: Level | None = "critical" if status.is_stale else None
    warn, critical = Decimal(str(rule.warn_hours)), Decimal(str(rule.critical_hours))
    load_level: Level | None
    if hours is None:
        load_level, load_text = "critical", "Ninguna carga ha terminado bien todavía."
    else:
        load_level = level(Decimal(str(hours)), warn, critical, "down")
        # the bound, not the hours: they change at every look, and the same trouble must read the same
        load_text = f"La última carga terminó hace más de {critical if load_level == 'critical' else warn:g} horas."
    findings = [
        Finding(rule.name, {"control": "build"}, build_level, label="Publicación de los datos", detail=status.message_es),
        Finding(rule.name, {"control": "load_age"}, load_level, label="Antigüedad de la carga", detail=load_text),
    ]
    runs = conn.execute(
        """select distinct on (pipeline, entity) entity, status, error from ops.run
           where pipeline in ('replicate', 'geo') and entity is not null and status <> 'running' order by pipeline, entity, run_id desc"""
    ).fetchall()
    findings += [
        Finding(rule.name, {"control": "entity", "entity": entity}, "warn" if state == "failed" else None, label=f"Carga de {entity}",
                detail=f"La última carga de «{entity}» falló: {(error or '').splitlines()[0][:300] if error else 'sin mensaje'}")
        for entity, state, error in runs
    ]
    checks = conn.execute(
        """select distinct on (entity) entity, status, different_groups from ops.reconciliation
           where kind = 'reconcile' and status <> 'failed' order by entity, id desc"""
    ).fetchall()
    findings += [
        Finding(rule.name, {"control": "reconciliation", "entity": entity}, "warn" if state == "difference" else None, label=f"Conciliación de {entity}",
                detail=f"«{entity}» no cuadra con Odoo en {groups} combinaciones de día y estado. `caudal reconcile --entity {entity}` dice qué filas y por qué.")
        for entity, state, groups in checks
    ]
    keys = conn.execute("select source, expires_on, expires_on - current_date from ops.source_credential where expires_on is not null").fetchall()
    findings += [
        Finding(rule.name, {"control": "credential", "source": source},
                "critical" if days <= KEY_CRITICAL_DAYS else "warn" if days <= KEY_WARN_DAYS else None, label="Clave de Odoo",
                detail=f"La clave de API con que se lee Odoo vence el {ends:%d/%m/%Y}: después no habrá réplica. Genere otra y póngala en su lugar.")
        for source, ends, days in keys
    ]
    return findings
