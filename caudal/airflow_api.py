"""The few calls of Airflow's REST API (v2) that running the chain needs."""

from __future__ import annotations

from typing import Any

import requests

PAGE = 100  # what Airflow gives at once, at most


class AirflowError(RuntimeError):
    """Airflow refused or failed; the message says what and what to do."""


class AirflowApi:
    """One logged-in user. Every method raises AirflowError with Airflow's own words when it refuses."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._credentials = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.headers["Accept"] = "application/json"

    def _log_in(self) -> None:
        answer = self._session.post(f"{self.url}/auth/token", json=self._credentials, timeout=30)
        if not answer.ok:
            raise AirflowError(f"Airflow at {self.url} refuses the log-in of {self._credentials['username']!r} ({answer.status_code}).")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, *, missing_ok: bool = False, **options: Any) -> Any:
        """`method` on `/api/v2/<path>`, decoded; None for a 404 when `missing_ok`. Logs in first, and again when the token has run out."""
        for attempt in (1, 2):
            if "Authorization" not in self._session.headers or attempt == 2:
                self._log_in()
            try:
                answer = self._session.request(method, f"{self.url}/api/v2/{path}", timeout=60, **options)
            except requests.RequestException as error:
                raise AirflowError(f"Airflow at {self.url} does not answer: {error}. See `caudal airflow start`.") from None
            if answer.status_code != 401:
                break
        if missing_ok and answer.status_code == 404:
            return None
        if not answer.ok:
            raise AirflowError(f"Airflow: {method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def ensure_pools(self, pools: dict[str, dict[str, Any]]) -> None:
        """Create or resize the pools of `dags/pools.json`."""
        for name, pool in pools.items():
            if self.call("GET", f"pools/{name}", missing_ok=True) is None:
                self.call("POST", "pools", json={"name": name, **pool})
            else:
                self.call("PATCH", f"pools/{name}", json={"name": name, **pool})

    def dag_ids(self) -> set[str]:
        """The DAGs that the DAG processor has read so far."""
        return {dag["dag_id"] for dag in self.call("GET", "dags", params={"exclude_stale": True, "limit": 100})["dags"]}

    def import_errors(self) -> list[str]:
        """`file: traceback` of each DAG file that does not load."""
        errors = self.call("GET", "importErrors")["import_errors"]
        return [f"{e['filename']}: {e['stack_trace']}" for e in errors]

    def unpause(self, dag_id: str) -> None:
        """Switch a DAG on."""
        self.call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def trigger(self, dag_id: str, note: str) -> str:
        """Start a run now; its id."""
        return self.call("POST", f"dags/{dag_id}/dagRuns", json={"logical_date": None, "note": note})["dag_run_id"]

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run: `state` and dates."""
        return self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}")

    def active_run(self, dag_id: str) -> str | None:
        """The newest run of `dag_id` that was started and has not ended, or None."""
        runs = self.call("GET", f"dags/{dag_id}/dagRuns", params={"state": ["queued", "running"], "order_by": "-run_after", "limit": 1})["dag_runs"]
        return runs[0]["dag_run_id"] if runs else None

    def run_caused_by(self, dag_id: str, source_dag: str, source_run: str) -> str | None:
        """The run of `dag_id` that an asset event of `source_run` started, or None as long as there is none."""
        runs = self.call("GET", f"dags/{dag_id}/dagRuns", params={"order_by": "-run_after", "limit": 10})["dag_runs"]
        for run in runs:
            events = self.call("GET", f"dags/{dag_id}/dagRuns/{run['dag_run_id']}/upstreamAssetEvents")["asset_events"]
            if any(e["source_dag_id"] == source_dag and e["source_run_id"] == source_run for e in events):
                return run["dag_run_id"]
        return None

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run: `task_id`, `map_index` (−1: not mapped), `rendered_map_index`, `state`, `try_number`, `duration` (s)."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": PAGE, "offset": len(found)})
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found
