"""What both sides of the marts share follows nothing that is of one side."""

from __future__ import annotations

from tests.parsed_manifest import read_manifest

ALLOWED = {"int_metering__anomaly": "night leaks, few, which it takes anew in each build"}


def test_no_shared_incremental_model_reads_a_side():
    """A change that was put back before the other side saw it is in neither side's log as the other sees it: it would stay in a sum that both share."""
    nodes = read_manifest()["nodes"]
    models = {key: n for key, n in nodes.items() if n["resource_type"] == "model"}
    shared = [n for n in models.values() if n["config"]["materialized"] == "incremental" and n["fqn"][1] == "intermediate"]
    assert len(shared) > 20
    sided = {key for key, n in models.items() if n["fqn"][1] == "marts"}
    # also through an intermediate model that is made whole: it is of the side that was built last
    while more := {key for key, n in models.items() if key not in sided and sided & set(n["depends_on"]["nodes"])}:
        sided |= more
    assert {n["name"] for n in shared if n["unique_id"] in sided} == set(ALLOWED)


def test_shared_incremental_models_outlive_a_crash():
    """An unlogged table comes back empty while `ops.model_state` says that it is up to date."""
    nodes = read_manifest()["nodes"].values()
    assert {n["name"] for n in nodes if n["resource_type"] == "model" and n["config"]["materialized"] == "incremental" and n["config"].get("unlogged")} == set()
