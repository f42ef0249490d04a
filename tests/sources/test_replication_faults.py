"""Everything that goes wrong: what the run says, what it leaves, and that the other entities go on."""

from __future__ import annotations

import logging
import socket
import threading

import psycopg
import pytest

from sources.odoo import mapping
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}


def last_run(lab, entity: str) -> tuple:
    return lab.warehouse("select status, error, details from ops.run where entity = %s order by run_id desc limit 1", [entity])[0]


def test_a_field_that_is_gone_stops_its_entity_alone(lab) -> None:
    before = lab.versions("odoo_contract")
    lab.touch("water_sector", [2], "name = name || ' Norte'")
    with lab.server.knobs.set(removed_fields={"water.contract": ["is_cuttable"]}):
        results = lab.replicate("contract", "sector")
    assert results["sector"].status == "ok" and results["sector"].updated == 1
    error = results["contract"].error
    file = mapping.path_of("demo") / "customers.yml"
    lines = file.read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.strip() == "is_cuttable: boolean")
    assert error.startswith(f"{file}:{line}: contract.is_cuttable:") and "water.contract" in error
    assert last_run(lab, "contract")[0] == "failed" and "is_cuttable" in last_run(lab, "contract")[1]
    assert lab.versions("odoo_contract") == before


def test_a_new_field_is_a_warning_and_is_recorded_once(lab) -> None:
    with lab.server.knobs.set(renamed_fields={"water.sector": {"write_uid": "x_pressure_zone"}}):
        result = lab.one("sector")
        assert any("x_pressure_zone" in w for w in result.warnings)
        assert last_run(lab, "sector")[2]["new_fields"] == ["x_pressure_zone"]
        assert lab.one("sector").warnings == []


def test_an_unparseable_row_is_kept_out_with_its_reason_until_it_is_corrected(lab) -> None:
    lab.touch("account_payment", [10, 11, 12], "memo = 'revisado'")
    with lab.server.knobs.set(corrupt={"account.payment": {"10": {"amount": "mil pesos"}, "11": {"date": "31/02/2026"}}}):
        result = lab.one("account_payment")
        assert (result.updated, result.quarantined, result.reconciliation) == (1, 2, "quarantined")  # the old rows 10 and 11 stay
        assert lab.one("account_payment").quarantined == 2
        waiting = lab.warehouse("""select record_id, field, reason, payload ->> 'amount' from ops.quarantine
                                   where entity = 'account_payment' and resolved_at is null order by 1""")
    assert [w[:2] for w in waiting] == [("10", "amount"), ("11", "date")]
    assert "mil pesos" in waiting[0][2] and waiting[0][3] == "mil pesos" and "31/02/2026" in waiting[1][2]

    result = lab.one("account_payment")

    assert (result.updated, result.quarantined, result.reconciliation) == (2, 0, "ok")
    assert lab.warehouse("select count(*), count(resolved_at) from ops.quarantine where entity = 'account_payment'") == [(2, 2)]
    assert_same(lab, ENTITIES["account_payment"], "account_payment")


def test_an_unparseable_row_of_a_first_load(lab) -> None:
    lab.warehouse("drop table raw.odoo_reading")
    with lab.server.knobs.set(corrupt={"water.reading": {"7": {"read_at": "ayer"}, "8": {"consumption_m3": 1e300}}}):
        result = lab.one("reading")
    assert (result.quarantined, result.reconciliation) == (2, "quarantined")
    assert lab.warehouse("select count(*) from raw.odoo_reading where id in (7, 8)") == [(0,)]
    assert lab.one("reading").inserted == 2  # by the id diff: no write_date told
    assert_same(lab, ENTITIES["reading"], "water_reading")


def test_dropped_connections_and_a_dying_proxy_are_survived(lab) -> None:
    """At log-in and in the middle of the pages."""
    from sources.odoo.rpc import OdooRpc
    from sources.odoo.session import Address

    entity = ENTITIES["account_move"]
    transport = OdooRpc(Address(lab.server.url, lab.server.db, lab.server.user, lab.server.password), page_rows=1000)
    lab.server.knobs.update(drop_next=1, bad_gateway_next=1)
    expected = transport.count(entity)
    assert transport.pool.retries == 2

    ids: list[int] = []
    for batch in transport.changes(entity, None)[0]:
        if not ids:
            lab.server.knobs.update(drop_next=1, bad_gateway_next=1)
        ids += [row["id"] for row in batch.rows]

    assert transport.pool.retries == 4
    assert len(ids) == expected and ids == sorted(set(ids))


