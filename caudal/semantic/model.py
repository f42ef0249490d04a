"""Typed picture of the semantic layer: models, measures, metrics and each metric's resolved computation.

A metric is resolved once, at load, into a small tree (`Aggregate`, `Ratio`, `Derived`, `Constant`, `Unsupported`); the
translators (`sql`, `dax`) only walk that tree, so they cannot disagree about what a metric means.
"""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from .errors import UnknownDimension, UnknownMetric


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Dimension(Frozen):
    name: str
    type: Literal["time", "categorical"]
    expr: str
    label: str | None = None
    granularity: str | None = None


class SemanticModel(Frozen):
    """One mart as MetricFlow sees it. `schema_name.table` is always the published relation."""

    name: str
    schema_name: str
    table: str
    label: str | None = None
    description: str = ""
    primary_entity: str | None = None
    time_dimension: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    may_be_empty: bool = False
    whole_utility: bool = True  # the mart is only for who sees all of the utility (its `meta` in dbt); where that is not known, it is

    @property
    def relation(self) -> str:
        return f"{self.schema_name}.{self.table}"

    def dimension(self, name: str) -> Dimension:
        """The dimension called `name`. Raises UnknownDimension, naming those that exist."""
        for dimension in self.dimensions:
            if dimension.name == name:
                return dimension
        known = ", ".join(d.name for d in self.dimensions)
        raise UnknownDimension(f"{name!r} is no dimension of semantic model {self.name!r} ({self.relation}); it has: {known}")


class Aggregate(Frozen):
    """One measure aggregated over the rows of its mart.

    `where`: filters as MetricFlow writes them (Jinja templates), applied before anything else.
    `last_by`: for a balance, the time dimension whose last value alone is summed.
    """

    kind: Literal["aggregate"] = "aggregate"
    metric: str
    model: str
    measure: str
    agg: str
    expr: str
    where: tuple[str, ...] = ()
    last_by: str | None = None
    fill_nulls_with: int | None = None
    percentile: Decimal | None = None  # of agg `percentile` (a median is the one of 0.5): continuous, interpolated

    @property
    def is_exact(self) -> bool:
        """Whether its values are exact decimals or integers: an average or a percentile is a real number."""
        return self.agg not in ("average", "percentile")


class Ratio(Frozen):
    """Sum over sum; NULL where the denominator is 0 or NULL."""

    kind: Literal["ratio"] = "ratio"
    metric: str
    numerator: Node
    denominator: Node
    filtered: bool = False


class Derived(Frozen):
    """Arithmetic over other metrics; `inputs` maps the names used in `expr`."""

    kind: Literal["derived"] = "derived"
    metric: str
    expr: str
    inputs: dict[str, Node]
    filtered: bool = False


class Unsupported(Frozen):
    """A construct no translator expresses exactly; raising is left to the translator."""

    kind: Literal["unsupported"] = "unsupported"
    metric: str
    reason: str


Node = Annotated[Aggregate | Ratio | Derived | Unsupported, Field(discriminator="kind")]
Ratio.model_rebuild()
Derived.model_rebuild()


def leaves(node: Node) -> list[Aggregate]:
    """The measures that the computation stands on, in order, with repetitions."""
    if isinstance(node, Aggregate):
        return [node]
    if isinstance(node, Ratio):
        return leaves(node.numerator) + leaves(node.denominator)
    if isinstance(node, Derived):
        return [leaf for child in node.inputs.values() for leaf in leaves(child)]
    return []


class Metric(Frozen):
    """One KPI. `warn` and `critical` are in the unit of the value itself (a ratio of 85 % is 0.85)."""

    name: str
    type: str
    label_es: str
    description_es: str
    formula_es: str
    unit: str
    format: str
    direction: Literal["up", "down", "none"]
    warn: Decimal | None = None
    critical: Decimal | None = None
    folder: str
    owner: str
    source: str
    table: str | None
    model: SemanticModel | None
    measures: tuple[str, ...]
    dimensions: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    is_internal: bool = False
    file: str | None = None
    node: Node = Field(repr=False)


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))


class SemanticLayer(Frozen):
    """All metrics. `metrics` holds those people see; `internal` the parts that only other metrics use."""

    metrics: dict[str, Metric]
    internal: dict[str, Metric] = {}
    models: dict[str, SemanticModel]

    def metric(self, name: str) -> Metric:
        """The metric called `name`, internal ones too. Raises UnknownMetric."""
        found = self.metrics.get(name) or self.internal.get(name)
        if found is None:
            raise UnknownMetric(f"there is no metric {name!r}; known: {', '.join(sorted(self.metrics))}")
        return found

    def model_of(self, metric: Metric | str) -> SemanticModel | None:
        return (self.metric(metric) if isinstance(metric, str) else metric).model

    def by_folder(self) -> dict[str, list[Metric]]:
        """Metrics by folder, both in alphabetical order of the Spanish labels (an accent does not change a letter's place)."""
        folders: dict[str, list[Metric]] = {}
        for metric in sorted(self.metrics.values(), key=lambda m: (_plain(m.folder), _plain(m.label_es))):
            folders.setdefault(metric.folder, []).append(metric)
        return folders
