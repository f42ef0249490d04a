"""Which entities are measured. Apart from `lab.py`, so that the processes whose memory is measured import little."""

from __future__ import annotations

from collections.abc import Sequence

from sources.contract import Entity
from sources.odoo import mapping

ENTITIES = ("account_move", "account_move_line")


def entities(names: Sequence[str] | None = ENTITIES) -> list[Entity]:
    """The mapping's entities of these names that the site has (None: all)."""
    return [entity for entity in mapping.select(mapping.load(mapping.path_of("demo")), names) if not entity.absent]
