"""The laboratory read by SQL: the same source, the settings pointed at its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from caudal.settings import settings
from sources import transports


@contextmanager
def by_sql(url: str, **environment: str) -> Iterator[None]:
    """Within, `replicate` and `connect` use the transport sql and this database."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"ODOO_TRANSPORT": "sql", "ODOO_SQL_URL": url, **environment}.items():
            patch.setenv(name, value)
        settings.cache_clear()
        try:
            yield
        finally:
            settings.cache_clear()
    settings.cache_clear()


@contextmanager
def connected(url: str, **environment: str) -> Iterator[Any]:
    """The transport itself."""
    with by_sql(url, **environment):
        transport = transports.connect(transports.Options(2, 100))
        try:
            yield transport
        finally:
            transport.close()


def as_role(url: str, role: str, password: str) -> str:
    """The URL of the same database for another role."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, f"{role}:{password}@{parts.netloc.rsplit('@', 1)[-1]}", parts.path, parts.query, ""))
