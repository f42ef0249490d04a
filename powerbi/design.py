"""model.yml + page.yml + dbt's contract + the semantic layer → one typed design, checked, ready to be written.

Reads: powerbi/model.yml, powerbi/page.yml, and the manifests of the last build. Writes nothing.
"""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caudal.semantic import SemanticLayer, dax, load, manifest_path
from caudal.semantic.formats import d3_parts
from caudal.semantic.labels import dimension_label, model_label
from caudal.semantic.model import Metric, SemanticModel
from caudal.semantic.sql import columns

FOLDER = Path(__file__).parent
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://caudal.invalid/powerbi")
# PostgreSQL type of the contract → (TMDL data type, M type that the query casts to, or None when the connector's own is right)
TYPES = {
    "text": ("string", None),
    "date": ("dateTime", None),
    "timestamptz": ("dateTime", "type datetime"),
    "boolean": ("boolean", None),
    "bigint": ("int64", None),
    "integer": ("int64", None),
    "smallint": ("int64", None),
    "double precision": ("double", None),
    "numeric": ("decimal", "Currency.Type"),  # Fixed Decimal: sums of up to four decimals are exact
}
_UNIT_FORMAT = {"RD$": r"\R\D\$ {}", "%": "{}%", "m3": r"{} \m³", "dias": r"{} \d\í\a\s", "n": "{}", "RD$/m3": r"\R\D\$ {}"}


class DesignError(Exception):
    """model.yml or page.yml ask for what is not there; the message names the file, the entry and what to do."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParameterSpec(Strict):
    value: str
    description: str


class TableSpec(Strict):
    mart: str
    date_key: str | None = None
    columns: dict[str, str] = {}
    drop: list[str] = []
    sort: dict[str, str] = {}
    related: bool | None = True


class RoleSpec(Strict):
    """Table → DAX, true on the rows that people of the role see. A table that is not named: all its rows that relationships leave.

    `whole_utility`: the DAX of the tables, named or not, whose mart is for who sees all of the utility.
    """

    description: str
    rows: dict[str, str]
    whole_utility: str | None = None


class ModelSpec(Strict):
    name: str
    culture: str
    schema_name: str = Field(alias="schema")
    parameters: dict[str, ParameterSpec]
    tables: dict[str, TableSpec]
    conformed: dict[str, list[str]]
    roles: dict[str, RoleSpec] = {}
    relationships: list[tuple[str, str]]


class VisualSpec(Strict):
    id: str
    type: Literal["textbox", "message", "slicer", "card", "bars", "table"]
    at: tuple[int, int, int, int]
    title: str | None = None
    text: str | None = None
    field: str | None = None
    metric: str | None = None
    metrics: list[str] = []


class PageSpec(Strict):
    name: str
    title: str
    width: int
    height: int
    visuals: list[VisualSpec]


class Column(Strict):
    name: str
    source: str
    data_type: str
    cast: str | None
    description: str
    is_hidden: bool
    is_key: bool = False
    sort_by: str | None = None


class Measure(Strict):
    name: str
    metric: str
    expression: str
    format: str
    folder: str
    description: str


class Table(Strict):
    name: str
    mart: str
    description: str
    is_date: bool
    is_related: bool | None  # None: as it comes
    columns: tuple[Column, ...]
    measures: tuple[Measure, ...]

    def column_of(self, source: str) -> Column | None:
        return next((c for c in self.columns if c.source == source), None)


class Relationship(Strict):
    from_table: str
    from_column: str
    to_table: str
    to_column: str


class Design(Strict):
    """The whole model and its page. Names are those Power BI shows; `source` those of PostgreSQL."""

    name: str
    culture: str
    schema_name: str
    parameters: dict[str, ParameterSpec]
    tables: tuple[Table, ...]
    relationships: tuple[Relationship, ...]
    roles: dict[str, RoleSpec]
    page: PageSpec

    def measure(self, metric: str) -> tuple[Table, Measure]:
        for table in self.tables:
            for measure in table.measures:
                if measure.metric == metric:
                    return table, measure
        raise DesignError(f"powerbi/page.yml: metric {metric!r} has no measure in the model; caudal metrics list shows those there are")

    def column(self, path: str) -> tuple[Table, Column]:
        """`Table.Visible name` → both objects. Raises DesignError."""
        table_name, _, name = path.partition(".")
        for table in self.tables:
            for column in table.columns:
                if table.name == table_name and column.name == name:
                    return table, column
        raise DesignError(f"powerbi/page.yml: there is no column {path!r} in powerbi/model.yml")


def tag(*parts: str) -> str:
    """The lineage tag of an object: uuid5 of its path, the same at every generation."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


