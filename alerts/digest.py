"""One message for each recipient: everything that changed in an evaluation that concerns them, as text and as HTML.

Reads: `alerts/templates/`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import groupby

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts import wording
from alerts.detectors import DataStatus
from alerts.incidents import VERBS, IncidentChange
from alerts.rulebook import SEVERITIES, BaseRule
from alerts.settings import FOLDER
from caudal.semantic import SemanticLayer, formats

ORDER = ("opened", "worsened", "changed", "improved", "closed")
COLOURS = {"baja": "#5b7083", "media": "#b26a00", "alta": "#b3261e", "critica": "#7a0c0c"}
RESOLVED = "#1b6e3c"


@dataclass(frozen=True)
class Digest:
    """A message ready to be queued."""

    recipient: str
    subject: str
    text: str
    html: str
    event_ids: list[int]


@dataclass(frozen=True)
class Item:
    """One change as a reader sees it."""

    verb: str
    severity: str
    colour: str
    label: str
    sentence: str
    figures: str
    since: str
    number: int
    is_closed: bool


@dataclass
class Group:
    """The changes of one rule."""

    title: str
    owner: str
    action: str | None
    url: str | None
    items: list[Item] = field(default_factory=list)


def build(recipient: str, changes: Iterable[IncidentChange], rules: dict[str, BaseRule], layer: SemanticLayer | None, status: DataStatus,
          today: date, open_count: int, link: Callable[[str | None], str | None], is_current: bool = True) -> Digest:
    """The digest of `changes` for `recipient`. `open_count`: open incidents of their rules, after the evaluation.

    `layer` may be None when no change is of a metric. `is_current` False adds the warning that the figures are old.
    """
    ordered = sorted(changes, key=lambda c: (c.rule, ORDER.index(c.kind), -SEVERITIES.index(c.severity), -_gap(c), c.label, c.incident_id))
    groups = [_group(rules[name], list(items), layer, link) for name, items in groupby(ordered, key=lambda c: c.rule)]
    groups.sort(key=lambda g: all(item.is_closed for item in g.items))  # what needs doing first
    old = None if is_current else _old_data(status, ordered)
    context = {
        "groups": groups, "headline": _headline(ordered), "old": old, "data": status.message_es, "today": wording.day(today),
        "still_open": _still_open(open_count, ordered), "recipient": recipient,
    }
    environment = _templates()
    topics = groups[0].title + (f" y {len(groups) - 1} más" if len(groups) > 1 else "")
    return Digest(
        recipient, f"{'[Datos atrasados] ' if old else ''}Alertas de Caudal: {_headline(ordered)} · {topics}",
        environment.get_template("digest.txt.j2").render(context), environment.get_template("digest.html.j2").render(context),
        [c.event_id for c in ordered],
    )


def _gap(change: IncidentChange) -> float:
    """How far beyond its bound, relative to it: the worst first."""
    if change.value is None or change.threshold is None:
        return 0
    return float(abs(change.value - change.threshold) / (abs(change.threshold) or 1))


def _headline(changes: list[IncidentChange]) -> str:
    counted = {kind: sum(c.kind == kind for c in changes) for kind in ORDER}
    grave = [c for c in changes if c.kind in ("opened", "worsened") and c.severity in ("alta", "critica")]
    parts = [
        wording.count(counted["opened"], "nueva", "nuevas"),
        wording.count(counted["worsened"], "empeoró", "empeoraron"),
        wording.count(counted["changed"], "cambió", "cambiaron"),
        wording.count(counted["improved"], "mejoró", "mejoraron"),
        wording.count(counted["closed"], "resuelta", "resueltas"),
    ]
    text = ", ".join(part for part, kind in zip(parts, ORDER, strict=True) if counted[kind])
    return f"{text} ({wording.count(len(grave), 'grave', 'graves')})" if grave else text


def _still_open(open_count: int, changes: list[IncidentChange]) -> str | None:
    others = open_count - sum(c.kind != "closed" for c in changes)
    if others <= 0:
        return None
    return "Además sigue abierta 1 alerta sin cambios." if others == 1 else f"Además siguen abiertas {others:,} alertas sin cambios."


def _old_data(status: DataStatus, changes: list[IncidentChange]) -> str:
    months = [c.period_month for c in changes if c.period_month]
    until = f" Las cifras de este mensaje llegan hasta {wording.month(max(months))}." if months else ""
    return f"{status.message_es}{until} Ninguna alerta se cierra con datos atrasados."


def _group(rule: BaseRule, changes: list[IncidentChange], layer: SemanticLayer | None, link: Callable[[str | None], str | None]) -> Group:
    group = Group(rule.title_es, rule.owner, rule.action_es if any(c.kind != "closed" for c in changes) else None, link(rule.dashboard))
    for change in changes:
        is_closed = change.kind == "closed"
        opened = wording.day(change.opened_on)
        group.items.append(Item(
            VERBS[change.kind], wording.SEVERITIES[change.severity], RESOLVED if is_closed else COLOURS[change.severity], change.label,
            _sentence(change, layer), _figures(change, layer), f"estuvo abierta desde el {opened}" if is_closed else f"abierta desde el {opened}",
            change.incident_id, is_closed,
        ))
    return group


def _sentence(change: IncidentChange, layer: SemanticLayer | None) -> str:
    """What happened: the figure against its bound, the month, and what it was before."""
    if change.kind == "closed" and change.reason == "not_evaluable":
        return "Se cierra: ya no hay datos suficientes para evaluarla."
    if change.metric is None:
        return "Volvió a la normalidad." if change.kind == "closed" else change.detail or ""
    metric = layer.metric(change.metric)
    value, threshold = wording.figures_apart(metric, change.value, change.threshold)
    bound = wording.bound(threshold, change.direction)
    where = f"{metric.label_es} de {wording.month(change.period_month)}: {value}"
    if change.kind == "closed":
        return f"{where}, de nuevo dentro de lo aceptado ({bound})."
    before = ""
    if change.previous_value is not None:
        earlier = f" en {wording.month(change.previous_period)}" if change.previous_period != change.period_month else ""
        before = f" Antes: {formats.value(metric, change.previous_value)}{earlier}."
    return f"{where}; {bound} ({wording.level(change.level)}).{before}"


def _figures(change: IncidentChange, layer: SemanticLayer | None) -> str:
    if layer is None:
        return ""
    metrics = [(layer.metric(name), value) for name, value in change.figures.items()]
    return " · ".join(f"{metric.label_es}: {formats.value(metric, value)}" for metric, value in metrics)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(loader=FileSystemLoader(FOLDER / "templates"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                              autoescape=lambda name: name is not None and name.endswith(".html.j2"), keep_trailing_newline=True)
    # an amount is never parted from its RD$, nor a percentage from its sign, at the end of a line
    environment.filters["whole"] = lambda text: text.replace("RD$ ", "RD$\u00a0").replace(" %", "\u00a0%")
    return environment
