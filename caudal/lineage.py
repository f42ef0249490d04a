"""Runs as OpenLineage events (https://openlineage.io, spec 2-0-2), for the catalogue that a utility may have: Marquez, DataHub, OpenMetadata.

Off by default. `CAUDAL_LINEAGE=file` appends to `<home>/lineage/<date>.ndjson`; `CAUDAL_LINEAGE=http` posts each event to `CAUDAL_LINEAGE_URL`
(whole address, such as https://marquez.empresa.do/api/v1/lineage), with `CAUDAL_LINEAGE_TOKEN` as bearer when it is set. An event holds names,
types and counts, never a row, a password or the token.
"""

from __future__ import annotations

import fcntl
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from caudal.settings import settings

if TYPE_CHECKING:
    from caudal.runlog import Run

log = logging.getLogger(__name__)

EventType = Literal["START", "COMPLETE", "FAIL"]
PRODUCER = f"urn:caudal:{version('caudal')}"
SPEC = "https://openlineage.io/spec"
TIMEOUT_S = 5
_unreachable: set[str | None] = set()  # addresses that did not answer this process: said once, and not waited for again


class LineageSettings(BaseSettings):
    """Where events go."""

    model_config = SettingsConfigDict(env_prefix="CAUDAL_LINEAGE_", extra="ignore")

    to: Literal["off", "file", "http"] = Field(default="off", validation_alias="CAUDAL_LINEAGE")
    url: str | None = None
    token: SecretStr | None = None


@dataclass(frozen=True)
class Dataset:
    """What a step reads or writes, under OpenLineage's names for it. `fields`: (name, type) pairs."""

    namespace: str
    name: str
    fields: tuple[tuple[str, str], ...] = ()


def warehouse_table(schema: str, name: str, fields: Sequence[tuple[str, str]] = ()) -> Dataset:
    """A table of the warehouse, named as OpenLineage names PostgreSQL's: `postgres://host:port`, `database.schema.table`."""
    parts = urlsplit(settings().warehouse_url())
    return Dataset(f"postgres://{parts.hostname}:{parts.port or 5432}", f"{parts.path.lstrip('/')}.{schema}.{name}", tuple(fields))


def emit(kind: EventType, pipeline: str, part: str | None, run: Run, error: str | None = None) -> None:
    """Send the event of a run's beginning or end to where the settings say. A catalogue that does not answer is logged and stops nothing."""
    settings()  # adds <home>/site.env to the environment
    target = LineageSettings()
    if target.to == "off":
        return
    line = json.dumps(event(kind, pipeline, part, run, error), ensure_ascii=False)
    try:
        if target.to == "file":
            _append(line)
        else:
            _post(line, target)
    except OSError as failure:  # those of requests are OSErrors too
        where = "CAUDAL_LINEAGE_URL" if target.to == "http" else str(settings().home / "lineage")
        reason = f"HTTP {failure.response.status_code}" if getattr(failure, "response", None) is not None else type(failure).__name__
        _unreachable.add(target.url)
        log.warning("%s no recibe los eventos de linaje (%s); la corrida sigue sin ellos.", where, reason)


def event(kind: EventType, pipeline: str, part: str | None, run: Run, error: str | None = None) -> dict[str, Any]:
    """The RunEvent. Its run id is derived from the warehouse and `ops.run.run_id`, so that both ends of a run, and a reader of ops.run, agree on it."""
    home = warehouse_table("ops", "run")
    run_facets = {
        "processing_engine": _facet("1-1-1/ProcessingEngineRunFacet", version=version("caudal"), name="caudal"),
        "caudal_run": {"_producer": PRODUCER, "_schemaURL": f"{PRODUCER}:caudal_run", "run_id": run.run_id},
    }
    if error is not None:
        run_facets["errorMessage"] = _facet("1-0-1/ErrorMessageRunFacet", message=error, programmingLanguage="python")
    if kind != "START":
        run_facets["caudal_run"] |= {
            "rows_read": run.rows_read, "rows_inserted": run.rows_inserted, "rows_updated": run.rows_updated, "rows_deleted": run.rows_deleted,
            "rows_quarantined": run.rows_quarantined, "watermark": run.watermark_to.isoformat() if run.watermark_to else None,
            **{key: run.details[key] for key in ("mode", "reconciliation") if key in run.details}}
    return {
        "eventType": kind,
        "eventTime": datetime.now(UTC).isoformat(),
        "producer": PRODUCER,
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{home.namespace}/{home.name}/{run.run_id}")), "facets": run_facets},
        "job": {"namespace": f"caudal://{settings().site}", "name": ".".join(filter(None, (pipeline, part))), "facets": {
            "jobType": _facet("2-0-4/JobTypeJobFacet", processingType="BATCH", integration="CAUDAL", jobType=pipeline.upper())}},
        "inputs": [_dataset(d, "inputFacets", _input_facets(kind, run)) for d in run.reads],
        "outputs": [_dataset(d, "outputFacets", _output_facets(kind, run)) for d in run.writes],
    }


def _facet(path: str, **members: Any) -> dict[str, Any]:
    """A facet of the specification: `version/Name`, which is also the address of its schema."""
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{path}.json#/$defs/{path.rsplit('/', 1)[-1]}", **members}


def _dataset(dataset: Dataset, kind: str, facets: dict[str, Any]) -> dict[str, Any]:
    schema = {"schema": _facet("1-2-0/SchemaDatasetFacet", fields=[{"name": n, "type": t} for n, t in dataset.fields])} if dataset.fields else {}
    return {"namespace": dataset.namespace, "name": dataset.name, "facets": schema, kind: facets}


def _input_facets(kind: EventType, run: Run) -> dict[str, Any]:
    if kind == "START":
        return {}
    facets = {"inputStatistics": _facet("1-0-0/InputStatisticsInputDatasetFacet", rowCount=run.rows_read)}
    if run.details.get("reconciliation", "steady") != "steady":  # else nothing was compared
        facets["dataQualityAssertions"] = _facet("1-1-0/DataQualityAssertionsDatasetFacet", assertions=[
            {"assertion": "source_equals_warehouse", "success": run.details["reconciliation"] == "ok"}])
    return facets


def _output_facets(kind: EventType, run: Run) -> dict[str, Any]:
    if kind == "START":
        return {}
    written = run.rows_inserted + run.rows_updated + run.rows_deleted
    return {"outputStatistics": _facet("1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=written)}


def _append(line: str) -> None:
    """One line of the day's file. Locked: entities are replicated by several threads and processes at once."""
    path = settings().home / "lineage" / f"{datetime.now(UTC):%Y-%m-%d}.ndjson"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(line + "\n")


def _post(line: str, target: LineageSettings) -> None:
    if target.url in _unreachable:
        return
    if not target.url:
        raise OSError("CAUDAL_LINEAGE_URL is not set")
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {target.token.get_secret_value()}"} if target.token else {})
    import requests  # only where it is used: every step imports this module

    requests.post(target.url, data=line.encode(), headers=headers, timeout=TIMEOUT_S).raise_for_status()
