"""What a replication reads and writes, as lineage knows it: `odoo://<base>` `<model>` → `postgres://…` `<base>.raw.odoo_<entity>`."""

from __future__ import annotations

from caudal.lineage import Dataset, warehouse_table
from sources.contract import SQL_TYPE, Entity


def reads(entity: Entity, source: str) -> list[Dataset]:
    """The model behind the entity, with the fields that are read of it; nothing for one that this site lacks. `source`: `Transport.source`."""
    if entity.absent:
        return []
    system, _, database = source.partition(":")
    return [Dataset(f"{system}://{database}", entity.model, tuple((column.source, column.type) for column in entity.read))]


def writes(entity: Entity) -> list[Dataset]:
    """The raw table."""
    return [warehouse_table("raw", entity.table, [(column.name, SQL_TYPE[column.type]) for column in entity.columns])]
