"""From which change moment the next run must read, so that what is committed late is not missed.

Odoo writes into `write_date` the moment its transaction BEGAN. A transaction that is open while we read commits later, under a moment
that lies before others which we have already seen.

Why nothing is missed. The order is: (1) t0 = the server's clock, (2) the oldest open transaction, (3) those prepared for a two-phase
commit, (4) our snapshot. Let T be a transaction whose rows our snapshot does not show. T had not committed at (4).
- If T began before (2), it was open at (2), since it commits only after (4): it is in the answer of (2), and its start is not before the
  oldest. Had it been prepared meanwhile, it was either still a session at (2) or is in the answer of (3), which is asked afterwards.
- If T began after (2), its start is not before t0.
So every row to come carries a moment ≥ min(t0, oldest of (2), bound of (3)), and resuming from there reads it. One gap is left: a
transaction takes its start time an instant before the server shows it in pg_stat_activity, and a busy machine can stretch that instant:
MARGIN covers it. The latest moment that the snapshot shows can only lower the bound: it is taken too because a source whose moments lag
behind its clock (a copy, a demo) would otherwise be skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from sources.odoo.sql_session import APPLICATION

MARGIN = timedelta(seconds=60)
OVERLAP = timedelta(minutes=30)  # where nobody can say which transactions are open: as over RPC

# Reading sessions count too: what they are about to do, nobody knows. Ours do not: they are read-only.
OPEN = f"""
    select min(xact_start), count(*) filter (where state = 'disabled')
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and backend_type not in ('walsender', 'autovacuum worker', 'autovacuum launcher')
      and not (usename is not distinct from current_user and application_name = '{APPLICATION}')"""


@dataclass(frozen=True)
class Horizon:
    """Every change that is not in a snapshot taken after this was asked carries `bound` or a later moment. `doubt` (Spanish): why the server
    cannot say so and OVERLAP stands in for it."""

    bound: datetime
    doubt: str | None

    def resume_from(self, latest: datetime) -> datetime:
        """Where the next run must begin, `latest` being the last change moment in the snapshot."""
        return min(self.bound, latest - OVERLAP if self.doubt else latest)


def horizon(conn: psycopg.Connection) -> Horizon:
    """Ask the server, in statements of their own (a session in autocommit), before the snapshot is taken. Raises psycopg.Error."""
    now, standby, sees = conn.execute(
        "select clock_timestamp(), pg_is_in_recovery(), pg_has_role(current_user, 'pg_read_all_stats', 'usage')").fetchone()
    if standby:
        return Horizon(now - OVERLAP, "la base es una réplica de lectura, donde no se ven las transacciones abiertas del servidor principal")
    if not sees:
        return Horizon(now - OVERLAP, "al rol le falta pg_read_all_stats (deploy/odoo_grants.sql) para ver las transacciones abiertas")
    oldest, untold = conn.execute(OPEN).fetchone()
    prepared = conn.execute("select min(prepared) from pg_prepared_xacts where database = current_database()").fetchone()[0]
    # of a prepared transaction the server only tells when it was prepared, not when it began
    bound = min(filter(None, (now, oldest, prepared - OVERLAP if prepared else None))) - MARGIN
    if untold:
        return Horizon(min(bound, now - OVERLAP), "hay sesiones con track_activities apagado, cuyas transacciones abiertas no se ven")
    return Horizon(bound, None)
