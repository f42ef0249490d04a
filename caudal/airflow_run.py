"""Run the chain caudal_replicate → caudal_build → caudal_consumers once, following the assets from run to run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from caudal.airflow_api import AirflowApi, AirflowError

CHAIN = ("caudal_replicate", "caudal_build", "caudal_consumers")
POLL_S = 3.0  # each look has Airflow write out a run of some seventy tasks
PARSE_TIMEOUT_S = 90
ASSET_TIMEOUT_S = 60
LOG_TAIL_LINES = 25
TOLD = {"running", "success", "failed", "up_for_retry", "skipped", "upstream_failed"}


@dataclass
class ChainSummary:
    """What one run of the chain did. `states`: "dag.task" or "dag.task[entity]" → final state; `seconds`: the same → duration."""

    runs: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    total_seconds: float = 0

    def __str__(self) -> str:
        return f"{len(self.states)} tareas en {self.total_seconds:.0f} s: " + ", ".join(f"{k} {v}" for k, v in self.states.items())


class ChainFailed(AirflowError):
    """A task of the chain failed; the message ends with the tail of its log. `summary` holds what ran."""

    def __init__(self, message: str, summary: ChainSummary) -> None:
        super().__init__(message)
        self.summary = summary


def run_chain(api: AirflowApi, logs: Path, timeout: float, log: Callable[[str], None], first: str = CHAIN[0]) -> ChainSummary:
    """Trigger the DAG `first`, or join the run of it that is under way (of who was killed), and wait until caudal_consumers has ended.

    `logs`: Airflow's log folder; `timeout` in seconds.

    Prints a line each time a task changes state. Raises ChainFailed with the failing task, AirflowError when it takes too long.
    """
    started = time.monotonic()
    deadline = started + timeout
    summary = ChainSummary()
    _wait_for_dags(api)
    chain = CHAIN[CHAIN.index(first):]
    for dag_id in reversed(CHAIN):  # consumers first: an asset event with nobody switched on to hear it is lost
        api.unpause(dag_id)
    if run_id := api.active_run(first):
        log(f"{time.strftime('%H:%M:%S')} {first}: {run_id} is under way and is followed; no other is started")
    else:
        run_id = api.trigger(first, "caudal airflow run")
    for position, dag_id in enumerate(chain):
        if position:
            run_id = _next_run(api, dag_id, chain[position - 1], run_id, deadline)
        summary.runs[dag_id] = run_id
        _follow(api, dag_id, run_id, deadline, summary, logs, log)
    summary.total_seconds = time.monotonic() - started
    return summary


def _wait_for_dags(api: AirflowApi) -> None:
    deadline = time.monotonic() + PARSE_TIMEOUT_S
    while missing := set(CHAIN) - api.dag_ids():
        if errors := api.import_errors():
            raise AirflowError("A DAG file does not load:\n" + "\n".join(errors))
        if time.monotonic() > deadline:
            raise AirflowError(f"The DAG processor has not read {', '.join(sorted(missing))} within {PARSE_TIMEOUT_S} s; see its log.")
        time.sleep(POLL_S / 2)


def _next_run(api: AirflowApi, dag_id: str, source_dag: str, source_run: str, deadline: float) -> str:
    """The run of `dag_id` that a run of the DAG before it caused. One at a time: while an earlier one is not over, it has not begun to be late."""
    limit = time.monotonic() + ASSET_TIMEOUT_S
    while time.monotonic() < min(limit, deadline):
        if found := api.run_caused_by(dag_id, source_dag, source_run):
            return found
        if api.active_run(dag_id):
            limit = time.monotonic() + ASSET_TIMEOUT_S
        time.sleep(POLL_S)
    raise AirflowError(f"{dag_id} did not start after run {source_run} of {source_dag}: is it paused?")


def _follow(api: AirflowApi, dag_id: str, run_id: str, deadline: float, summary: ChainSummary, logs: Path, log: Callable[[str], None]) -> None:
    while True:
        state = api.run(dag_id, run_id)["state"]
        tasks = {f"{dag_id}.{_name(task)}": task for task in api.tasks(dag_id, run_id)}
        for name in [n for n in summary.states if n.startswith(f"{dag_id}.") and n not in tasks]:  # a mapped task, now known by its entities
            del summary.states[name], summary.seconds[name]
        for name, task in tasks.items():
            now = task["state"] or "waiting"
            told = TOLD - {"running"} if task["map_index"] >= 0 else TOLD  # most entities are done a second after they began
            if summary.states.get(name) != now and now in told:
                took = f" ({task['duration']:.1f} s)" if task.get("duration") and now != "running" else ""
                log(f"{time.strftime('%H:%M:%S')} {name}: {now}{took}")
            if now == "up_for_retry" and summary.states.get(name) != now:
                log(_tail(logs, dag_id, run_id, task, lines=5))
            summary.states[name], summary.seconds[name] = now, task.get("duration") or 0
        if state == "success":
            return
        if state == "failed":
            raise ChainFailed(_explain(api, dag_id, run_id, logs), summary)
        if time.monotonic() > deadline:
            raise AirflowError(f"{dag_id} is still {state} when the time ran out: {summary}")
        time.sleep(POLL_S)


def _explain(api: AirflowApi, dag_id: str, run_id: str, logs: Path) -> str:
    failed = [t for t in api.tasks(dag_id, run_id) if t["state"] == "failed"]
    causes = [t for t in failed if t["task_id"] != "report_failure"] or failed
    names = ", ".join(f"{dag_id}.{_name(t)}" for t in causes)
    return f"Failed: {names or dag_id}\n" + "\n".join(_tail(logs, dag_id, run_id, task) for task in causes)


def _name(task: dict) -> str:
    """The task, with what it was mapped over: `replicate[account_move]`."""
    return task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['rendered_map_index'] or task['map_index']}]"


def _tail(logs: Path, dag_id: str, run_id: str, task: dict, lines: int = LOG_TAIL_LINES) -> str:
    """The end of a task's log; Airflow writes it as one JSON object a line."""
    folder = logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task['task_id']}"
    folder = folder / f"map_index={task['map_index']}" if task["map_index"] >= 0 else folder
    files = sorted(folder.glob("attempt=*.log"))
    if not files:
        return f"(no log under {folder})"
    text = [_plain(line) for line in files[-1].read_text(errors="replace").splitlines()]
    return f"--- {files[-1]}\n" + "\n".join(text[-lines:])


def _plain(line: str) -> str:
    try:
        record = json.loads(line)
    except ValueError:
        return line
    if not isinstance(record, dict):
        return line
    errors = "; ".join(f"{e.get('exc_type')}: {e.get('exc_value')}" for e in record.get("error_detail") or [])
    return " ".join(p for p in (record.get("level", ""), str(record.get("event", "")), errors) if p)
