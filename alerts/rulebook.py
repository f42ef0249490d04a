"""The rules: what `alerts/rules/*.yml` may say, read and checked whole before anything is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from alerts.errors import RuleError
from alerts.thresholds import Direction, Level, consistent
from caudal.semantic import Metric, SemanticError, SemanticLayer
from caudal.yaml_file import BadYaml, YamlFile

Severity = Literal["baja", "media", "alta", "critica"]
SEVERITIES: tuple[Severity, ...] = ("baja", "media", "alta", "critica")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeverityByLevel(Strict):
    """How grave each level is for the people who receive it."""

    warn: Severity = "media"
    critical: Severity = "alta"

    def of(self, level: Level) -> Severity:
        return self.warn if level == "warn" else self.critical


class Thresholds(Strict):
    """Overrides of the metric's own bounds, in the unit of the value (85 % is 0.85)."""

    warn: Decimal | None = None
    critical: Decimal | None = None
    direction: Direction | None = None


class Minimum(Strict):
    """Below this, a slice is too small to say anything (a sector that billed RD$ 900)."""

    metric: str
    value: Decimal


class BaseRule(Strict):
    """What every rule has. `recipients`: groups of `alerts/contacts.yml` or e-mail addresses."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title_es: str = Field(min_length=3)
    owner: str = Field(min_length=2)
    recipients: tuple[str, ...] = Field(min_length=1)
    action_es: str = Field(min_length=10)
    dashboard: str | None = None
    severity: SeverityByLevel = SeverityByLevel()


class MetricRule(BaseRule):
    """A metric out of bounds in the last closed month, in total and/or by dimensions (`slices`: one list of dimensions each)."""

    kind: Literal["metric"] = "metric"
    metric: str
    slices: tuple[tuple[str, ...], ...] = Field(min_length=1)
    where: dict[str, Any] = {}
    thresholds: Thresholds = Thresholds()
    minimum: Minimum | None = None
    figures: tuple[str, ...] = ()

    def bounds(self, metric: Metric) -> tuple[Decimal | None, Decimal | None, Direction]:
        """(warn, critical, direction): the rule's where it gives them, else the metric's."""
        own = self.thresholds
        return (own.warn if own.warn is not None else metric.warn, own.critical if own.critical is not None else metric.critical,
                own.direction or metric.direction)

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that the rule reads, its own first."""
        extra = (self.minimum.metric,) if self.minimum else ()
        return tuple(dict.fromkeys((self.metric, *self.figures, *extra)))


class DataStatusRule(BaseRule):
    """The warehouse's own health: a build that failed, an entity that did not load, a load too old (hours)."""

    kind: Literal["data_status"]
    warn_hours: float = Field(gt=0)
    critical_hours: float = Field(gt=0)


Rule = Annotated[MetricRule | DataStatusRule, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Rule] = TypeAdapter(Rule)


class RuleFile:
    """One rule, where it is written, and the lines of its fields."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = YamlFile(path)
        except BadYaml as error:
            raise RuleError(str(error)) from None
        if not isinstance(self._file.data, dict):
            raise RuleError(f"{path}:1: a rule is a mapping of fields; see alerts/README.md")
        try:
            self.rule: Rule = _ADAPTER.validate_python({"kind": "metric", **self._file.data})
        except ValidationError as error:
            # the first part of a location is the kind of rule, not a field
            raise RuleError("\n".join(self._file.mistakes(error, skip=1, whole="rule"))) from None
        if self.rule.name != path.stem:
            raise RuleError(self.at(("name",), f"must be {path.stem!r}, as the file is called"))

    def at(self, location: tuple, message: str) -> str:
        """`file:line: field: message`."""
        return self._file.said(location, message, whole="rule")

    def unknown_recipients(self, contacts: dict[str, list[str]]) -> Iterator[str]:
        """A message for each recipient that is neither an address nor a group of contacts.yml."""
        for position, name in enumerate(self.rule.recipients):
            if "@" not in name and name not in contacts:
                yield self.at(("recipients", position), f"{name!r} is neither an e-mail address nor a group of the contacts file ({', '.join(contacts)})")

    def misfits(self, layer: SemanticLayer) -> Iterator[str]:
        """A message for each metric, dimension or bound that the semantic layer does not back."""
        rule = self.rule
        if not isinstance(rule, MetricRule):
            return
        places = {rule.metric: ("metric",), **{m: ("figures", i) for i, m in enumerate(rule.figures)}}
        if rule.minimum:
            places.setdefault(rule.minimum.metric, ("minimum", "metric"))
        for name, place in places.items():
            try:
                if layer.metric(name).table != layer.metric(rule.metric).table:
                    yield self.at(place, f"{name!r} is not of the same mart as {rule.metric!r}")
            except SemanticError as error:
                yield self.at(place, str(error))
                return
        metric = layer.metric(rule.metric)
        used = [(("slices", i, j), name) for i, dims in enumerate(rule.slices) for j, name in enumerate(dims)]
        for place, name in [*used, *((("where", name), name) for name in rule.where)]:
            if name not in metric.dimensions:
                yield self.at(place, f"{name!r} is no dimension of {rule.metric!r}; it has: {', '.join(metric.dimensions)}")
        warn, critical, direction = rule.bounds(metric)
        if warn is None and critical is None:
            yield self.at(("thresholds",), f"neither the rule nor the metric {rule.metric!r} has a threshold: give warn or critical")
        if direction not in ("up", "down"):
            yield self.at(("thresholds", "direction"), f"the metric {rule.metric!r} has no good direction: say up or down")
        elif not consistent(warn, critical, direction):
            yield self.at(("thresholds",), f"critical ({critical}) must lie beyond warn ({warn}) for direction {direction!r}")


def load(folder: Path, contacts: dict[str, list[str]]) -> list[RuleFile]:
    """Every rule of `folder`, in order of name. Raises RuleError listing all mistakes of all files; an empty folder is one."""
    files, problems = [], []
    for path in sorted(folder.glob("*.yml")):
        try:
            files.append(RuleFile(path))
        except RuleError as error:
            problems.append(str(error))
        else:
            problems.extend(files[-1].unknown_recipients(contacts))
    if not files and not problems:
        problems.append(f"{folder}: there is no rule (*.yml)")
    if problems:
        raise RuleError("\n".join(problems))
    return files


def check(files: list[RuleFile], layer: SemanticLayer) -> None:
    """Raises RuleError listing every metric, dimension or bound that the semantic layer does not back."""
    problems = [problem for file in files for problem in file.misfits(layer)]
    if problems:
        raise RuleError("\n".join(problems))
