"""Fields that come, go, and change in Odoo: what each policy does, what it says, and what is kept of it in ops.schema_drift."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sources import drift
from sources.contract import Column, Entity, FieldInfo, MappingError
from sources.drift import Change, review
from sources.odoo import mapping
from sources.reconciliation import reconcile

CHAR, FLOAT, MOMENT = FieldInfo("char"), FieldInfo("float"), FieldInfo("datetime")
KNOWN = {"id": FieldInfo("integer"), "write_date": MOMENT, "x_code": FieldInfo("char", label="Code"), "x_m3": FieldInfo("integer"),
         "partner_id": FieldInfo("many2one", relation="res.partner")}
THING = Entity("thing", "water.thing", (
    Column("id", "id", "id"), Column("write_date", "datetime", "write_date"), Column("code", "text", "x_code", 12), Column("m3", "quantity", "x_m3", 13),
    Column("partner_id", "many2one", "partner_id", 14)), file="site.yml", line=10)
EVOLVING = replace(THING, drift="evolve")


def without(*names: str, **more: FieldInfo) -> dict[str, FieldInfo]:
    return {n: i for n, i in KNOWN.items() if n not in names} | more


def test_nothing_changed() -> None:
    for entity in (THING, EVOLVING):
        found = review(entity, KNOWN, KNOWN, [])
        assert (found.entity, found.changes, found.warnings, found.error) == (entity, [], [], None)
        assert review(entity, without(x_new=CHAR), None, []).changes == []  # the first run knows nothing to compare with


@pytest.mark.parametrize("entity, action", [(THING, "warned"), (EVOLVING, "added")])
def test_a_new_field_is_told_once(entity: Entity, action: str) -> None:
    fields = without(x_zone=CHAR)
    found = review(entity, fields, KNOWN, [])
    assert found.changes == [Change("x_zone", "new", action, None, "char")] and "x_zone" in found.warnings[0]
    later = review(entity, fields, fields, found.changes)
    assert (later.changes, later.warnings, later.new_fields) == (found.changes, [], [])
    assert [c.name for c in later.entity.columns][len(THING.columns):] == (["x_zone"] if action == "added" else [])


@pytest.mark.parametrize("name, info, column", [
    ("x_text", CHAR, "text"), ("x_amount", FieldInfo("monetary"), "money"), ("x_m2", FLOAT, "quantity"), ("x_tags", FieldInfo("many2many"), "many2many"),
    ("x_day", FieldInfo("date"), "date"), ("x_user_id", FieldInfo("many2one", relation="res.users"), "many2one"),
    ("x_photo", FieldInfo("binary"), None), ("x_lines", FieldInfo("one2many"), None), ("x_extra", FieldInfo("json"), None),
    ("x_portal_password", CHAR, None), ("x_apikey", CHAR, None), ("access_token", CHAR, None), ("x_door", FieldInfo("char", label="Contraseña"), None),
    ("totp_secret", CHAR, None), ("x_clave", CHAR, None), ("x_pin", CHAR, None), ("x_shipping_code", CHAR, "text"), ("code", CHAR, None)])
def test_what_is_brought_by_itself(name: str, info: FieldInfo, column: str | None) -> None:
    """Never binaries, inverse lists and json, never what looks like a secret, never onto a name that is taken."""
    found = review(EVOLVING, without(**{name: info}), KNOWN, [])
    added = found.entity.columns[len(THING.columns):]
    assert [(c.name, c.type, c.source) for c in added] == ([(name, column, name)] if column else [])
    assert found.changes[0].action == ("added" if column else "excluded")


def test_fields_seen_under_freeze_are_brought_when_the_policy_changes() -> None:
    fields = without(x_zone=CHAR)
    assert review(EVOLVING, fields, fields, [Change("x_zone", "new", "warned", None, "char")]).entity.columns[-1].name == "x_zone"


@pytest.mark.parametrize("new", [
    {"x_codigo": CHAR}, {"x_codigo": FieldInfo("char", label="Code"), "x_other": CHAR}])
def test_a_probable_rename(new: dict[str, FieldInfo]) -> None:
    """The only new field of the type, or the one with the same label."""
    fields = without("x_code", **new)
    frozen = review(THING, fields, KNOWN, [])
    with pytest.raises(MappingError, match=r"^site.yml:12: thing.code: .*'x_codigo'.*`code: \{type: text, field: x_codigo\}`"):
        drift.check(frozen, fields)
    assert frozen.changes[0] == Change("x_code", "renamed", "refused", "char", "char", "x_codigo")
    found = review(EVOLVING, fields, KNOWN, [])
    drift.check(found, fields)
    assert found.entity.column("code").absent and found.entity.column("x_codigo").source == "x_codigo"
    assert "site.yml:12" in found.warnings[0] and "x_codigo" in found.warnings[0]
    later = review(EVOLVING, fields, fields, found.changes)  # still so: the good run in between knows the old name no more
    assert later.entity == found.entity and later.changes[0].new_field == "x_codigo"


@pytest.mark.parametrize("new", [{}, {"x_a": CHAR, "x_b": CHAR}, {"x_codigo": FLOAT}])
def test_a_field_that_is_gone_without_a_successor(new: dict[str, FieldInfo]) -> None:
    fields = without("x_code", **new)
    frozen = review(THING, fields, KNOWN, [])
    with pytest.raises(MappingError, match=r"^site.yml:12: thing.code: el campo 'x_code' no existe"):
        drift.check(frozen, fields)
    found = review(EVOLVING, fields, KNOWN, [])
    drift.check(found, fields)
    assert found.changes[0].change == "dropped" and found.changes[0].action == "kept"
    assert found.entity.column("code").absent and any("conserva sus últimos valores" in w for w in found.warnings)


@pytest.mark.parametrize("entity", [THING, EVOLVING])
@pytest.mark.parametrize("lost", ["id", "write_date"])
def test_key_and_change_column_cannot_be_lost(entity: Entity, lost: str) -> None:
    fields = without(lost, x_when=MOMENT)
    with pytest.raises(MappingError):
        drift.check(review(entity, fields, KNOWN, []), fields)


@pytest.mark.parametrize("field, now, fits", [
    ("x_m3", FLOAT, True), ("x_m3", FieldInfo("monetary"), True), ("x_code", FieldInfo("text"), True), ("x_code", FieldInfo("selection"), True),
    ("x_code", FieldInfo("html"), True), ("x_code", FieldInfo("integer"), False), ("x_m3", CHAR, False), ("write_date", FieldInfo("date"), False)])
@pytest.mark.parametrize("entity", [THING, EVOLVING])
def test_a_field_of_another_type(entity: Entity, field: str, now: FieldInfo, fits: bool) -> None:
    fields = {**KNOWN, field: now}
    found = review(entity, fields, KNOWN, [])
    change = found.changes[0]
    assert (change.change, change.old_type, change.new_type, change.action) == ("retyped", KNOWN[field].type, now.type, "accepted" if fits else "refused")
    if fits:
        drift.check(found, fields)
        assert "sin pérdida" in found.warnings[0]
        assert review(entity, fields, fields, found.changes).changes == []  # said once, then it is what is known
    else:
        with pytest.raises(MappingError, match="no cabe sin pérdida"):
            drift.check(found, fields)


def test_a_whole_number_may_come_where_money_was_only_under_evolve() -> None:
    thing = replace(THING, columns=(*THING.columns, Column("due", "money", "x_due", 15)))
    known, fields = {**KNOWN, "x_due": FieldInfo("monetary")}, {**KNOWN, "x_due": FieldInfo("integer")}
    drift.check(review(replace(thing, drift="evolve"), fields, known, []), fields)
    with pytest.raises(MappingError):
        drift.check(review(thing, fields, known, []), fields)


def test_a_reference_to_another_model_is_told() -> None:
    found = review(THING, {**KNOWN, "partner_id": FieldInfo("many2one", relation="water.customer")}, KNOWN, [])
    assert "many2one (res.partner)" in found.warnings[0] and "many2one (water.customer)" in found.warnings[0]


def open_drift(lab: Any, entity: str) -> list[tuple]:
    return lab.warehouse("""select field, change, action, new_field from ops.schema_drift
                            where entity = %s and resolved_at is null order by id""", [entity])


@pytest.fixture
def evolving(lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The laboratory with `drift: evolve` for routes and cut orders."""
    shutil.copytree(mapping.path_of("demo"), tmp_path / "demo")
    for file in (tmp_path / "demo").glob("*.yml"):
        file.write_text(file.read_text().replace("    model: water.route\n", "    model: water.route\n    drift: evolve\n"))
        file.write_text(file.read_text().replace("    model: water.cut.order\n", "    model: water.cut.order\n    drift: evolve\n"))
    monkeypatch.setattr(mapping, "FOLDER", tmp_path)
    yield lab


