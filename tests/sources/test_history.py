"""The history of contracts, customers, supply points and meters: from Odoo's audit trail where it tells, from snapshots where it does not."""

from __future__ import annotations

import pytest

MODELS = "+dim_contract_history +dim_customer_history +dim_supply_point_history +dim_meter_history"
ENTITIES = ("contract", "customer", "supply_point", "meter", "user", "message", "tracking_value", "model_field", "field_selection",
            "audit_log", "audit_log_line", "identification_type")


@pytest.fixture(scope="module")
def history(module_lab):
    """Builds the histories and gives what they say of one record: its versions in order."""
    from caudal.build import build

    def built() -> None:
        result = build(MODELS, progress=lambda line: None)
        assert result.ok, result

    def versions(entity: str, key: int, *columns: str) -> list[tuple]:
        return module_lab.warehouse(
            f"select {', '.join(columns)} from marts_next.dim_{entity}_history where {entity}_key = %s order by version_number", [key])

    built()
    return built, versions


def test_states_of_a_contract_are_those_of_its_audit_trail(module_lab, history) -> None:
    _, versions = history
    told = module_lab.source("""
        select m.res_id, t.create_date, t.old_value_char, t.new_value_char, u.name
        from mail_tracking_value t join mail_message m on m.id = t.mail_message_id join ir_model_fields f on f.id = t.field_id
        join (select u.id, p.name from res_users u join res_partner p on p.id = u.partner_id) u on u.id = m.create_uid
        where m.model = 'water.contract' and f.name = 'state' order by m.res_id, t.create_date""")
    contract = max((row[0] for row in told), key=[row[0] for row in told].count)  # the one with the longest story
    trail = [row for row in told if row[0] == contract]
    labels = dict(module_lab.source("""select s.value, coalesce(s.name ->> 'es_DO', s.name ->> 'en_US') from ir_model_fields_selection s
        join ir_model_fields f on f.id = s.field_id where f.model = 'water.contract' and f.name = 'state'"""))

    found = versions("contract", contract, "status", "valid_from", "changed_by", "origin", "is_current")

    assert len(trail) >= 2
    assert [labels[status] for status, *_ in found] == [trail[0][2], *(row[3] for row in trail)]
    assert [(f"{moment:%Y-%m-%d %H:%M:%S}", who, origin) for _, moment, who, origin, _ in found[1:]] == [
        (f"{row[1]:%Y-%m-%d %H:%M:%S}", row[4], "auditoría") for row in trail]
    assert [current for *_, current in found] == [False] * len(trail) + [True]


def test_todays_version_is_what_odoo_says_today(module_lab, history) -> None:
    for entity, raw, pairs in (
            ("contract", "odoo_contract", "h.status = r.state and h.customer_key = coalesce(r.partner_id, -1) and h.ended_on is not distinct from r.date_end"),
            ("customer", "odoo_customer", "h.customer_name is not distinct from r.name and h.phone is not distinct from r.phone"),
            ("supply_point", "odoo_supply_point", "h.sector_key = coalesce(r.sector_id, -1)"),
            ("meter", "odoo_meter", "h.retired_on is not distinct from r.retired_on and h.supply_point_key = coalesce(r.supply_point_id, -1)")):
        rows, right = module_lab.warehouse(
            f"select count(*), count(*) filter (where {pairs}) from raw.{raw} as r "
            f"left join marts_next.dim_{entity}_history as h on h.{entity}_key = r.id and h.is_current")[0]
        assert rows == right > 0, entity


def test_what_no_trail_tells_is_known_by_the_snapshots(module_lab, history) -> None:
    """A user type changed by a person (not a tracked field), a name in raw SQL, and a supply point deleted."""
    built, versions = history
    contract, user_type = module_lab.source("""select c.id, (select min(t.id) from water_user_type t where t.id <> c.user_type_id)
        from water_contract c where c.company_id = 1 and c.state = 'active' order by c.id desc limit 1""")[0]
    before = versions("contract", contract, "user_type_key")[-1][0]
    module_lab.touch("water_contract", [contract], f"user_type_id = {user_type}, write_uid = 2")
    customer = module_lab.source("select max(id) from res_partner where customer_rank > 0 and company_id = 1")[0][0]
    module_lab.source("update res_partner set name = 'Nombre puesto por SQL' where id = %s", [customer])
    results = module_lab.replicate(*ENTITIES, verify=True)
    assert all(r.status == "ok" for r in results.values()), results

    built()

    found = versions("contract", contract, "user_type_key", "origin", "changed_attributes", "changed_by", "valid_from")
    moment, who = module_lab.warehouse("select write_date, (select name from raw.odoo_user where id = 2) from raw.odoo_contract where id = %s", [contract])[0]
    assert [row[0] for row in found[-2:]] == [before, user_type]
    assert found[-1][1:] == ("instantánea", ["user_type_id"], who, moment)  # who and when, as write_uid and write_date say
    seen = versions("customer", customer, "customer_name", "origin", "changed_by", "is_current")
    assert seen[-1] == ("Nombre puesto por SQL", "instantánea", None, True)  # raw SQL leaves no name behind
    assert seen[-2][0] != "Nombre puesto por SQL"

    built()  # nothing changed: no new version
    assert versions("contract", contract, "valid_from") == [(row[4],) for row in found]
