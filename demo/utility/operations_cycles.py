"""Billing cycles, five a month, and the steps each goes through, at the hours at which the generator reads, drafts and issues."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import catalogue
from demo.utility.consumption import ESTIMATED, Consumption
from demo.utility.ledger import CANCELLED, DRAFT, INVOICE
from demo.utility.operations_base import NOW, at_hour, uid
from demo.utility.stamps import ids_from, stamps

STEPS = ["reading", "incidents", "review", "pre_billing", "confirmation", "ecf"]
STATES = ["pending", "running", "done"]
PENDING, RUNNING, DONE = range(3)
# Days from the day of issue, and hours in Santo Domingo, at which a step begins and ends. Drafts appear the night after the reading.
HOURS = [(-4, 8, -4, 18.1), (-4, 18.2, -4, 20), (-4, 20.1, -4, 22), (-3, 1, -1, 16), (0, 1, 0, 4), (0, 4, 0, 7)]
USERS_OF = ["facturacion", "facturacion", "facturacion", "facturacion", "facturacion", "__system__"]


def cycles_of(books: Books) -> np.ndarray:
    """Cycle id of each document that a billing run made (−1: of none)."""
    of_run = np.isin(books.kind, [INVOICE, CANCELLED, DRAFT])
    return np.where(of_run, books.doc_month * len(catalogue()["billing_cycles"]) + books.net.cycle[books.doc_contract] + 1, -1)


def write_cycles(conn: Connection, rows: dict[str, int], books: Books, use: Consumption) -> None:
    """COPY water_billing_cycle and its steps. account_move must be written: a cycle with e-CF still in process is not done."""
    days, months = np.array(catalogue()["billing_cycles"]), books.calendar.month_numbers
    number = np.tile(np.arange(len(days)), len(months))
    month = np.repeat(np.arange(len(months)), len(days))
    count, issue = len(number), months[month] + days[number] - 1
    waiting = conn.execute("select distinct x_cycle_id from account_move where x_ecf_state = 'in_process' and x_cycle_id is not null").fetchall()
    done = _documents(books, use, count, len(days))
    start = np.stack([at_hour(issue + d, h) for d, h, _, _ in HOURS], axis=1)
    end = np.stack([at_hour(issue + d, h) for _, _, d, h in HOURS], axis=1)
    state = np.where(start > NOW, PENDING, np.where(end > NOW, RUNNING, DONE))
    state[np.array(waiting, dtype=np.int64).ravel() - 1, STEPS.index("ecf")] = RUNNING
    start, end = np.where(state == PENDING, -1, start), np.where(state == DONE, end, -1)
    whole = np.select([(state == DONE).all(axis=1), (state == PENDING).all(axis=1)], [DONE, PENDING], RUNNING)
    opened = at_hour(months[month], 7)
    groups = [", ".join(s["code"] for s in catalogue()["sectors"] if s["cycle"] == k) for k in range(len(days))]
    rows["water_billing_cycle"] = out.copy_rows(conn, "water_billing_cycle", {
        "id": ids_from(count), **stamps(opened, count, 4, np.maximum(opened, np.maximum(start, end).max(axis=1))),
        "name": [f"{books.calendar.first_days[m]:%Y-%m} ciclo {k + 1}" for m, k in zip(month.tolist(), number.tolist(), strict=True)],
        "number": out.integers(number + 1), "period": out.days(months[month]), "sector_group": out.pick(groups, number), "issue_on": out.days(issue),
        "state": out.pick(STATES, whole),
    })
    cycle, step = np.divmod(np.arange(count * len(STEPS)), len(STEPS))
    state, start, end = state.ravel(), start.ravel(), end.ravel()
    rows["water_billing_cycle_step"] = out.copy_rows(conn, "water_billing_cycle_step", {
        "id": ids_from(len(cycle)), **stamps(opened[cycle], len(cycle), 4, np.maximum(opened[cycle], np.maximum(start, end))),
        "cycle_id": out.integers(cycle + 1), "step": out.pick(STEPS, step), "sequence": out.integers(step + 1), "state": out.pick(STATES, state),
        "started_at": out.moments(start), "ended_at": out.moments(end),
        "user_id": out.pick([str(uid(login)) for login in USERS_OF], np.where(state == PENDING, -1, step)),
        "documents": out.integers(np.where(state == PENDING, 0, done.ravel())),
    })


def _documents(books: Books, use: Consumption, count: int, per_month: int) -> np.ndarray:
    """What went through each step of each cycle: readings, incidents, readings, bills (drafts while they are), bills, electronic bills."""
    planned = books.ledger.planned
    c, m = np.nonzero(planned)
    of_reading = m * per_month + books.net.cycle[c]
    readings = np.bincount(of_reading, minlength=count)
    incidents = np.bincount(of_reading, use.kind[c, m] == ESTIMATED, count).astype(np.int64)
    of_doc = cycles_of(books) - 1
    run, drafts = of_doc >= 0, books.kind == DRAFT
    prepared = np.bincount(of_doc[run], minlength=count)
    issued = np.bincount(of_doc[run & ~drafts], minlength=count)
    electronic = np.bincount(of_doc[run & ~drafts & ~books.paper], minlength=count)
    return np.stack([readings, incidents, readings, prepared, issued, electronic], axis=1)
