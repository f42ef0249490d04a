"""One contract for every transport: what it must give of the same Odoo. The measure is what the package odoorpc reads by itself.

Runs unchanged against a real server (tests/contract/README.md); JSON-2 there when it is Odoo 19 or later and ODOO_API_KEY is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import odoorpc
import pytest

from sources.contract import Column, Entity, SourceError, Transport
from tests.contract.transports import HIDDEN, MOVES, PAGE_ROWS, PARTNERS, TRANSPORTS, Case, Source, connected, first_rows, truth, values

GONE = 2_000_000_000


@pytest.fixture(scope="module", params=TRANSPORTS)
def case(request: pytest.FixtureRequest) -> Case:
    return TRANSPORTS[request.param]


@pytest.fixture(scope="module")
def source(case: Case, sources: dict[str, Source]) -> Source:
    """The server of the case's version."""
    if case.server not in sources:
        pytest.skip(f"the server under contract is no Odoo {case.server}")
    if case.transport == "json2" and not sources[case.server].api_key:
        pytest.skip("ODOO_API_KEY is not set")
    return sources[case.server]


@pytest.fixture(scope="module")
def transport(case: Case, source: Source) -> Iterator[Transport]:
    with connected(case, source) as transport:
        yield transport


@pytest.fixture(scope="module")
def oracle(source: Source) -> odoorpc.ODOO:
    return source.login()


@pytest.fixture(scope="module")
def partners(oracle: odoorpc.ODOO) -> Entity:
    return first_rows(oracle, PARTNERS)


@pytest.fixture(scope="module")
def moves(oracle: odoorpc.ODOO) -> Entity:
    if MOVES.model not in oracle.env:
        pytest.skip("account is not installed on this Odoo")
    return first_rows(oracle, MOVES)


def everything(transport: Transport, entity: Entity, since: datetime | None = None) -> list[dict]:
    return [row for stream in transport.changes(entity, since) for row in values(entity, stream)]


def test_describe_tells_type_and_relation(transport: Transport, partners: Entity) -> None:
    fields = transport.describe(partners)
    assert {"id", "name", "active", "company_id", "write_date"} <= set(fields)
    assert fields["name"].type == "char" and fields["active"].type == "boolean" and fields["write_date"].type == "datetime"
    assert (fields["company_id"].type, fields["company_id"].relation) == ("many2one", "res.company")
    assert fields["name"].stored


def test_source_names_the_database(transport: Transport, source: Source) -> None:
    assert transport.source == f"odoo:{source.db}"


