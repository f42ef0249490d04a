"""What a dashboard asks of Superset when it opens: each chart's saved query, with the filters as they stand at opening.

The browser builds the same query from the chart's parameters, but not always field by field, and the cache's key is made of the whole request: what is
asked here warms PostgreSQL's caches for every reader and Superset's own for those who ask the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .checks import filtered
from .client import Client
from .context import Context
from .expand_charts import chart
from .files import FilterSpec


@dataclass(frozen=True)
class Asked:
    """One request of `POST /api/v1/chart/data`: whose it is (slugs), and its body."""

    dashboard: str
    chart: str
    body: dict[str, Any]


def asked(context: Context, client: Client, slug: str) -> list[Asked]:
    """A request for each chart of the dashboard, in the order of the file. Asks Superset for the first value of filters that open with it."""
    terms = {item.column: values for item in context.assets.dashboards[slug].filters.values() if (values := _at_opening(client, item))}
    found = []
    for name in context.assets.dashboards[slug].chart_names():
        body = json.loads(chart(context, name)["query_context"])
        body["datasource"]["id"] = client.dataset_id(context.assets.charts[name].dataset)
        for query in body["queries"]:
            query["filters"] = [*query["filters"], *({"col": column, "op": "IN", "val": values} for column, values in terms.items()
                                                     if filtered(context, column, name))]
        found.append(Asked(slug, name, body))
    return found


def _at_opening(client: Client, item: FilterSpec) -> list[Any]:
    """The values that the filter has when the dashboard opens; none where it leaves all rows."""
    if item.default or not item.first:
        return list(item.default or [])
    rows = client.post("/api/v1/chart/data", json=values_of(client, item, 1))["result"][0]["data"]
    return [rows[0][item.column]] if rows else []


def values_of(client: Client, item: FilterSpec, rows: int) -> dict[str, Any]:
    """The request by which a filter asks for its first `rows` values, in its order."""
    order = {"orderby": [[item.sort, not item.descending]], "metrics": [item.sort]} if item.sort else {"orderby": [[item.column, not item.descending]]}
    return {"datasource": {"id": client.dataset_id(item.dataset), "type": "table"}, "result_format": "json", "result_type": "full",
            "queries": [{"columns": [item.column], "metrics": [], "filters": [], "row_limit": rows, **order}]}
