"""Every transport tallies the same and explains the same rows, over a warehouse that JSON-RPC loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from caudal.settings import settings
from sources import transports
from sources.contract import Tally
from sources.odoo import mapping
from sources.reconciliation import reconcile

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}
CASES: dict[str, tuple[str, Callable[[Any], dict[str, str]]]] = {
    "rpc": ("18.0", lambda lab: {}), "rpc19": ("19.0", lambda lab: {"ODOO_TRANSPORT": "rpc"}),
    "json2": ("19.0", lambda lab: {"ODOO_TRANSPORT": "json2", "ODOO_API_KEY": lab.server.api_key()}),
    "sql": ("18.0", lambda lab: {"ODOO_TRANSPORT": "sql", "ODOO_SQL_URL": lab.source_dsn}),
}


@pytest.fixture(params=CASES)
def over(request: pytest.FixtureRequest, lab: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The laboratory, its source read by one of the transports."""
    version, environment = CASES[request.param]
    with lab.server.knobs.set(version=version):
        for name, value in environment(lab).items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield lab
    monkeypatch.undo()
    settings.cache_clear()


def tallies(name: str) -> set[Tally]:
    transport = transports.connect(transports.Options(1, 1000))
    try:
        found = list(transport.tallies(ENTITIES[name]))
    finally:
        transport.close()
    assert len(set(found)) == len(found)
    return set(found)


@pytest.mark.parametrize("name", ["account_move", "reading", "agreement", "cut_order", "sector"])
def test_the_source_adds_up_the_same_over_every_transport(over: Any, name: str) -> None:
    entity, table = ENTITIES[name], {"account_move": "account_move", "reading": "water_reading", "agreement": "water_agreement", "cut_order": "water_cut_order",
                                     "sector": "water_sector"}[name]
    day, state, amount = (entity.column(c).source if c else None for c in (entity.day, entity.state, entity.amount))
    own = " where company_id is null or company_id = 1" if name == "account_move" else ""
    expected = over.source(f"""select {day or 'null::date'}, {state or 'null::text'}, count(*), {f'sum({amount})' if amount else 'null::numeric'}, max(id)
                               from {table}{own} group by 1, 2""")
    assert expected and tallies(name) == {Tally(*row) for row in expected}


def test_the_same_rows_explain_the_same_differences(over: Any) -> None:
    over.source("update account_payment set amount = amount + 1 where id = 80")
    over.touch("account_payment", [81], "amount = amount + 1")
    over.source("create table if not exists gone as select * from account_payment where id = 82")
    over.source("delete from account_payment where id = 82")
    try:
        [found] = reconcile(["account_payment"])
        assert found.error is None
        assert {r.id: r.reason for g in found.different for r in g.records} == {80: "silent", 81: "changed_later", 82: "deleted"}
        assert all(group.unexplained == (0, 0) for group in found.different)
    finally:
        over.source("insert into account_payment select * from gone; drop table gone")
        over.one("account_payment", full=True)
