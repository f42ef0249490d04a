"""A tiny utility in a database of its own: these tests regenerate and change it, others must not notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

DATABASE = "odoo_generator_test"


@pytest.fixture(scope="session")
def own_dsn(home: Path) -> str:
    from caudal import warehouse
    from caudal.settings import settings

    warehouse.ensure_database(DATABASE)
    return settings().warehouse_url("owner", DATABASE)


@pytest.fixture(scope="session")
def utility(own_dsn: str) -> tuple[str, object]:
    """(dsn, summary) of the tiny utility."""
    import demo

    return own_dsn, demo.generate(own_dsn, "tiny", progress=False)


@pytest.fixture
def source(utility: tuple[str, object]) -> Iterator[psycopg.Connection]:
    """A connection whose changes are rolled back."""
    with psycopg.connect(utility[0]) as conn:
        yield conn
        conn.rollback()
