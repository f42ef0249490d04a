"""The ways to read Odoo, by name: `ODOO_TRANSPORT` says which. Others register under the entry-point group `caudal.transports`.

An entry point is a function `connect(options: Options) -> Transport` (see `sources.contract.Transport`); it reads what it needs
from the environment and raises SourceError when something is missing or wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points

from caudal.settings import settings
from sources.contract import SourceError, Transport

GROUP = "caudal.transports"


@dataclass(frozen=True)
class Options:
    """What a run asks of any transport: requests at once, rows in one of them."""

    clients: int
    page_rows: int


def names() -> list[str]:
    """The transports that are installed."""
    return sorted(entry_points(group=GROUP).names)


def connect(options: Options, name: str | None = None) -> Transport:
    """The transport called `name` (default: `ODOO_TRANSPORT`, else rpc). Raises SourceError for an unknown name."""
    name = name or settings().odoo_transport
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise SourceError(f"ODOO_TRANSPORT={name!r} no existe. Los transportes instalados son: {', '.join(names())}.")
    return next(iter(found)).load()(options)
