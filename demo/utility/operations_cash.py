"""Tills and their sessions: which payments each took, what it should hold and what was counted.

A session is a till's day. The till that was never closed keeps taking payments in the session of the day it was opened.
"""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import TODAY, catalogue, day_number
from demo.utility.operations_base import MINUTE_US, NOW, at_hour, uid
from demo.utility.stamps import COMPANY, SET_UP, ids_from, stamps

FLOAT = 500_000  # cents in the till in the morning
LEFT_OPEN, CARELESS = 1, 2  # index of the till that was left open; of the one whose cash is often short
OPEN_DAYS = 3  # days since the till that was left open was opened, at least
SHORT_SHARE, CARELESS_SHARE = 0.012, 0.06  # share of the sessions that do not add up: of most, of one cashier's


def tills() -> list[tuple[int, int]]:
    """(collector index, channel index) of each till: a cashier's, at an office of the utility."""
    codes = [c["code"] for c in catalogue()["channels"] if c["kind"] != "sale"]
    cash = {c["code"] for c in catalogue()["channels"] if c["kind"] == "cash"} - {"COBEX"}  # external collectors have no till of ours
    return [(i, codes.index(p["journal"])) for i, p in enumerate(catalogue()["collectors"]) if p["journal"] in cash]


def sessions_of(books: Books) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(session id of each payment, −1 for none; till and day of each session, by id less one)."""
    till = np.full(len(catalogue()["collectors"]) + 1, -1)
    for k, (collector, _) in enumerate(tills()):
        till[collector] = k
    mine = np.flatnonzero(till[books.collector] >= 0)
    whose, day = till[books.collector[mine]], books.pay_day[mine].copy()
    begun = day[(whose == LEFT_OPEN) & (day <= day_number(TODAY) - OPEN_DAYS)]
    if len(begun):
        day[(whose == LEFT_OPEN) & (day > begun.max())] = begun.max()
    keys, index = np.unique(day * len(tills()) + whose, return_inverse=True)
    session = np.full(len(books.amount), -1)
    session[mine] = index + 1
    return session, keys % len(tills()), keys // len(tills())


def is_advance(books: Books) -> np.ndarray:
    """Payments made for bills to come: more than all that the contract owed when it paid."""
    meant = np.array([p.advance for p in books.ledger.payments], dtype=bool)
    debit_pay, debit, credit_pay, credit, amount = books.partials.T
    for_bill = (debit_pay == 0) & (credit_pay == 1)
    doc, pay, amount = debit[for_bill], credit[for_bill], amount[for_bill]
    owed = books.doc_created[doc] < books.pay_created[pay]
    settled = np.bincount(pay[owed], amount[owed], len(meant)).astype(np.int64)
    return meant & (settled < books.amount) & ~books.annulled


def write_cash(conn: Connection, rows: dict[str, int], books: Books, rng: np.random.Generator) -> None:
    """COPY pos_config and pos_session."""
    session, till, day = sessions_of(books)
    people = catalogue()["collectors"]
    collector, channel = np.array(tills()).T
    rows["pos_config"] = out.copy_rows(conn, "pos_config", {
        "id": ids_from(len(collector)), **stamps(SET_UP, len(collector)), "active": "t", "company_id": str(COMPANY),
        "name": out.texts([f"Caja de {people[c]['name']}" for c in collector.tolist()]),
        "x_journal_id": out.integers(books.masters.journal_ids[channel]),
        "x_collector_id": out.integers(collector + 1),
    })
    count = len(till)
    opened, closed, expected = _held(books, session, count)
    start = np.maximum(np.full(count, FLOAT), -(-np.maximum(-expected, 0) // 100_000) * 100_000)  # what the day gives back was brought from the vault
    is_open = (till == LEFT_OPEN) & (day == day[till == LEFT_OPEN].max(initial=-1))
    stop = np.where(is_open, -1, closed)
    u, size = rng.random(count), rng.integers(1, 41, count) * 1_000  # cents
    wrong = u < np.where(till == CARELESS, CARELESS_SHARE, SHORT_SHARE)
    difference = np.where(wrong, np.where(rng.random(count) < 0.75, -size, size), 0)
    counted = np.array(out.cents(start + expected + difference), dtype=object)
    rows["pos_session"] = out.copy_rows(conn, "pos_session", {
        "id": ids_from(count), **stamps(opened, count, uid("caja"), np.maximum(opened, stop)), "company_id": str(COMPANY),
        "name": [f"POS/{k:05d}" for k in range(1, count + 1)], "config_id": out.integers(till + 1),
        "cash_journal_id": out.integers(books.masters.journal_ids[channel[till]]), "user_id": str(uid("caja")),
        "start_at": out.moments(opened), "stop_at": out.moments(stop), "state": out.pick(["closed", "opened"], is_open.astype(int)),
        "cash_register_balance_start": out.cents(start), "cash_register_balance_end_real": np.where(is_open, out.NULL, counted).tolist(),
    })


def _held(books: Books, session: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When each session was opened and closed, and the cash (cents) that its payments left in it."""
    forms = np.array([form for c in catalogue()["channels"] if c["kind"] != "sale" for _, form, _ in c["methods"]])
    mine = np.flatnonzero(session > 0)
    index, paid_at, day = session[mine] - 1, books.paid_at[mine], books.pay_day[mine]
    counts = (forms[books.method[mine]] == "efectivo") & ~books.annulled[mine]
    signed = np.where(books.reversal_of[mine] >= 0, -1, 1) * books.amount[mine] * counts
    cash = np.zeros(count, np.int64)
    np.add.at(cash, index, signed)
    opened, closed = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(opened, index, np.minimum(paid_at, at_hour(day, 8)))
    np.maximum.at(closed, index, np.maximum(paid_at, at_hour(day, 16)))
    noise = np.arange(count) * 7_919 % 13
    return opened - (3 + noise) * MINUTE_US, np.minimum(closed + (8 + noise) * MINUTE_US, NOW - MINUTE_US), cash