def test_every_row_comes_once_as_odoo_has_it(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    rows = everything(transport, partners)
    expected = truth(oracle, partners)
    assert len(rows) == len(expected) == transport.count(partners) > PAGE_ROWS
    assert {row["id"]: row for row in rows} == expected
    assert {type(r["company_id"]) for r in rows} <= {int, type(None)}  # bare ids


def test_archived_rows_are_there_and_nothing_is_null(transport: Transport, partners: Entity) -> None:
    rows = everything(transport, partners)
    assert {row["active"] for row in rows} == {True, False}
    assert any(row["street"] is None for row in rows) and not any(row["street"] is False for row in rows)
    assert all(row["is_company"] in (True, False) for row in rows)


def test_money_is_exact(transport: Transport, oracle: odoorpc.ODOO, moves: Entity) -> None:
    rows = {row["id"]: row for row in everything(transport, moves)}
    expected = truth(oracle, moves)
    assert {i: (r["amount_total"], r["date"], r["state"], r["partner_id"]) for i, r in rows.items()} == {
        i: (e["amount_total"], e["date"], e["state"], e["partner_id"]) for i, e in expected.items()}
    assert transport.total(moves, moves.column("amount_total")) == sum((e["amount_total"] for e in expected.values()), Decimal(0))


def test_ids_ascend(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    ids = [i for chunk in transport.ids(partners) for i in chunk]
    assert ids == sorted(truth(oracle, partners))


def test_changes_since_a_moment(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    moments = sorted(row["write_date"] for row in truth(oracle, partners).values())
    since = moments[len(moments) // 2]
    rows = everything(transport, partners, since.replace(tzinfo=UTC))
    expected = truth(oracle, partners, [["write_date", ">=", str(since)]])
    assert {row["id"] for row in rows} == set(expected) and len(rows) == len(expected)
    assert 0 < len(rows) < len(moments) and all(row["write_date"] >= since for row in rows)
    assert transport.count(partners, since.replace(tzinfo=UTC)) == len(expected)


def test_moments_are_compared_in_utc(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    since = max(row["write_date"] for row in truth(oracle, partners).values()).replace(tzinfo=UTC)
    elsewhere = since.astimezone(ZoneInfo("America/Santo_Domingo"))
    assert transport.count(partners, since) == transport.count(partners, elsewhere) > 0


def test_rows_of_ids_leave_out_what_is_gone(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    expected = truth(oracle, partners)
    some = sorted(expected)[::3]
    rows = values(partners, transport.rows(partners, [*reversed(some), GONE]))
    assert {row["id"]: row for row in rows} == {i: expected[i] for i in some} and len(rows) == len(some) > PAGE_ROWS
    assert values(partners, transport.rows(partners, [])) == []


def test_span_is_half_open(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    ids = sorted(truth(oracle, partners))
    low, high = ids[3], ids[3 + PAGE_ROWS * 2]
    rows = values(partners, transport.span(partners, low, high))
    assert [row["id"] for row in rows] == ids[3 : 3 + PAGE_ROWS * 2]
    assert values(partners, transport.span(partners, GONE, GONE + 1)) == []


def test_resume_from_is_before_the_latest_change(transport: Transport, oracle: odoorpc.ODOO, partners: Entity) -> None:
    latest = max(row["write_date"] for row in truth(oracle, partners).values()).replace(tzinfo=UTC)
    resume = transport.resume_from(partners)
    assert resume is not None and resume.tzinfo is not None and resume < latest + timedelta(seconds=1)  # RPC cuts off what SQL tells
    none = replace(partners, domain=(("id", "=", GONE),))
    assert transport.resume_from(none) is None and everything(transport, none) == []


def test_domain_of_the_mapping_holds_everywhere(transport: Transport, oracle: odoorpc.ODOO, moves: Entity) -> None:
    posted = replace(moves, domain=(*moves.domain, ("state", "=", "posted")))
    expected = truth(oracle, posted)
    assert transport.count(posted) == len(expected) == len(everything(transport, posted))
    assert [i for chunk in transport.ids(posted) for i in chunk] == sorted(expected)
    assert transport.total(posted, posted.column("amount_total")) == sum(e["amount_total"] for e in expected.values())


def test_clock_is_the_servers(transport: Transport) -> None:
    clock = transport.clock()
    assert clock is not None and abs(clock - datetime.now(UTC)) < timedelta(hours=24)


def test_an_unknown_model_is_a_source_error_in_spanish(transport: Transport, partners: Entity) -> None:
    with pytest.raises(SourceError, match=r"no\.such\.model"):
        transport.count(replace(partners, model="no.such.model"))


def test_an_unknown_field_is_a_source_error(transport: Transport, partners: Entity) -> None:
    wrong = replace(partners, columns=(*partners.columns, Column("no_such_field", "text", "no_such_field")))
    with pytest.raises(SourceError, match="no_such_field"):
        everything(transport, wrong)


# ---------- who sees what: rows made on purpose

@pytest.mark.stand_in
def test_hidden_rows_are_counted(case: Case, transport: Transport) -> None:
    shown, every = transport.count(PARTNERS), 253
    other_company = len([n for n in range(10, 261) if n % 25 == 0])
    if not case.rules:  # no rule hides anything, and the companies are what was asked for
        assert (transport.hidden(PARTNERS), every - shown) == (0, other_company)
        return
    assert transport.hidden(PARTNERS) == every - shown == other_company + len(HIDDEN["res.partner"])


@pytest.mark.stand_in
def test_without_an_audit_user_hidden_is_unknown(case: Case, source: Source) -> None:
    if not case.rules:
        pytest.skip("no record rules to hide anything")
    blind = Source(source.url, source.db, source.user, source.password, source.api_key, dsn=source.dsn)
    with connected(case, blind) as transport:
        assert transport.hidden(PARTNERS) is None


@pytest.mark.stand_in
def test_the_sites_companies_are_asked_for(case: Case, source: Source, both_companies: None) -> None:
    neighbour, both = replace(MOVES, companies=(2,)), replace(MOVES, companies=(1, 2))
    with connected(case, source) as transport:
        rows = everything(transport, neighbour)
        assert {row["company_id"] for row in rows} == {2} and len(rows) == 3
        assert transport.total(neighbour, neighbour.column("amount_total")) == Decimal("12001.20")
        assert {row["company_id"] for row in everything(transport, both)} == {1, 2}


@pytest.mark.stand_in
def test_a_key_ends_and_says_when(case: Case, source: Source) -> None:
    """The user of the source has a key that ends in 10 days; a password never ends."""
    with connected(case, source) as transport:
        ends = getattr(transport, "expires_on", lambda: None)()
    assert (ends is not None) == (case.transport == "json2")
