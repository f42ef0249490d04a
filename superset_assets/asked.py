"""What a dashboard asks of Superset when it opens: each chart's request as the browser sends it, with the filters as they stand at opening.

The cache's key is made of the whole request, so one that differs in a field nobody sees warms nothing for the reader:
tests/superset/test_warm.py opens the dashboards in a browser and asks that every chart come from the cache. The requests differ from those of
the chart's saved query (`expand_charts.py`) by what Superset's own JavaScript adds to each kind of chart.
"""

from __future__ import annotations

