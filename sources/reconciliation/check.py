"""One check of each entity: both sides' tallies, the rows that explain what differs, and the record of it in `ops`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from caudal import runlog, warehouse
from caudal.settings import settings
from sources import drift, transports
from sources.contract import Entity, SourceError, Tally, Transport
from sources.odoo import mapping
from sources.odoo.paging import PAGE_ROWS
from sources.reconciliation.compare import NOTHING, Group, Tolerance, account, pair
from sources.reconciliation.explain import Explainer
from sources.state import read_state
from sources.tables import qualified

log = logging.getLogger(__name__)

LISTED = 20  # ids named for each entity
ATTEMPTS = 2  # people may be working in Odoo: what one look cannot explain, a second one often finds equal


@dataclass
class EntityCheck:
    """How one entity came out. `error` (Spanish) when it could not be compared; `groups` by day and state, those that agree too."""

    entity: str
    groups: list[Group] = field(default_factory=list)
    hidden: int | None = None
    beyond: bool = False
    error: str | None = None

    @property
    def different(self) -> list[Group]:
        return [group for group in self.groups if not group.agrees]

    @property
    def status(self) -> str:
        """ok | pending | hidden (equal, but the source does not show us all) | difference | failed."""
        if self.error:
            return "failed"
        found = {group.status for group in self.groups}
        return next((s for s in ("difference", "pending") if s in found), "hidden" if self.hidden else "ok")

    def total(self, side: str, what: str) -> Any:
        """Σ of `rows` or `amount` of a side; None where a group of that side has no amount."""
        values = [getattr(tally, what) for group in self.groups if (tally := getattr(group, side))]
        return None if None in values else sum(values, NOTHING if what == "amount" else 0)


def reconcile(entities: Sequence[str] | None = None, *, since: date | None = None, tolerance: Tolerance | None = None,
              listed: int = LISTED) -> list[EntityCheck]:
    """Compare `raw.odoo_*` with the source, by day and state, and record it; the checks come in the mapping's order.

    entities: canonical names (None: all that this site has). since: only days from this one on, for the entities that have a day.
    listed: how many ids are kept and shown of each entity. Waits for a replication of the same entity to end. Raises SourceError only
    when nothing can begin; an entity that cannot be compared says so in its `error`.
    """
    chosen = [e for e in mapping.select(mapping.load(mapping.path_of(settings().site)), entities) if not e.absent]
    transport = transports.connect(transports.Options(1, PAGE_ROWS))
    try:
        return [_check(entity, transport, since if entity.day else None, tolerance or Tolerance(), listed) for entity in chosen]
    finally:
        transport.close()


def _check(entity: Entity, transport: Transport, since: date | None, tolerance: Tolerance, listed: int) -> EntityCheck:
    result = EntityCheck(entity.name)
    try:
        with runlog.run("reconcile", entity.name) as run, warehouse.connect("load", autocommit=True) as conn, \
                warehouse.advisory_lock(conn, f"replicate {entity.name}"):
            run.details.update(source=transport.source, since=since.isoformat() if since else None)
            now = _as_it_is(conn, entity, transport)
            for _ in range(ATTEMPTS):
                with conn.transaction():
                    result.groups = _groups(conn, now, transport, since if now.day else None)
                if not any(any(group.unexplained) for group in result.different):
                    break
            result.hidden = transport.hidden(now)
            off = [group.off(tolerance.strict) for group in result.groups]
            result.beyond = sum(rows for rows, _ in off) > tolerance.rows or sum((a for _, a in off), NOTHING) > tolerance.amount
            run.rows_read = result.total("source", "rows")
            run.details.update(status=result.status, beyond=result.beyond)
            with conn.transaction():
                _record(conn, run.run_id, result, since, listed)
    except (SourceError, warehouse.WarehouseUnavailable) as error:
        result.error = str(error)
    except psycopg.errors.UndefinedTable:
        result.error = f"{entity.name}: todavía no se ha replicado. Corra `caudal replicate --entity {entity.name}`."
    except Exception as error:  # this entity's bug must not stop the others
        log.exception("reconcile %s", entity.name)
        result.error = f"{entity.name}: error inesperado: {type(error).__name__}: {error}"
    return result


def _as_it_is(conn: psycopg.Connection, entity: Entity, transport: Transport) -> Entity:
    """The entity without the fields that Odoo no longer has, as its replication reads it. Raises MappingError where that stops too."""
    fields = transport.describe(entity)
    found = drift.review(entity, fields, read_state(conn, transport.source, entity).fields, drift.pending(conn, transport.source, entity))
    drift.check(found, fields)
    return found.entity


def _groups(conn: psycopg.Connection, entity: Entity, transport: Transport, since: date | None) -> list[Group]:
    groups = pair(transport.tallies(entity, since), _tallies(conn, entity, since))
    different = [group for group in groups if not group.agrees]
    if different:
        account(groups, Explainer(conn, entity, transport, since).explain(different))
    return groups


def _tallies(conn: psycopg.Connection, entity: Entity, since: date | None) -> Iterable[Tally]:
    """The warehouse's side: live rows of the raw table."""
    day, state = (sql.Identifier(name) if name else None for name in (entity.day, entity.state))
    query = sql.SQL("""select {day}, {state}, count(*), {amount}, max({key}) from {raw}
                       where _deleted_at is null and {scope} group by 1, 2""").format(
        day=day or sql.SQL("null::date"), state=sql.SQL("nullif({}, '')").format(state) if state else sql.SQL("null::text"),
        amount=sql.SQL("coalesce(sum({}), 0.00)").format(sql.Identifier(entity.amount)) if entity.amount else sql.SQL("null::numeric"),
        key=sql.Identifier(entity.key), raw=qualified(entity),
        scope=sql.SQL("{} >= {}").format(day, sql.Literal(since)) if since and day else sql.SQL("true"))
    return [Tally(*row) for row in conn.execute(query)]


