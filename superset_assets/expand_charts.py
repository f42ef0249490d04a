"""Chart files → Superset's charts: the parameters of their kind (`chart_kinds/`) and the query they stand for.

The browser builds its own query from the parameters; the one written here is for the server (`GET /chart/<id>/data/`: tests, warm-up).
"""

from __future__ import annotations

import json
from typing import Any

from .context import Context, identifier

_NO_TIME = {"time_range": "No filter", "adhoc_filters": []}


def chart(context: Context, slug: str) -> dict[str, Any]:
    """The chart in Superset's import format."""
    spec = context.assets.charts[slug]
    made = spec.expand(context)
    params = {"viz_type": spec.VIZ, **_NO_TIME, **made.params, **spec.options}
    query = {"filters": [], "extras": {}, "columns": [], "metrics": [], "orderby": [], "row_limit": 10000, "time_range": "No filter", **made.query}
    return {
        "slice_name": spec.title,
        "description": spec.description or None,
        "certified_by": None,
        "certification_details": None,
        "viz_type": spec.VIZ,
        "params": params,
        "query_context": json.dumps(
            # The importer puts the dataset's number in: 0 stands for it.
            {"datasource": {"id": 0, "type": "table"}, "force": False, "queries": [query], "form_data": params, "result_format": "json", "result_type": "full"},
            ensure_ascii=False, sort_keys=True,
        ),
        "cache_timeout": None,
        "uuid": identifier("chart", slug),
        "version": "1.0.0",
        "dataset_uuid": identifier("dataset", spec.dataset),
    }