def test_a_page_that_kills_odoos_worker_is_halved(lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from sources.odoo import paging

    sizes = []
    monkeypatch.setattr(paging.PageSize, "worked", lambda self: sizes.append(self.rows))
    lab.warehouse("drop table raw.odoo_reading")
    with lab.server.knobs.set(page_limit=600):
        result = lab.one("reading")
    assert set(sizes) == {500}  # 2,000 and 1,000 died
    assert result.rows_read == assert_same(lab, ENTITIES["reading"], "water_reading")


def test_odoo_down_is_said_once_quickly_and_recorded(lab) -> None:
    before = lab.versions("odoo_sector")
    mark = lab.warehouse("select * from ops.watermark order by 1, 2")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, not listening: refused
        command = lab.command(ODOO_URL=f"http://127.0.0.1:{free.getsockname()[1]}")
        output = command.communicate(timeout=60)[0]
    assert command.returncode == 1
    assert output.count("no hay nada escuchando") == 2  # where it first happens, and at the end
    assert f"las {len(ENTITIES)} entidades" in output and "Traceback" not in output
    assert last_run(lab, "sector")[0] == "failed"
    assert lab.versions("odoo_sector") == before and lab.warehouse("select * from ops.watermark order by 1, 2") == mark


def test_a_model_the_user_may_not_read_fails_alone(lab) -> None:
    with lab.server.knobs.set(denied_models=["water.claim"]):
        results = lab.replicate("claim", "sector")
    assert results["sector"].status == "ok"
    assert "no tiene permiso" in results["claim"].error and "water.claim" in results["claim"].error


def test_a_key_that_expires_in_mid_run(lab) -> None:
    from sources.odoo.session import Address, CredentialRefused, Session

    session = Session(Address(lab.server.url, lab.server.db, lab.server.user, lab.server.password))
    with lab.server.knobs.set(refuse_login=True), pytest.raises(CredentialRefused, match="venció o fue revocada") as caught:
        session.call("water.sector", "search_count", {"domain": []})
    assert lab.server.password not in str(caught.value)


@pytest.mark.parametrize("password", ["equivocada-9d1f", None])
def test_no_password_is_ever_written(lab, password: str | None) -> None:
    """Not on the screen, not in any log at any level, not in ops.run: neither a wrong password nor the right one."""
    used = password or lab.server.password
    command = lab.command("--entity", "sector", debug=True, ODOO_PASSWORD=used)
    output = command.communicate(timeout=60)[0]
    assert "DEBUG:root:the logs are on" in output
    assert command.returncode == (1 if password else 0), output
    if password:
        assert f"no acepta el usuario '{lab.server.user}'" in output and "ODOO_PASSWORD" in output
    assert used not in output
    assert lab.warehouse("select count(*) from ops.run as r where r::text like %s", [f"%{used}%"]) == [(0,)]


def test_odoorpc_logs_nothing_whatever_its_level(lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="odoorpc.rpc.jsonrpclib")
    lab.one("sector")
    assert lab.server.password not in caplog.text
    assert not [r for r in caplog.records if r.name.startswith("odoorpc")]


def test_a_batch_cut_in_half_leaves_the_table_as_it_was(lab) -> None:
    """The warehouse ends our connection when some pages are in: the whole entity is undone, and the next run does it all."""
    before = lab.versions("odoo_account_payment")
    mark = lab.warehouse("select watermark, run_id from ops.watermark where entity = 'account_payment'")
    lab.source("update account_payment set memo = 'lote', write_date = (select max(write_date) from account_payment) + interval '1 minute'")

    def cut() -> None:
        with psycopg.connect(lab.warehouse_dsn, autocommit=True) as conn:
            while not conn.execute("""select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
                    and application_name = 'caudal:load' and backend_xid is not null and query ilike 'copy%'""").fetchall():  # open from the first page to the last
                pass

    with lab.server.knobs.set(latency_s=0.1):
        thread = threading.Thread(target=cut, daemon=True)
        thread.start()
        result = lab.replicate("account_payment", page_rows=100)["account_payment"]
        thread.join(10)
    assert result.status == "failed" and result.rows_read == 0
    assert lab.versions("odoo_account_payment") == before
    assert lab.warehouse("select watermark, run_id from ops.watermark where entity = 'account_payment'") == mark
    assert lab.one("account_payment").updated == len(before)
    assert_same(lab, ENTITIES["account_payment"], "account_payment")