def _record(conn: psycopg.Connection, run_id: int, result: EntityCheck, since: date | None, listed: int) -> None:
    """One row of ops.reconciliation and its detail. What agreed in earlier checks of the same days is replaced; differences stay as history."""
    reconciliation_id = conn.execute(
        """insert into ops.reconciliation (run_id, entity, source_rows, warehouse_rows, source_amount, warehouse_amount, hidden_rows, status,
               kind, since, different_groups, pending_rows)
           values (%s, %s, %s, %s, %s, %s, %s, %s, 'reconcile', %s, %s, %s) returning id""",
        [run_id, result.entity, result.total("source", "rows"), result.total("warehouse", "rows"), result.total("source", "amount"),
         result.total("warehouse", "amount"), result.hidden, result.status, since,
         sum(group.status == "difference" for group in result.groups), sum(group.pending_rows for group in result.groups)]).fetchone()[0]
    conn.execute("delete from ops.reconciliation_detail where entity = %s and status = 'ok' and (%s::date is null or day >= %s)",
                 [result.entity, since, since])
    left = listed
    with conn.cursor() as cursor, cursor.copy(
        """copy ops.reconciliation_detail (reconciliation_id, run_id, entity, day, state, source_rows, warehouse_rows, source_amount, warehouse_amount,
               source_max_id, warehouse_max_id, pending_rows, quarantined_rows, status, explanation, records) from stdin""") as copy:
        for group in result.groups:
            shown = group.records[:left]
            left -= len(shown)
            copy.write_row([
                reconciliation_id, run_id, result.entity, *group.key, *_both(group, "rows", 0), *_both(group, "amount", _empty_amount(group)),
                *_both(group, "max_id", None), group.pending_rows, group.quarantined_rows, group.status, explanation(group, len(shown)),
                Jsonb([record.as_dict() for record in shown])])


def _both(group: Group, what: str, missing: Any) -> list[Any]:
    return [getattr(tally, what) if tally else missing for tally in (group.source, group.warehouse)]


def _empty_amount(group: Group) -> Decimal | None:
    """What a side without rows adds up to: nothing, unless the entity has no amount."""
    return None if (group.source or group.warehouse).amount is None else NOTHING


def explanation(group: Group, listed: int) -> str | None:
    """In Spanish: the rows that explain the group's difference (the first `listed`), and what nothing explains. None when it agrees."""
    if group.agrees:
        return None
    parts = [record.words for record in group.records[:listed]]
    if len(group.records) > listed:
        parts.append(f"y {len(group.records) - listed:,} más")
    rows, amount = group.unexplained
    if rows or amount:
        parts.append(f"sin explicar: {rows:+,} filas, RD$ {amount:+,.2f}; ¿alguien trabaja en Odoo? Repita")
    return ". ".join(parts) or "las mismas filas y el mismo monto, con otra clave más alta: ¿alguien trabaja en Odoo? Repita"
