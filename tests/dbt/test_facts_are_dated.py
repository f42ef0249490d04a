"""A fact takes sector, route and user type from the contract as it was on the fact's date, not as it is today."""

from __future__ import annotations

from tests.parsed_manifest import read_manifest

TODAYS, DATED = "int_core__contract", "int_core__contract_version"
# fact, and the model by which it reads today's contract: for something else than its places
ALLOWED = {
    ("fct_service_request", TODAYS): "the holder, where the request does not say who asks",
    ("fct_meter_event", "int_metering__meter"): "which contract the meter measures",
    ("fct_contract_event", "int_customers__contract_event"): "the days on which it began and ended",
    ("fct_billing_cycle_step", "int_billing__cycle_work"): "work to be done stands under the routes of today",
}


def test_no_fact_reads_its_places_from_todays_contract():
    nodes = read_manifest()["nodes"]
    parents = {n["name"]: {nodes[p]["name"] for p in n["depends_on"]["nodes"] if p in nodes} for n in nodes.values() if n["resource_type"] == "model"}
    facts = [name for name in parents if name.startswith("fct_")]
    assert len(facts) > 20
    through = {(fact, by) for fact in facts for by in parents[fact] if by != DATED and (by == TODAYS or (by.startswith("int_") and TODAYS in parents[by]))}
    assert through == set(ALLOWED)
