"""The semantic layer for consumers: reads dbt's semantic manifest and translates each metric, written once in `dbt/semantic/`.

`load()` gives the typed layer; `fetch(conn, metrics, by=..., where=...)` its values; `sql.expression` and `dax.expression` the text for
Superset and Power BI. Nothing here defines a KPI.
"""

from .errors import ManifestMissing, MetricMetaError, SemanticError, UnknownDimension, UnknownMetric, UntranslatableMetric
from .model import Metric, SemanticLayer, SemanticModel
from .reader import load, manifest_path
from .sql import Range, fetch, query

__all__ = [
    "ManifestMissing", "Metric", "MetricMetaError", "Range", "SemanticError", "SemanticLayer", "SemanticModel", "UnknownDimension",
    "UnknownMetric", "UntranslatableMetric", "fetch", "load", "manifest_path", "query",
]
