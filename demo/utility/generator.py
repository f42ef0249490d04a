"""`generate()`: draw a utility and write it into an Odoo-shaped database, in one transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import psycopg
from rich.console import Console

from demo.utility.accounting import write_accounting
from demo.utility.books import Books
from demo.utility.catalogue import ENDS_AT, Calendar, size_named
from demo.utility.consumption import simulate_consumption
from demo.utility.costs import write_costs
from demo.utility.ddl import create_tables, finish_tables
from demo.utility.masters import UNUSABLE_PASSWORD, write_masters
from demo.utility.neighbour import write_neighbour
from demo.utility.network import build_network
from demo.utility.operations import write_operations
from demo.utility.people import build_people
from demo.utility.platform import write_platform
from demo.utility.simulation import simulate

DEFAULT_SEED = 20261115


@dataclass(frozen=True)
class Summary:
    """What was written. `billed`: invoices and debit notes less credit notes, taxes included; `collected`: payments less reversals (RD$)."""

    size: str
    seed: int
    rows: dict[str, int]
    billed: Decimal
    collected: Decimal
    seconds: float

    def text_es(self) -> str:
        """For a person, in Spanish."""
        lines = [f"Empresa sintética «{self.size}» (semilla {self.seed}), {sum(self.rows.values()):,} filas en {self.seconds:.1f} s"]
        lines += [f"  {table:<32}{count:>12,}" for table, count in sorted(self.rows.items())]
        lines += [f"  {'Facturado neto':<32}RD$ {self.billed:>16,.2f}", f"  {'Recaudado neto':<32}RD$ {self.collected:>16,.2f}"]
        return "\n".join(lines)


def generate(dsn: str, size: str = "tiny", seed: int = DEFAULT_SEED, progress: bool = True) -> Summary:
    """Write the utility of `size` and `seed` into the database `dsn`, in place of what its tables held.

    The rows are the same for the same size and seed. ValueError when there is no such size; psycopg.Error when the database refuses.
    Passwords that somebody set for its users are kept.
    """
    started = time.monotonic()
    what = size_named(size)
    calendar = Calendar.of(what)
    rng = np.random.default_rng(seed)
    say = Console(stderr=True, highlight=False).print if progress else (lambda *_: None)
    say(f"Generando la empresa sintética «{size}»: {what.contracts:,} contratos, {what.months} meses cerrados …")
    net = build_network(what, calendar, rng)
    people = build_people(net, rng)
    use = simulate_consumption(net, calendar, rng)
    ledger = simulate(net, calendar, use, what, rng)
    say(f"  {len(ledger.docs):,} documentos y {len(ledger.payments):,} pagos simulados")
    with psycopg.connect(dsn, application_name="caudal:demo") as conn:
        passwords = _passwords(conn)
        create_tables(conn)
        say("  creando tablas, catálogos, clientes, red y lecturas …")
        masters = write_masters(conn, net, people, use, ledger, calendar, rng)
        say("  escribiendo facturas, pagos y conciliaciones …")
        books = Books(ledger, net, people, masters, calendar, rng)
        written = write_accounting(conn, books)
        masters.rows.update(write_operations(conn, books, use, seed))
        write_platform(conn, masters.rows, seed)
        rows = masters.rows | written.rows
        write_costs(conn, rows, calendar, seed)
        finish_tables(conn)
        _remember(conn, size, seed)
        for table, count in write_neighbour(conn).items():
            rows[table] = rows.get(table, 0) + count
        conn.cursor().executemany("update res_users set password = %s where login = %s", [(p, login) for login, p in passwords.items()])
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("analyze")
    return Summary(size, seed, rows, Decimal(written.billed).scaleb(-2), Decimal(written.collected).scaleb(-2), time.monotonic() - started)


def _passwords(conn: psycopg.Connection) -> dict[str, str]:
    """Passwords in use in an earlier generation, by login."""
    if conn.execute("select to_regclass('res_users') is null or to_regclass('demo_utility') is null").fetchone()[0]:
        return {}
    return dict(conn.execute("select login, password from res_users where password not like %s", [UNUSABLE_PASSWORD + "%"]))


def _remember(conn: psycopg.Connection, size: str, seed: int) -> None:
    """`demo_utility`: what is in this database; it is no Odoo table and no model serves it."""
    conn.execute("drop table if exists demo_utility")
    conn.execute("create table demo_utility (size text, seed bigint, ends_at timestamp, generated_at timestamptz default now())")
    conn.execute("insert into demo_utility (size, seed, ends_at) values (%s, %s, %s)", [size, seed, ENDS_AT])
