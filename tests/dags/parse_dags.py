"""Reads the DAG files as the DAG processor does, with the network and every database driver cut off, and prints what it read as JSON.

A program of its own: importing Airflow changes logging and the environment of the process for good.
"""

from __future__ import annotations

import json
import socket
import sys


def refuse(*args: object, **kwargs: object) -> None:
    raise AssertionError("a DAG file did input or output while being read")


def main(folder: str) -> None:
    from airflow.dag_processing.dagbag import DagBag

    loaded_before = set(sys.modules)
    import psycopg
    import psycopg2
    import requests

    socket.socket.connect = socket.create_connection = refuse  # type: ignore[method-assign]
    psycopg.connect = psycopg2.connect = requests.Session.request = refuse  # type: ignore[method-assign]
    bag = DagBag(folder)
    own = ("caudal.", "sources", "geo", "alerts", "reports", "powerbi", "superset_assets", "demo", "dbt", "pandas")
    print(json.dumps({
        "errors": bag.import_errors,
        "loaded": sorted(m for m in set(sys.modules) - loaded_before if m.startswith(own) and not m.startswith("caudal_")),
        "dags": {dag_id: {
            "tags": sorted(dag.tags), "doc": dag.doc_md, "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
            "timeout": dag.dagrun_timeout.total_seconds(),
            "cron": getattr(dag.timetable, "expression", None),
            "waits_for": sorted(asset.uri for asset in getattr(getattr(dag.timetable, "asset_condition", None), "objects", ())),
            "tasks": {t.task_id: {
                "owner": t.owner, "retries": t.retries, "delay": t.retry_delay.total_seconds(), "backoff": t.retry_exponential_backoff,
                "timeout": t.execution_timeout.total_seconds(), "pool": t.pool, "outlets": [getattr(a, "uri", a.name) for a in t.outlets], "mapped": t.is_mapped,
                "upstream": sorted(t.upstream_task_ids), "trigger_rule": t.trigger_rule.value, "doc": t.doc_md or t.python_callable.__doc__,
            } for t in dag.tasks},
        } for dag_id, dag in bag.dags.items()},
    }))


if __name__ == "__main__":
    main(sys.argv[1])
