"""The stand-in's API keys are Odoo's: only a hash stays, 90 days at most, and one that has ended opens nothing."""

from __future__ import annotations

import psycopg
import pytest
import requests

from demo.odoo.server import StandIn

pytestmark = pytest.mark.stand_in


def status(server: StandIn, key: str) -> int:
    return requests.post(f"{server.url}/json/2/res.partner/search_count", json={"domain": []}, timeout=30,
                         headers={"Authorization": f"bearer {key}"}).status_code


@pytest.fixture
def server(stand_ins: dict[str, StandIn]) -> StandIn:
    return stand_ins["19.0"]


def test_only_a_hash_stays(server: StandIn) -> None:
    key = server.api_key("para ver")
    with psycopg.connect(server.dsn) as conn:
        index, hashed, scope, ends = conn.execute(
            """select index, key, scope, expiration_date - now() at time zone 'utc' < interval '31 days'
               from res_users_apikeys where name = 'para ver'""").fetchone()
    assert len(key) == 40 and index == key[:8] and hashed.startswith("$pbkdf2-sha512$6000$") and key not in hashed
    assert (scope, ends) == ("rpc", True) and status(server, key) == 200


def test_a_key_lives_90_days_at_most(server: StandIn) -> None:
    with pytest.raises(ValueError, match="90 days"):
        server.api_key(days=91)
    with pytest.raises(LookupError, match="nadie"):
        server.api_key(login="nadie")


def test_an_ended_key_opens_nothing(server: StandIn) -> None:
    key = server.api_key("vencida", days=-1)
    assert status(server, key) == 401
    login = requests.post(f"{server.url}/jsonrpc", timeout=30, json={
        "jsonrpc": "2.0", "id": 1, "params": {"service": "common", "method": "login", "args": [server.db, server.user, key]}})
    assert login.json()["result"] is False


def test_a_key_of_another_scope_or_user_opens_nothing_or_its_own(server: StandIn) -> None:
    key = server.api_key("de otra", login="lectora")
    uid = requests.post(f"{server.url}/json/2/res.users/context_get", json={}, timeout=30, headers={"Authorization": f"Bearer {key}"}).json()["uid"]
    assert uid == 3
    with psycopg.connect(server.dsn) as conn:
        conn.execute("update res_users_apikeys set scope = 'odoo.plugin.outlook' where name = 'de otra'")
    assert status(server, key) == 401


def test_the_clock_of_the_answers_can_be_set(server: StandIn) -> None:
    from email.utils import parsedate_to_datetime

    def hour() -> float:
        return parsedate_to_datetime(requests.get(f"{server.url}/web/version", timeout=30).headers["Date"]).timestamp()

    before = hour()
    with server.knobs.set(clock_offset_s=-7200.0):
        assert -7201 < hour() - before < -7100
