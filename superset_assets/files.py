"""The YAML that people write: datasets, charts (their kinds: `chart_kinds/`), dashboards, roles, row rules. Read and checked before anything else.

Reads `datasets/*.yml`, `charts/*.yml`, `dashboards/*.yml`, `roles/*.yml`, `row_rules/*.yml`, `labels.yml` under this folder (or another root, in tests). A file's name
without `.yml` is its slug: what other files, and the identifiers in Superset, are made of. No file holds a formula of a KPI: they name
metrics of `dbt/semantic`.
"""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from caudal.yaml_file import LOADER

from . import short_datasets
from .chart_kinds import KINDS, ChartSpec
from .chart_kinds.base import Strict

HERE = Path(__file__).resolve().parent
STATUS_HEIGHT = 16
_RELATION = re.compile(r"\b(?:from|join)\s+([a-z_]\w*\.[a-z_]\w*)", re.IGNORECASE)
_EXTRACT = re.compile(r"\bextract\s*\([^()]*\)", re.IGNORECASE)  # its FROM names no relation


class AssetError(Exception):
    """One or more files of assets are wrong. Each problem names file, field and what to do, in Spanish."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems


# --- datasets ---


class ColumnSpec(Strict):
    """A column that is not the mart's own: its SQL over the row (no aggregate), or its type when the relation is no dbt model."""

    label: str
    description: str = ""
    expression: str | None = None
    type: str = "TEXT"


class DatasetSpec(Strict):
    """A table of Superset: one relation, or `sql` over published marts (joins only), with the metrics of one semantic model. A file may say one of the
    common forms in few words (short_datasets.py)."""

    title: str
    description: str
    relation: str | None = None
    sql: str | None = None
    models: list[str] = []
    semantic_model: str | None = None
    metrics: Literal["all", "ratios", "none"] = "all"
    text_metrics: list[str] = []
    sort_metrics: dict[str, str] = {}
    formats: dict[str, str] = {}  # unit → d3 format, in place of the metric's own
    time_column: str | None = None
    columns: dict[str, ColumnSpec] = {}
    cache_timeout: int | None = None
    only: list[str] = []  # of the models' columns, those that `sql` selects; none named: all
    pii: bool = False  # reads personal data: over the connection of caudal_pii, for roles with `pii`

    def relations(self) -> list[str]:
        """The tables and views that it reads, as it names them."""
        return [self.relation] if self.relation else list(dict.fromkeys(_RELATION.findall(_EXTRACT.sub("", self.sql or ""))))


# --- dashboards ---


class FilterSpec(Strict):
    """A filter over every chart whose dataset has the column. `first`: the first value of the sort order is chosen at opening."""

    name: str
    dataset: str
    column: str
    parent: str | None = None
    sort: str | None = None
    descending: bool = False
    first: bool = False
    single: bool = False
    default: list[str] = []  # values chosen at opening
    description: str = ""


class CellSpec(Strict):
    """A chart of a row that needs more said than its width, or a block of text (Markdown) in a chart's place."""

    width: int = Field(ge=1, le=12)
    height: int | None = Field(default=None, ge=5, le=200)  # else the row's
    title: str | None = None  # in this dashboard only
    text: str | None = None  # then the cell's name is just a name


class RowSpec(Strict):
    """Charts and texts side by side (name → width in twelfths, or a cell) or a heading; `height` in units of 8 px."""

    charts: dict[str, int | CellSpec] = {}
    heading: str | None = None
    height: int = Field(default=50, ge=5, le=200)

    def cells(self) -> dict[str, CellSpec]:
        """Name → cell, with the height it is drawn at."""
        made = {name: cell if isinstance(cell, CellSpec) else CellSpec(width=cell) for name, cell in self.charts.items()}
        return {name: cell.model_copy(update={"height": cell.height or self.height}) for name, cell in made.items()}


class TabSpec(Strict):
    """A tab of a dashboard."""

    title: str
    rows: list[RowSpec] = Field(min_length=1)


