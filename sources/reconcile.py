"""Source against warehouse after each run of an entity: rows, and Σ of its money column. Writes one row of `ops.reconciliation`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import sql

from sources.contract import Census, Entity, Transport
from sources.loader import Loader
from sources.tables import qualified

AMOUNTS_UPTO = 100_000  # rows whose Σ costs an increment nothing that is felt


@dataclass(frozen=True)
class Reconciliation:
    """What was found. Amounts in RD$, None where the entity has none or the source cannot add; `hidden_rows` None when it cannot say.

    `quarantined` rows were rejected in this run; `kept_out` of them are not in the warehouse in an earlier form either.
    status: ok | quarantined (equal but for rows in quarantine) | hidden (the source does not show us all) | difference.
    """

    source_rows: int
    warehouse_rows: int
    quarantined: int
    kept_out: int
    source_amount: Decimal | None
    warehouse_amount: Decimal | None
    hidden_rows: int | None

    @property
    def status(self) -> str:
        if self.source_rows != self.warehouse_rows + self.kept_out:
            return "difference"
        if self.quarantined:
            return "quarantined"
        if None not in (self.source_amount, self.warehouse_amount) and self.source_amount != self.warehouse_amount:
            return "difference"
        return "hidden" if self.hidden_rows else "ok"

    def warnings(self, entity: Entity) -> list[str]:
        """What a person should know, in Spanish; nothing when all agrees."""
        out = []
        if self.status == "difference":
            out.append(
                f"{entity.name}: Odoo tiene {self.source_rows:,} filas y el almacén {self.warehouse_rows:,}"
                + (f"; RD$ {self.source_amount:,.2f} contra RD$ {self.warehouse_amount:,.2f}" if self.source_amount is not None else "")
                + ". Si se repite sin nadie trabajando en Odoo, replique con --full."
            )
        if self.quarantined:
            out.append(f"{entity.name}: {self.quarantined:,} filas en cuarentena (ops.quarantine dice por qué).")
        if self.hidden_rows:
            out.append(f"{entity.name}: Odoo oculta {self.hidden_rows:,} filas al usuario de réplica (reglas de registro o compañías).")
        return out


def reconcile(conn: psycopg.Connection, entity: Entity, transport: Transport, loader: Loader, census: Census | None = None) -> Reconciliation:
    """Compare, and record it within the caller's transaction.

    census: what the source counted in this run, where it can; then the warehouse's side is the count that is kept from run to run, which
    spares both sides a scan. Without it the raw table is counted. Money of a large table is added up in runs without a census only
    (first loads, --full, --verify) and by `caudal reconcile`: an increment must cost what changed.
    """
    raw, key = qualified(entity), sql.Identifier(entity.key)
    amount = entity.column(entity.amount) if entity.amount else None
    if census is not None and census.rows > AMOUNTS_UPTO:
        amount = None
    held = loader.totals() if census is not None else loader.recount()
    live, total = held.rows, held.amount
    rejected = {int(r.record_id) for r in loader.rejected.values() if r.record_id and r.record_id.isdigit()}
    kept_out = conn.execute(
        sql.SQL("select count(*) from unnest(%s::numeric[]) as x (id) where not exists (select from {} where {} = x.id and _deleted_at is null)")
        .format(raw, key), [sorted(rejected)]).fetchone()[0]
    found = Reconciliation(
        source_rows=transport.count(entity) if census is None else census.rows, warehouse_rows=live, quarantined=len(loader.rejected), kept_out=kept_out,
        source_amount=transport.total(entity, amount) if amount else None, warehouse_amount=total if amount else None, hidden_rows=transport.hidden(entity),
    )
    conn.execute(
        """insert into ops.reconciliation (run_id, entity, source_rows, warehouse_rows, source_amount, warehouse_amount, hidden_rows, status)
           values (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [loader.run.run_id, entity.name, found.source_rows, live, found.source_amount, found.warehouse_amount, found.hidden_rows, found.status])
    return found
