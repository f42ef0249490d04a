"""What the sections share: a client of the Superset of this home, what each dashboard asks, the size of the marts and how busy the machine is."""

from __future__ import annotations

import json
import math
import os
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import psutil

from benchmarks.common.report import Section
from caudal import warehouse
from caudal.settings import ROOT
from superset_assets.asked import Asked, asked
from superset_assets.client import Client
from superset_assets.context import Context
from superset_assets.warm import warm

ARTIFACTS = ROOT / "build-artifacts" / "dashboards"
BUSY = 0.5  # a load average over this share of the processors, before anything is measured: the figures are not ours


@dataclass
class Lab:
    """One run over what this home has published."""

    client: Client
    context: Context
    rounds: int
    load: float

    @cached_property
    def dashboards(self) -> dict[str, list[Asked]]:
        """Dashboard → what it asks at opening."""
        return {slug: asked(self.context, self.client, slug) for slug in self.context.assets.dashboards}

    @cached_property
    def lines(self) -> int:
        with warehouse.connect("read") as conn:
            return conn.execute("select count(*) from marts.fct_invoice_line").fetchone()[0]

    @property
    def size(self) -> str:
        return f"{self.lines} lines"

    @property
    def busy(self) -> bool:
        return self.load > BUSY * (os.cpu_count() or 1)

    @property
    def judged(self) -> bool:
        """Whether the figures can be held against a target: nobody else was using the machine."""
        return not self.busy

    @property
    def note(self) -> str:
        return f"LOADED MACHINE (load {self.load:.1f} on {os.cpu_count()} processors): not final." if self.busy else f"Load before: {self.load:.1f}."

    def keeps(self, chart: str) -> bool:
        """Whether Superset may answer the chart from its cache."""
        return self.context.assets.datasets[self.context.assets.charts[chart].dataset].cache_timeout != -1

    def warm(self) -> None:
        """Everything in the cache. Raises RuntimeError when a chart cannot be asked."""
        done = warm(self.context, self.client)
        if done.failed:
            raise RuntimeError(str(done))

    def modelled(self, chart: str) -> tuple[str, str]:
        """The SQL that Superset sends for the chart, and its column of figures."""
        request = next(request for requests in self.dashboards.values() for request in requests if request.chart == chart)
        answer = self.client.post("/api/v1/chart/data", json=request.body | {"result_type": "query"})
        return answer["result"][0]["query"], request.body["queries"][0]["metrics"][0]


def quantile(values: list[float], share: float) -> float:
    """The value under which `share` of them are (the next one up)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def save(section: Section) -> Path:
    """Write the figures with the machine they were taken on."""
    section.of = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "cpus": os.cpu_count(), "python": platform.python_version(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9), "system": platform.platform(), "load_average": os.getloadavg(),
    }
    path = ARTIFACTS / section.size.replace(" ", "-") / f"{section.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(section), indent=1, ensure_ascii=False, default=str) + "\n")
    return path
