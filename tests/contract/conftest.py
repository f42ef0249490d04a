"""The server under contract: a real Odoo when ODOO_URL was set before pytest started, else the stand-in."""

from __future__ import annotations

import os

import odoorpc
import pytest

from tests.contract.odoo_server import Server

# read at collection: the session's own fixtures set these variables later, for the stand-in
REAL = {k: os.environ.get(f"ODOO_{k}", "") for k in ("URL", "DB", "USER", "PASSWORD")} if os.environ.get("ODOO_URL") else None


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
