"""Sees that a source went back in time: restored from a backup, its rows are what they were before changes that we have already loaded.

The last run left witnesses: the rows that changed last, with their moments. A row may be deleted, or change again; but a row that is
there as it was BEFORE we saw it means that its database went back. The maximum id and the latest change alone cannot tell: deleting the
last rows lowers both, and new work after the restoration raises both again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from sources.contract import Entity, Transport
from sources.convert import NULL, moment_of
from sources.converting import Converting
from sources.state import State, Witness

TRUNCATED = timedelta(seconds=1)  # RPC cuts moments to the second, SQL does not: the same row, by another transport


@dataclass(frozen=True)
class Rewind:
    """Proof that the source went back: `back` of the rows that changed last are there as they were before, `gone` are not there."""

    back: int
    gone: int
    seen: datetime
    latest: datetime

    def message(self, entity: Entity) -> str:
        """What a person must know and do, in Spanish."""
        return (
            f"{entity.name}: la base de Odoo parece restaurada de un respaldo: el almacén ya leyó cambios del {self.seen:%d/%m/%Y %H:%M} UTC y "
            f"Odoo muestra {self.back} de esas filas como estaban antes ({self.latest:%d/%m/%Y %H:%M} UTC) o con su número en otro registro"
            + (f"; otras {self.gone} ya no están" if self.gone else "")
            + ". No se escribió nada. Si la restauración es intencional, repita con --accept-rewind: se lee todo de nuevo y lo que ya no "
            "está queda como borrado."
        )


def find(entity: Entity, transport: Transport, state: State) -> Rewind | None:
    """Ask the source for the witnesses. None when nothing says that it went back. Raises SourceError."""
    if entity.change is None or not state.witnesses:
        return None
    now = moments(entity, transport, list(state.witnesses))
    newest_first = sorted(state.witnesses.items(), key=lambda item: item[1].changed, reverse=True)
    # a backup loses all changes after its moment: where the newest is still there, an older row that went back was set back by someone
    lost = list(takewhile(lambda item: not _intact(item[1], now.get(item[0])), newest_first))
    back = [now[key] for key, _ in lost if key in now]
    if not back:
        return None
    return Rewind(len(back), len(lost) - len(back), newest_first[0][1].changed, max(w.changed for w in back))


def _intact(left: Witness, found: Witness | None) -> bool:
    if found is None or found.changed < left.changed - TRUNCATED:
        return False
    return None in (left.created, found.created) or abs(left.created - found.created) <= TRUNCATED


def moments(entity: Entity, transport: Transport, keys: list[int]) -> dict[int, Witness]:
    """When the source says that each of these rows changed and was made. Rows that are not there, or have no change moment, are left out."""
    names = [column.name for column in entity.read]
    key, changed = names.index(entity.key), names.index(entity.change)
    created = names.index(entity.created) if entity.created else None
    found = {}

    def said(cells: list[str], at: int | None) -> datetime | None:
        return None if at is None or cells[at] == NULL else moment_of(cells[at])

    with Converting(entity) as convert:
        for batch in transport.rows(entity, keys):
            for line in convert(batch).text.decode().splitlines():
                cells = line.split("\t")
                if moment := said(cells, changed):
                    found[int(cells[key])] = Witness(moment, said(cells, created))
    return found
