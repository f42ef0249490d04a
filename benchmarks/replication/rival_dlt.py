"""dlt (`sql_database` → postgres), as quick as its settings make it. Run by `job.py`; needs the dependency group `bench`."""

from __future__ import annotations

import importlib.metadata
from importlib.util import find_spec
from typing import Any

import dlt
import dlt.destinations.impl.postgres.postgres
import psycopg2  # noqa: F401 - the same
import pyarrow.csv  # noqa: F401 - the same
from dlt.sources.sql_database import sql_table

from benchmarks.replication.entities import entities
from demo.odoo import schema

SCHEMA = "dlt"
CHUNK_ROWS = 50_000
# the quickest of what is installed: connectorx takes half the processor time of pyarrow, COPY of Parquet by ADBC less than CSV on a first load
BACKEND = "connectorx" if find_spec("connectorx") else "pyarrow"
BULK_FORMAT = "parquet" if find_spec("adbc_driver_postgresql") else "csv"
# read from the environment by dlt itself; see benchmarks/replication/README.md for what was tried
ENVIRONMENT = {
    "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "DATA_WRITER__DISABLE_COMPRESSION": "true", "DATA_WRITER__FILE_MAX_ITEMS": "50000", "NORMALIZE__WORKERS": "1", "LOAD__WORKERS": "4",
    "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",  # else it imports Airflow, which happens to be installed beside it
}


def load(names: list[str], source: str, target: str, folder: str, first: bool) -> dict[str, Any]:
    """Load the tables: `first` replaces what is there, else rows with a later write_date are merged by id. State is kept under `folder`."""
    pipeline = dlt.pipeline("bench", pipelines_dir=folder, dataset_name=SCHEMA, destination=dlt.destinations.postgres(target))
    address = source if BACKEND == "connectorx" else source.replace("postgresql://", "postgresql+psycopg2://")
    tables = []
    for entity in entities(names):
        table = sql_table(
            address, table=schema.models()[entity.model].table, backend=BACKEND, chunk_size=CHUNK_ROWS, reflection_level="full_with_precision",
            included_columns=entity.fields, primary_key="id", write_disposition="replace" if first else "merge",
            incremental=dlt.sources.incremental(entity.change), backend_kwargs={"tz": "UTC"} if BACKEND == "pyarrow" else {})
        tables.append(table.parallelize())
    form = BULK_FORMAT if first else "csv"
    info = pipeline.run(tables, loader_file_format=form, refresh="drop_sources" if first else None)
    info.raise_on_failed_jobs()
    counts = pipeline.last_trace.last_normalize_info.row_counts
    return {"rows": sum(n for t, n in counts.items() if not t.startswith("_dlt")),
            "version": f"{importlib.metadata.version('dlt')} ({BACKEND}, {form})",
            "steps": {step.step: (step.finished_at - step.started_at).total_seconds() for step in pipeline.last_trace.steps if step.finished_at}}