class DashboardSpec(Strict):
    """Rows, and below them tabs where there are any. `status`: the chart over everything that says of when the data are."""

    title: str
    description: str = ""
    filters: dict[str, FilterSpec] = {}
    status: str | None = None
    rows: list[RowSpec] = []
    tabs: list[TabSpec] = []
    css: str = ""
    colors: dict[str, str] = {}  # a value of a category → its colour, in every chart of the dashboard

    def top(self) -> list[RowSpec]:
        """The rows over the tabs, the status first."""
        return [*([RowSpec(charts={self.status: 12}, height=STATUS_HEIGHT)] if self.status else []), *self.rows]

    def located(self) -> list[tuple[str, RowSpec]]:
        """(place in the file, row) of every row."""
        found = [("status", row) for row in self.top()[: len(self.top()) - len(self.rows)]]
        found += [(f"rows.{i}", row) for i, row in enumerate(self.rows)]
        return found + [(f"tabs.{t}.rows.{i}", row) for t, tab in enumerate(self.tabs) for i, row in enumerate(tab.rows)]

    def chart_names(self) -> list[str]:
        """The charts, in order; texts are none."""
        return [name for _, row in self.located() for name, cell in row.cells().items() if cell.text is None]


# --- safety ---


class RoleSpec(Strict):
    """What people of a role may open in Superset. Which rows they see there is in `ops.user_access`, never here."""

    title: str
    description: str
    dashboards: Literal["all"] | list[str]
    datasets: list[str] = []  # beside those of the dashboards
    sql_lab: bool = False  # and then only for who sees all of the utility
    export: bool = False  # CSV, XLSX, images of charts
    pii: bool = False
    edit: bool = False  # charts and dashboards of their own
    guest: bool = False  # of embedded dashboards: no log-in, no menu


class RowRuleSpec(Strict):
    """Columns by which rows belong to a place; or, with `datasets`, those of no place, each with its reason, and who sees them.

    `whole_utility`: who sees all of the utility; else whoever has any access, but for rows whose column `reserved` is not false.
    """

    title: str
    description: str
    municipality: str | None = None
    sector: str | None = None
    datasets: dict[str, str] = {}
    whole_utility: bool = False
    reserved: str | None = None


@dataclass(frozen=True)
class Assets:
    """All files, by slug."""

    root: Path
    datasets: dict[str, DatasetSpec] = field(default_factory=dict)
    charts: dict[str, Any] = field(default_factory=dict)
    dashboards: dict[str, DashboardSpec] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    roles: dict[str, RoleSpec] = field(default_factory=dict)
    row_rules: dict[str, RowRuleSpec] = field(default_factory=dict)


def read(root: Path = HERE) -> Assets:
    """Every file under `root`. Raises AssetError with all the problems found."""
    problems: list[str] = []
    kinds = {"datasets": TypeAdapter(DatasetSpec), "charts": TypeAdapter(ChartSpec), "dashboards": TypeAdapter(DashboardSpec),
             "roles": TypeAdapter(RoleSpec), "row_rules": TypeAdapter(RowRuleSpec)}
    found = {kind: _folder(root / kind, kind, adapter, problems, short_datasets.expanded if kind == "datasets" else None) for kind, adapter in kinds.items()}
    labels = _load(root / "labels.yml", "labels.yml", problems) or {}
    if problems:
        raise AssetError(problems)
    return Assets(root, labels=labels, **found)


def _folder(folder: Path, kind: str, adapter: TypeAdapter, problems: list[str], prepare: Callable | None = None) -> dict[str, Any]:
    raw = {path.stem: content for path in sorted(folder.glob("*.yml")) if (content := _load(path, f"{kind}/{path.name}", problems)) is not None}
    found = {}
    for slug, content in raw.items():
        name = f"{kind}/{slug}.yml"
        try:
            found[slug] = adapter.validate_python(prepare(content, raw) if prepare else content)
        except short_datasets.Misuse as error:
            problems.append(f"{name}: {error}")
        except ValidationError as error:
            problems += [f"{name}: campo {_where(item['loc'])}: {_spanish(item)}" for item in error.errors()]
    return found


def _load(path: Path, name: str, problems: list[str]) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    except FileNotFoundError:
        problems.append(f"{name}: no existe el archivo")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", línea {mark.line + 1}" if mark else ""
        problems.append(f"{name}{line}: no es YAML válido ({getattr(error, 'problem', error)})")
    return None


def _where(loc: tuple) -> str:
    return ".".join(str(part) for part in loc) or "(archivo)"


def _spanish(item: dict) -> str:
    text = {
        "missing": "falta", "extra_forbidden": "no se conoce: quítelo o corrija el nombre",
        "union_tag_invalid": f"no es una clase de gráfico ({', '.join(KINDS)})", "union_tag_not_found": "falta `kind`",
    }.get(item["type"])
    return text or f"valor no válido ({item['msg']})"
