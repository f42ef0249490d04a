"""The layer of the present checkout, and a small mart of the tests' own in a database of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from caudal import warehouse
from caudal.semantic import SemanticLayer, load
from tests.parsed_manifest import parsed_manifest

DATABASE = "caudal_semantic_test"


@pytest.fixture(scope="session")
def manifest_folder() -> Path:
    return parsed_manifest()


@pytest.fixture(scope="session")
def layer(manifest_folder: Path) -> SemanticLayer:
    return load(manifest_folder)


@pytest.fixture
def raw_manifest(manifest_folder: Path) -> dict:
    """A copy that a test may spoil."""
    return json.loads((manifest_folder / "semantic_manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def own_database(home: Path) -> Iterator[psycopg.Connection]:
    """`ops.sum_at_last` in a database without marts."""
    warehouse.ensure_database(DATABASE)
    with warehouse.connect(dbname=DATABASE, autocommit=True) as conn:
        conn.execute("create schema if not exists ops; create schema if not exists marts")
        conn.execute((warehouse.SQL_DIR / "25_aggregates.sql").read_bytes())
        yield conn