def read(manifest: Path | None = None) -> Design:
    """The design of the last build's marts (or those of the folder `manifest`). Raises DesignError, ManifestMissing, UntranslatableMetric."""
    folder = Path(manifest) if manifest else manifest_path().parent
    layer = load(folder / "semantic_manifest.json")
    nodes = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    contracts = {n["name"]: n for n in nodes.values() if n["resource_type"] == "model"}
    return design(_yaml(FOLDER / "model.yml", ModelSpec), _yaml(FOLDER / "page.yml", PageSpec), layer, contracts)


def _yaml(path: Path, kind: type[Strict]) -> Strict:
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        raise DesignError(f"powerbi/{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def design(spec: ModelSpec, page: PageSpec, layer: SemanticLayer, contracts: dict[str, dict]) -> Design:
    """The design from its parts. `contracts`: dbt model name → its manifest node. Raises DesignError."""
    wanted = spec.tables | derived_tables(spec, layer, contracts)
    tables = tuple(_table(name, table, spec, layer, contracts) for name, table in wanted.items())
    _unique_measures(tables)
    placed = {m.metric for t in tables for m in t.measures}
    if lost := sorted(set(layer.metrics) - placed):
        raise DesignError(f"powerbi: metrics {', '.join(lost)} have no mart of their own; write each over one semantic model")
    by_name = {t.name: t for t in tables}
    links = [*spec.relationships, *_conformed(spec, tables, layer)]
    relationships = tuple(
        Relationship(from_table=a[0], from_column=a[1], to_table=b[0], to_column=b[1])
        for a, b in ((_end(by_name, many), _end(by_name, one)) for many, one in links)
    )
    ends = {end for r in relationships for end in (r.from_table, r.to_table)}
    # one that is derived from the semantic layer has what relationships it can have
    tables = tuple(t if t.is_related is not None else t.model_copy(update={"is_related": t.name in ends}) for t in tables)
    for table in tables:
        if table.is_related != (table.name in ends):
            fault = "no relationship names it: add one, or write `related: false`" if table.is_related else "it says `related: false` and has relationships"
            raise DesignError(f"powerbi/model.yml: tables.{table.name}: {fault}")
    reserved = [t.name for t in tables if contracts[t.mart]["config"].get("meta", {}).get("whole_utility")]
    roles = {name: role.model_copy(update={"rows": role.rows | dict.fromkeys(reserved, role.whole_utility)}) if role.whole_utility else role
             for name, role in spec.roles.items()}
    result = Design(
        name=spec.name, culture=spec.culture, schema_name=spec.schema_name, parameters=spec.parameters, tables=tables,
        relationships=relationships, roles=roles, page=page,
    )
    for name, role in spec.roles.items():
        if lost := sorted(set(role.rows) - set(by_name)):
            raise DesignError(f"powerbi/model.yml: roles.{name}: there is no table {lost[0]!r}")
    for visual in page.visuals:
        if visual.type == "message" and (not visual.field or visual.metric or visual.metrics):
            raise DesignError(f"powerbi/page.yml: visual {visual.id!r}: a message shows one column: give it `field` and nothing else")
        for metric in [*visual.metrics, *([visual.metric] if visual.metric else [])]:
            result.measure(metric)
        if visual.field:
            result.column(visual.field)
    return result


def derived_tables(spec: ModelSpec, layer: SemanticLayer, contracts: dict[str, dict]) -> dict[str, TableSpec]:
    """A table of each mart with metrics that model.yml does not name: what its metrics and dimensions read, and what it is related by.

    Its name is the semantic model's label (or the first words of its description); its own dimensions are visible, those that a related table
    shows are hidden.
    """
    written = {t.mart for t in spec.tables.values()}
    found: dict[str, TableSpec] = {}
    for mart in sorted({m.model.table for m in layer.metrics.values() if m.model} - written):
        models = [m for m in layer.models.values() if m.table == mart]
        contract = contracts[mart]["columns"] if mart in contracts else {}
        shared = {column for columns in spec.conformed.values() for column in columns}
        own = {d.expr: d for m in models for d in m.dimensions if d.type == "categorical" and d.expr in contract and d.expr not in shared}
        visible = {
            e: dimension_label(d, contract[e].get("description", "")) for e, d in own.items() if not e.endswith(("_order", "_key")) and e not in _TWINS
        }
        if len(set(visible.values())) < len(visible):
            raise DesignError(f"powerbi: dimensions of {models[0].name!r} share a name ({', '.join(visible.values())}): give them a `label` of their own")
        name = _free_name(model_label(models[0]), list(visible.values()), {*spec.tables, *found}, mart, models[0].name)
        read = {c for m in layer.metrics.values() if m.model and m.model.table == mart for c in columns(m)} | set(own)
        read |= {d.expr for m in models for d in m.dimensions} | {c for c in _links(spec, contract, models).values()}
        order = {label: f"{e}_order" for e, label in visible.items() if f"{e}_order" in read}
        found[name] = TableSpec(mart=mart, columns=visible, drop=[c for c in contract if c not in read], sort=order, related=None)
    return found


def _free_name(label: str, dimensions: list[str], taken: set[str], mart: str, model: str) -> str:
    """The label; where another table has it, with what the mart shows beyond the others: `Atención al cliente (tipo de solicitud)`."""
    if label not in taken:
        return label
    longer = f"{label} ({', '.join(dimensions).lower()})"
    if not dimensions or longer in taken:
        raise DesignError(f"powerbi: {mart} would be a second table {label!r}: give the semantic model {model!r} a `label` of its own")
    return longer


_TWINS = ("municipality_name", "sector_name")  # the related tables show these, under the same keys


def _links(spec: ModelSpec, contract: dict[str, dict], models: list[SemanticModel]) -> dict[str, str]:
    """`Table.column` of a dimension → the column of the mart that points at it: the first that the mart has of those in `conformed`.

    Only of what the semantic models have as a dimension: a mart by entity that happens to carry a sector is not related to sectors.
    """
    stems = {_stem(d.expr) for m in models for d in m.dimensions}
    times = [d.expr for m in models for d in m.dimensions if d.type == "time"]
    found: dict[str, str] = {}
    for target, candidates in spec.conformed.items():
        table = target.partition(".")[0]
        is_date = table in spec.tables and spec.tables[table].date_key is not None
        here = next((c for c in [*candidates, *(times if is_date else [])] if c in contract), None)
        if here and _stem(here) in stems and not any(t.startswith(f"{table}.") for t in found):
            found[target] = here
    return found


def _stem(column: str) -> str:
    return re.sub(r"_(code|key|name)$", "", column)


def _conformed(spec: ModelSpec, tables: tuple[Table, ...], layer: SemanticLayer) -> list[tuple[str, str]]:
    """The relationships of the marts with metrics to the dimensions, where model.yml does not write them."""
    written = {(many.partition(".")[0], one.partition(".")[0]) for many, one in spec.relationships}
    found = []
    for table in tables:
        models = [m for m in layer.models.values() if m.table == table.mart]
        if not table.measures or not models:
            continue
        for target, column in _links(spec, {c.source: {} for c in table.columns}, models).items():
            if (table.name, target.partition(".")[0]) not in written:
                found.append((f"{table.name}.{column}", target))
    return found


def _unique_measures(tables: tuple[Table, ...]) -> None:
    """Power BI knows a measure by its name alone, whatever its table and the case of its letters."""
    seen: dict[str, Measure] = {}
    for table in tables:
        taken = {c.name.casefold() for c in table.columns}
        for measure in table.measures:
            if (twin := seen.setdefault(measure.name.casefold(), measure)) is not measure:
                raise DesignError(f"metrics {twin.metric!r} and {measure.metric!r} have the same label_es {measure.name!r}; Power BI needs two names")
            if measure.name.casefold() in taken:
                raise DesignError(f"metric {measure.metric!r}: its label_es {measure.name!r} is also a column of {table.name!r}; change one")


def _end(tables: dict[str, Table], path: str) -> tuple[str, str]:
    table, _, source = path.partition(".")
    column = tables[table].column_of(source) if table in tables else None
    if column is None:
        raise DesignError(f"powerbi/model.yml: relationships: there is no column {path!r}")
    return table, column.name


def _table(name: str, spec: TableSpec, model: ModelSpec, layer: SemanticLayer, contracts: dict[str, dict]) -> Table:
    where = f"powerbi/model.yml: tables.{name}"
    node = contracts.get(spec.mart)
    if node is None:
        raise DesignError(f"{where}: dbt has no model {spec.mart!r}; run `caudal build`, or correct the name")
    contract = {c["name"]: c for c in node["columns"].values()}
    for given in [*spec.columns, *spec.drop, *spec.sort.values(), *([spec.date_key] if spec.date_key else [])]:
        if given not in contract:
            raise DesignError(f"{where}: {spec.mart} has no column {given!r}; it has {', '.join(contract)}")
    for shown in spec.sort:
        if shown not in spec.columns.values():
            raise DesignError(f"{where}.sort: {shown!r} is no visible column of the table")
    kept = [c for c in contract if c not in spec.drop]
    names = {source: spec.columns.get(source, source) for source in kept}
    columns = []
    for source in kept:
        data_type = re.sub(r"\(.*", "", contract[source].get("data_type") or "").strip().lower()
        if data_type not in TYPES:
            raise DesignError(f"{where}: column {source!r} of {spec.mart} is {data_type or 'without type'}, which has no Power BI type here")
        kind, cast = TYPES[data_type]
        order = spec.sort.get(names[source])
        columns.append(Column(
            name=names[source], source=source, data_type=kind, cast=cast, description=contract[source].get("description", "").strip(),
            is_hidden=source not in spec.columns, is_key=source == spec.date_key, sort_by=names[order] if order else None,
        ))
    relation = f"{model.schema_name}.{spec.mart}"
    metrics = sorted((m for m in layer.metrics.values() if m.table == relation), key=lambda m: m.name)
    return Table(
        name=name, mart=spec.mart, description=" ".join(node.get("description", "").split()), is_date=spec.date_key is not None,
        is_related=spec.related, columns=tuple(columns), measures=tuple(_measure(m, name, names) for m in metrics),
    )


def _measure(metric: Metric, table: str, names: dict[str, str]) -> Measure:
    expression = dax.expression(metric, table)
    for source, shown in names.items():
        expression = expression.replace(dax.column(table, source), dax.column(table, shown))
    comma, places, percent = d3_parts(metric)
    digits = ("#,##0" if comma else "0") + ("." + "0" * places if places else "")
    if percent != (metric.unit == "%"):
        raise DesignError(f"metric {metric.name!r} ({metric.file}): unit {metric.unit!r} and format {metric.format!r} disagree")
    lines = [metric.description_es.strip(), f"Fórmula: {metric.formula_es}.", f"Responsable: {metric.owner}."]
    return Measure(
        name=metric.label_es, metric=metric.name, expression=expression, format=_UNIT_FORMAT.get(metric.unit, "{}").format(digits),
        folder=metric.folder, description=" ".join(lines),
    )