def test_reconciliation_goes_on_without_a_field_that_evolve_let_go(evolving: Any) -> None:
    evolving.one("cut_order")
    [before] = reconcile(["cut_order"])
    with evolving.server.knobs.set(removed_fields={"water.cut.order": ["state"]}):
        assert evolving.one("cut_order").status == "ok"
        [without_state] = reconcile(["cut_order"])
        assert (without_state.status, without_state.error) == ("ok", None)
        assert len({group.key[1] for group in before.groups}) > 1 and {group.key[1] for group in without_state.groups} == {None}
    assert evolving.one("cut_order").status == "ok"


def test_evolve_follows_odoo_and_its_columns_stay(evolving: Any) -> None:
    lab, knobs = evolving, evolving.server.knobs
    lab.one("route")
    lab.source("alter table water_route add x_zone varchar, add x_pipe_m numeric, add x_api_token varchar")
    lab.source("update water_route set x_zone = 'zona ' || id, x_pipe_m = id * 1.5, x_api_token = 's3creto'")
    knobs.added_fields = {"water.route": {"x_zone": "char", "x_pipe_m": "float", "x_api_token": "char"}}
    result = lab.one("route")
    assert result.mode == "completa" and any("x_pipe_m, x_zone" in w for w in result.warnings)
    assert lab.warehouse("select id, x_zone, x_pipe_m from raw.odoo_route order by 1") == \
        lab.source("select id, x_zone, x_pipe_m from water_route order by 1")
    assert open_drift(lab, "route") == [("x_api_token", "new", "excluded", None), ("x_pipe_m", "new", "added", None), ("x_zone", "new", "added", None)]
    assert lab.warehouse("select count(*) from raw.odoo_route as r where r::text like '%%s3creto%%'") == [(0,)]

    lab.touch("water_route", [2], "x_zone = 'otra'")
    result = lab.one("route")
    assert (result.mode, result.updated, result.warnings) == ("incremental", 1, [])
    assert lab.warehouse("select x_zone from raw.odoo_route where id = 2") == [("otra",)]

    name = lab.warehouse("select name from raw.odoo_route where id = 3")[0][0]
    lab.source("alter table water_route rename name to x_title")
    knobs.update(removed_fields={"water.route": ["name"]},
                 added_fields={"water.route": {"x_zone": "char", "x_pipe_m": "float", "x_api_token": "char", "x_title": "char"}})
    lab.touch("water_route", [3], "x_title = 'nuevo nombre'", minutes=90)
    try:
        result = lab.one("route")
        assert any("'x_title'" in w and "field: x_title" in w for w in result.warnings)
        assert lab.warehouse("select name, x_title from raw.odoo_route where id = 3") == [(name, "nuevo nombre")]
        assert ("name", "renamed", "kept", "x_title") in open_drift(lab, "route")
        assert lab.one("route").mode == "incremental"
    finally:
        lab.source("alter table water_route rename x_title to name")
    knobs.reset()
    assert lab.one("route").status == "ok"
    assert lab.warehouse("select name from raw.odoo_route where id = 3") == [("nuevo nombre",)]
    # the columns that evolve brought are gone from Odoo: they keep their values
    assert {row[:3] for row in open_drift(lab, "route")} == {(name, "dropped", "kept") for name in ("x_pipe_m", "x_zone")}
    assert lab.warehouse("select x_zone from raw.odoo_route where id = 2") == [("otra",)]


def test_freeze_stops_the_entity_and_keeps_the_record(lab: Any) -> None:
    with lab.server.knobs.set(renamed_fields={"water.claim": {"kind": "x_kind"}}):
        error = lab.replicate("claim")["claim"].error
    assert "claim.kind" in error and "'x_kind'" in error and "field: x_kind" in error
    assert open_drift(lab, "claim") == [("kind", "renamed", "refused", "x_kind")]
    assert lab.one("claim").status == "ok"
    assert open_drift(lab, "claim") == []
    assert lab.warehouse("select first_seen_run is not null, old_type, new_type from ops.schema_drift where entity = 'claim' and resolved_at is not null") == \
        [(True, "selection", "selection")]


def test_a_type_that_loses_nothing_goes_on(lab: Any) -> None:
    lab.one("collector")
    with lab.server.knobs.set(retyped_fields={"water.collector": {"code": "text"}}):
        assert any("era char y ahora es text" in w for w in lab.one("collector").warnings)
        assert lab.one("collector").warnings == []
    with lab.server.knobs.set(retyped_fields={"water.collector": {"code": "integer"}}):
        assert "no cabe sin pérdida" in lab.replicate("collector")["collector"].error
