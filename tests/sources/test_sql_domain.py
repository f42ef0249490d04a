"""A domain means by SQL what it means by RPC: the same rows, NULLs, archived records and other companies included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sources import transports
from sources.contract import Entity, MappingError
from sources.odoo import mapping
from tests.sources.by_sql import connected

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo")) if not e.absent}

DOMAINS = [
    ("account_move", [["state", "=", "posted"]]),
    ("account_move", [["state", "!=", "posted"]]),
    ("account_move", [["x_credit_reason", "!=", "acuerdo"]]),  # NULL is not that either
    ("account_move", [["x_credit_reason", "=", False], ["move_type", "in", ["out_refund", "entry"]]]),
    ("account_move", [["x_credit_reason", "in", ["acuerdo", False]]]),
    ("account_move", [["x_credit_reason", "not in", ["acuerdo", "cambio_tarifa"]]]),
    ("account_move", [["x_credit_reason", "not in", ["acuerdo", False]]]),
    ("account_move", ["|", ["amount_total", ">", 5000.5], "&", ["state", "=", "cancel"], ["amount_residual", "<=", 0]]),
    ("account_move", ["!", ["x_credit_reason", "=", "acuerdo"]]),
    ("account_move", ["!", "|", ["move_type", "=", "entry"], ["is_ecf_invoice", "=", True]]),
    ("account_move", [["is_ecf_invoice", "=", False]]),
    ("account_move", [["invoice_date", ">=", "2026-03-01"], ["invoice_date", "<", "2026-06-01"]]),
    ("account_move", [["write_date", ">", "2026-05-10"]]),
    ("account_move", [["write_date", "<=", "2026-05-10"]]),
    ("account_move", [["name", "ilike", "fac"]]),
    ("account_move", [["ref", "not like", "A"]]),
    ("account_move", [["ref", "=like", "%1"]]),
    ("account_move", [["partner_id.vat", "!=", False]]),
    ("account_move", [["x_contract_id.supply_point_id.sector_id.code", "=", "S01"]]),
    ("account_move_line", [["move_id.move_type", "in", ["out_invoice", "out_refund"]], ["product_id", "!=", False]]),
    ("account_move_line", [["account_id.code", "like", "1"]]),
    ("concept", [["name", "ilike", "agua"]]),
    ("customer", [["active", "=", False]]),
    ("user", [["active", "!=", False]]),
]


@pytest.fixture(scope="module")
def pair(module_lab) -> Iterator[tuple[Any, Any]]:
    """RPC and SQL, both showing the companies of the same user."""
    rpc = transports.connect(transports.Options(1, 500), "rpc")
    with connected(module_lab.source_dsn) as by_sql:
        yield rpc, by_sql
    rpc.close()


@pytest.mark.parametrize(("name", "domain"), DOMAINS, ids=lambda v: v if isinstance(v, str) else str(v)[:60])
def test_the_same_rows(pair: tuple[Any, Any], name: str, domain: list) -> None:
    entity = replace(ENTITIES[name], domain=tuple(domain))
    theirs, ours = ([i for chunk in t.ids(entity) for i in chunk] for t in pair)
    assert ours == theirs


def test_most_of_these_domains_find_some_and_not_all(pair: tuple[Any, Any]) -> None:
    shares = [pair[1].count(replace(ENTITIES[n], domain=tuple(d))) / pair[1].count(replace(ENTITIES[n], domain=())) for n, d in DOMAINS]
    assert sum(0 < share < 1 for share in shares) >= 16, shares


def test_whether_there_is_any_record_on_the_other_side(module_lab, pair: tuple[Any, Any]) -> None:
    user = replace(ENTITIES["user"], domain=(["groups_id", "!=", False],))
    none = replace(user, domain=(["groups_id", "=", False],))
    expected = module_lab.source("select count(distinct uid) from res_groups_users_rel")[0][0]
    assert pair[1].count(user) == expected > 0
    assert pair[1].count(none) == module_lab.source("select count(*) from res_users")[0][0] - expected


@pytest.mark.parametrize(("term", "reason"), [
    (["partner_id", "child_of", 3], "child_of"), (["display_name", "=", "x"], "calculado"), (["no_such", "=", 1], "no tiene el campo"),
    (["state.code", "=", 1], "many2one"), (["is_ecf_invoice", ">", 1], "="), (["amount_total", "<", False], "false"), ("&", "falta un término"),
    ("posted", "se esperaba")])
def test_what_is_not_understood_is_refused_with_file_and_line(pair: tuple[Any, Any], term: Any, reason: str) -> None:
    entity = ENTITIES["account_move"]
    with pytest.raises(MappingError, match=rf"^{entity.file}:{entity.line}: account_move: .*{reason}.*ODOO_TRANSPORT=rpc"):
        pair[1].count(Entity(entity.name, entity.model, entity.columns, domain=(term,), file=entity.file, line=entity.line))
