"""The YAML that people write: datasets, charts (their kinds: `chart_kinds/`), dashboards. Read and checked against a schema before anything is expanded.

Reads `datasets/*.yml`, `charts/*.yml`, `dashboards/*.yml`, `labels.yml` under this folder (or another root, in tests). A file's name
without `.yml` is its slug: what other files, and the identifiers in Superset, are made of. No file holds a formula of a KPI: they name
metrics of `dbt/semantic`.
"""
# ruff: noqa: RUF012 - pydantic copies the default of a field

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from .chart_kinds import KINDS, ChartSpec
from .chart_kinds.base import Strict

HERE = Path(__file__).resolve().parent


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
    """A table of Superset: one relation, or `sql` over published marts (joins only), with the metrics of one semantic model."""

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
    description: str = ""


class RowSpec(Strict):
    """Charts side by side (chart → width in twelfths) or a heading; `height` in units of 8 px."""

    charts: dict[str, int] = {}
    heading: str | None = None
    height: int = Field(default=50, ge=5, le=200)


class DashboardSpec(Strict):
    title: str
    description: str = ""
    filters: dict[str, FilterSpec] = {}
    rows: list[RowSpec] = Field(min_length=1)
    css: str = ""


@dataclass(frozen=True)
class Assets:
    """All files, by slug."""

    root: Path
    datasets: dict[str, DatasetSpec] = field(default_factory=dict)
    charts: dict[str, Any] = field(default_factory=dict)
    dashboards: dict[str, DashboardSpec] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


def read(root: Path = HERE) -> Assets:
    """Every file under `root`. Raises AssetError with all the problems found."""
    problems: list[str] = []
    kinds = {"datasets": TypeAdapter(DatasetSpec), "charts": TypeAdapter(ChartSpec), "dashboards": TypeAdapter(DashboardSpec)}
    found = {kind: _folder(root / kind, kind, adapter, problems) for kind, adapter in kinds.items()}
    labels = _load(root / "labels.yml", "labels.yml", problems) or {}
    if problems:
        raise AssetError(problems)
    return Assets(root, found["datasets"], found["charts"], found["dashboards"], labels)


def _folder(folder: Path, kind: str, adapter: TypeAdapter, problems: list[str]) -> dict[str, Any]:
    found = {}
    for path in sorted(folder.glob("*.yml")):
        name = f"{kind}/{path.name}"
        raw = _load(path, name, problems)
        if raw is None:
            continue
        try:
            found[path.stem] = adapter.validate_python(raw)
        except ValidationError as error:
            problems += [f"{name}: campo {_where(item['loc'])}: {_spanish(item)}" for item in error.errors()]
    return found


def _load(path: Path, name: str, problems: list[str]) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
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
