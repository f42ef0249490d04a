"""Every way the transport sql can fail is a SourceError in Spanish that says what to do, and the run of the entity leaves nothing half done."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from sources import transports
from sources.contract import Column, MappingError, SourceError
from sources.odoo import mapping, sql_session
from sources.odoo.connection import Unanswered
from tests.sources.by_sql import by_sql, connected

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo")) if not e.absent}
MOVES = ENTITIES["account_move"]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waits between attempts."""
    monkeypatch.setattr(sql_session, "WAIT", lambda _: 0)


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with by_sql("postgresql://x@h/db"):
        monkeypatch.delenv("ODOO_SQL_URL")
        from caudal.settings import settings
        settings.cache_clear()
        with pytest.raises(SourceError, match="ponga ODOO_SQL_URL"):
            transports.connect(transports.Options(1, 100))


@pytest.mark.parametrize("url", ["http://odoo", "postgresql://u:secreta@h:5432", "nonsense"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(SourceError, match="ODOO_SQL_URL no sirve") as error, connected(url):
        pass
    assert "secreta" not in str(error.value)


def test_nothing_listens() -> None:
    with connected("postgresql://u:secreta@127.0.0.1:1/db") as transport, pytest.raises(SourceError, match="no responde") as error:
        transport.count(MOVES)
    assert "secreta" not in str(error.value)


def test_no_such_database(lab) -> None:
    with connected(lab.source_dsn.rsplit("/", 1)[0] + "/nadie") as transport, pytest.raises(SourceError, match="no existe"):
        transport.clock()


def test_a_query_that_takes_too_long(lab) -> None:
    with connected(lab.source_dsn, ODOO_SQL_TIMEOUT_S="1") as transport, psycopg.connect(lab.source_dsn) as other:
        assert transport.count(ENTITIES["claim"]) > 0
        other.execute("lock table water_claim in access exclusive mode")  # the time-out of locks is longer
        with pytest.raises(SourceError, match="pasó de 1 s .*ODOO_SQL_TIMEOUT_S"):
            transport.count(ENTITIES["claim"])


def test_a_table_that_odoo_is_changing(lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_session, "LOCK_TIMEOUT", "200ms")
    with connected(lab.source_dsn) as transport, psycopg.connect(lab.source_dsn) as other:
        transport.describe(MOVES)
        other.execute("lock table account_move in access exclusive mode")
        with pytest.raises(SourceError, match="bloqueada"):
            transport.count(MOVES)


def test_a_model_without_a_table_and_a_field_that_is_not_stored(lab) -> None:
    with connected(lab.source_dsn) as transport:
        with pytest.raises(SourceError, match=r"ir_model_fields no tiene el modelo no\.such"):
            transport.describe(replace(MOVES, model="no.such"))
        computed = replace(MOVES, columns=(*MOVES.columns, Column("shown", "text", "display_name", 77)))
        with pytest.raises(MappingError, match=rf"^{MOVES.file}:77: account_move\.shown: .*ODOO_TRANSPORT=rpc.*absent: true"):
            transport.describe(computed)


def test_a_column_that_went_away_is_missing_as_over_rpc(lab) -> None:
    lab.source("alter table water_claim rename column founded to founded_")
    try:
        with by_sql(lab.source_dsn):
            result = lab.replicate("claim", "meter")
        assert result["meter"].status == "ok"
        assert "founded" in result["claim"].error and "no existe" in result["claim"].error
    finally:
        lab.source("alter table water_claim rename column founded_ to founded")


def sessions(lab) -> list[int]:
    return [row[0] for row in lab.source("select pid from pg_stat_activity where application_name = 'caudal' and datname = current_database()")]


def test_a_session_lost_between_questions_is_replaced(lab) -> None:
    with connected(lab.source_dsn) as transport:
        rows = transport.count(MOVES)
        for pid in sessions(lab):
            lab.source("select pg_terminate_backend(%s, 5000)", [pid])
        assert transport.count(MOVES) == rows


def test_a_connection_lost_while_reading_fails_the_entity_whole(lab) -> None:
    from sources.odoo import sql as transport_module

    lab.warehouse("truncate raw.odoo_account_move_line")
    killed = []

    def kill_in_the_middle(original):
        def copy(self, *arguments):
            for number, piece in enumerate(original(self, *arguments)):
                if number == 1 and not killed:
                    killed.extend(lab.source(
                        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'caudal' and query like 'copy%%'"))
                yield piece
        return copy

    with by_sql(lab.source_dsn), pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport_module.OdooSql, "_copy", kill_in_the_middle(transport_module.OdooSql._copy))
        # enough rows that they are not in the sockets' buffers already
        lab.source("update account_move_line set name = repeat(md5(id::text), 60)")
        result = lab.replicate("account_move_line")["account_move_line"]
        assert killed and result.status == "failed" and "cortó la conexión" in result.error
        assert lab.warehouse("select count(*) from raw.odoo_account_move_line") == [(0,)]
        assert lab.one("account_move_line").inserted > 1_000


def test_stop_ends_what_runs(lab) -> None:
    with connected(lab.source_dsn) as transport:
        pieces = transport.changes(MOVES, None)[0]
        next(pieces)
        transport.stop(SourceError("La réplica fue interrumpida."))
        with pytest.raises(SourceError, match="interrumpida"):
            transport.count(MOVES)
        pieces.close()


def test_what_may_be_tried_again_and_what_not(lab) -> None:
    calls = []

    def failing(error: SourceError):
        def action():
            calls.append(error)
            raise error
        return action

    with connected(lab.source_dsn) as transport:
        for error, attempts in ((Unanswered("x"), sql_session.ATTEMPTS), (SourceError("y"), 1)):
            calls.clear()
            with pytest.raises(SourceError):
                transport.server.patiently(failing(error))
            assert len(calls) == attempts
