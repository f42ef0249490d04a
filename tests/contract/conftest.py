"""The server under contract: a real Odoo when ODOO_URL was set before pytest started, else the stand-in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import odoorpc
import pytest

from demo.odoo.auth import ensure_password
from demo.odoo.server import StandIn
from tests.contract.odoo_server import Server
from tests.contract.transports import HIDDEN, WITHOUT_RULES, Source, make_source

# read at collection: the session's own fixtures set these variables later, for the stand-in
REAL = {k: os.environ.get(f"ODOO_{k}", "") for k in ("URL", "DB", "USER", "PASSWORD", "API_KEY", "SQL_URL")} if os.environ.get("ODOO_URL") else None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stand_in: about the stand-in alone; skipped when ODOO_URL names a real server")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if REAL is not None:
        for item in items:
            if item.get_closest_marker("stand_in"):
                item.add_marker(pytest.mark.skip(reason="ODOO_URL is set: a real Odoo is under contract"))


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    if REAL is not None:
        return Server(REAL["URL"], REAL["DB"], REAL["USER"], REAL["PASSWORD"])
    source = request.getfixturevalue("tiny_source")
    return Server(source.url, source.db, source.user, source.password)


@pytest.fixture(scope="session")
def odoo(server: Server) -> odoorpc.ODOO:
    return server.login()


@pytest.fixture(scope="session")
def stand_ins(home: object) -> Iterator[dict[str, StandIn]]:
    """A stand-in of each version over one small source, some rows hidden from the replication user."""
    dsn = make_source("odoo_transports")
    ensure_password(dsn, "__system__", "auditora")
    with ExitStack() as stack:
        found = {version: stack.enter_context(StandIn(dsn, workers=2, password="s3creta-del-contrato", version=version, hidden_ids=HIDDEN))
                 for version in ("18.0", "19.0")}
        yield found | {WITHOUT_RULES: stack.enter_context(StandIn(dsn, workers=2, password="s3creta-del-contrato", version="18.0"))}


@pytest.fixture(scope="session")
def sources(request: pytest.FixtureRequest) -> dict[str, Source]:
    """What the transports read, by Odoo's version."""
    if REAL is None:
        return {version: _of_stand_in(server) for version, server in request.getfixturevalue("stand_ins").items()}
    real = Source(REAL["URL"], REAL["DB"], REAL["USER"], REAL["PASSWORD"], REAL["API_KEY"])
    found = {"18.0" if real.connect().version.startswith("18") else "19.0": real}
    return found | ({WITHOUT_RULES: replace(real, dsn=REAL["SQL_URL"])} if REAL["SQL_URL"] else {})


def _of_stand_in(server: StandIn) -> Source:
    audit = {"user": "__system__", "password": "auditora", "key": server.api_key("auditoría", login="__system__")}
    return Source(server.url, server.db, server.user, server.password, server.api_key(days=10), audit, server.dsn)


@pytest.fixture
def both_companies(request: pytest.FixtureRequest) -> Iterator[None]:
    """The replication user may see both companies."""
    with ExitStack() as stack:
        for server in request.getfixturevalue("stand_ins").values():
            stack.enter_context(server.knobs.set(companies=[1, 2]))
        yield
