"""Files of banks (a month) and of external collectors (a week): what each says it collected, line by line, against the payments there are.

One declares a wrong total: the bank file of demo/utility/bank_file.py, with the same lines and the same trailer.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.bank_file import transposed
from demo.utility.books import Books
from demo.utility.catalogue import TODAY, catalogue, day_number
from demo.utility.operations_base import at_hour
from demo.utility.stamps import COMPANY, ids_from, stamps

STATES = ["received", "in_review", "reconciled"]
LINE_STATES = ["matched", "unmatched", "rejected"]
REASONS = ["contrato_inexistente", "pago_no_registrado", "pago_anulado"]
REVIEWED_AFTER = 7  # days that a file waits
UNKNOWN_SHARE = 0.003  # lines of money that nobody can place
KEPT_DAYS = 21  # what the collector who stops paying in took in his last days is in no file: he kept it


@dataclass
class Files:
    """The remittances as arrays, in the order in which they were received."""

    sender: np.ndarray  # channel, and
    collector: np.ndarray  # its collector (−1: a bank)
    first: np.ndarray  # days covered
    last: np.ndarray
    received: np.ndarray


def write_remittances(conn: Connection, rows: dict[str, int], books: Books, rng: np.random.Generator) -> None:
    """COPY water_bank_remittance and its lines."""
    money = [c for c in catalogue()["channels"] if c["kind"] != "sale"]
    is_bank = np.array([c["kind"] == "bank" for c in money])
    external = next(i for i, c in enumerate(money) if c["code"] == "COBEX")
    files, payment, file = _files(books, is_bank, external)
    count = len(files.sender)
    unknown = rng.random(len(payment)) < UNKNOWN_SHARE
    unknown[:1] = True  # whatever the seed, one
    wrong = _misdeclared(books, files, is_bank)
    unknown &= file != wrong  # that one's lines are right
    of = np.concatenate([file, file[unknown]])
    pay = np.concatenate([payment, np.full(unknown.sum(), -1)])
    like = np.concatenate([payment, payment[unknown]])  # a line that cannot be placed looks like one that can
    order = np.lexsort([books.pay_id[like], pay < 0, books.pay_day[like], of])
    of, pay, like = of[order], pay[order], like[order]
    known = pay >= 0
    amount = np.where(known, books.amount[like], (books.amount[like] // 5_000 + 1) * 5_000)
    lost = ~known & (books.pay_id[like] % 3 > 0)
    reason = np.select([lost, ~known, books.annulled[like]], [0, 1, 2], -1)
    total, lines = np.bincount(of, amount, count).astype(np.int64), np.bincount(of, minlength=count)
    if wrong >= 0:
        total[wrong] = int(transposed(Decimal(int(total[wrong])).scaleb(-2)).scaleb(2))
    doubtful = np.bincount(of, ~known, count) > 0
    age = day_number(TODAY) - files.received
    state = np.where((np.arange(count) == wrong) | doubtful & (age < 60), 1, np.where(age < REVIEWED_AFTER, 0, 2))
    received = at_hour(files.received, 9) + np.arange(count) * 7_654_321
    written = np.where(state == 2, received + (2 + np.arange(count) % 300) * 60_000_000, received)
    rows["water_bank_remittance"] = out.copy_rows(conn, "water_bank_remittance", {
        "id": ids_from(count), **stamps(received, count, 4, written), "company_id": str(COMPANY),
        "name": [f"REM/{k:05d}" for k in range(1, count + 1)],
        "journal_id": out.integers(books.masters.journal_ids[files.sender]),
        "collector_id": out.integers(np.where(files.collector >= 0, files.collector + 1, -1)), "date_from": out.days(files.first),
        "date_to": out.days(files.last), "received_on": out.days(files.received), "state": out.pick(STATES, state), "total_amount": out.cents(total),
        "line_count": out.integers(lines),
    })
    sequence = np.arange(len(of)) - np.searchsorted(of, of) + 1
    names = np.array(books.pay_name, dtype=object)
    reference = np.where(known, names[like], np.array([f"DEP-{k:07d}" for k in (books.pay_id[like] * 31 % 9_999_991).tolist()], dtype=object))
    rows["water_bank_remittance_line"] = out.copy_rows(conn, "water_bank_remittance_line", {
        "id": ids_from(len(of)), **stamps(received[of], len(of), 4, written[of]), "remittance_id": out.integers(of + 1),
        "sequence": out.integers(sequence), "contract_id": out.integers(np.where(lost, -1, books.pay_contract[like] + 1)),
        "payment_id": out.integers(np.where(known, books.pay_id[like], -1)), "amount": out.cents(amount), "paid_on": out.days(books.pay_day[like]),
        "reference": reference.tolist(), "state": out.pick(LINE_STATES, np.select([~known, books.annulled[like]], [1, 2], 0)),
        "reason": out.pick(REASONS, reason),
    })


def _files(books: Books, is_bank: np.ndarray, external: int) -> tuple[Files, np.ndarray, np.ndarray]:
    """The remittances; the payments that are in one; and the remittance of each of those."""
    today, months = day_number(TODAY), books.calendar.month_numbers
    bank, collected = is_bank[books.channel], books.channel == external
    day = books.pay_day
    month = np.searchsorted(months, day, side="right") - 1
    monday = day - (day + 3) % 7  # 1970-01-01 was a Thursday
    ends = np.append(months[1:], today + 60)  # the current month's file is yet to come
    first = np.where(bank, months[month], monday)
    last = np.where(bank, ends[month] - 1, monday + 6)
    received = last + np.where(bank, 2 + books.channel % 3, 1 + books.collector % 2)
    taken = np.flatnonzero((bank | collected & ~_kept(books, collected)) & (books.reversal_of < 0) & (received <= today))
    keys = np.stack([received[taken], books.channel[taken], np.where(collected, books.collector, -1)[taken], first[taken], last[taken]])
    found, index = np.unique(keys, axis=1, return_inverse=True)
    return Files(found[1], found[2], found[3], found[4], found[0]), taken, index.ravel()


def _kept(books: Books, collected: np.ndarray) -> np.ndarray:
    """The receipts of the last days of who stops paying in: the customers paid him, and no file brings them."""
    kept = np.zeros(len(collected), dtype=bool)
    for k, person in enumerate(catalogue()["collectors"]):
        if "stops_on" in person:
            his = collected & (books.collector == k)
            kept |= his & (books.pay_day > books.pay_day[his].max(initial=0) - KEPT_DAYS)
    return kept


def _misdeclared(books: Books, files: Files, is_bank: np.ndarray) -> int:
    """The file of the bank with the most payments in the last closed month (bank_file.py chooses the same); −1 when there is none."""
    first, after = books.calendar.month_numbers[-2], books.calendar.month_numbers[-1]
    inbound = (books.pay_day >= first) & (books.pay_day < after) & (books.reversal_of < 0) & is_bank[books.channel]
    most = np.bincount(books.channel[inbound], minlength=len(is_bank)).argmax()
    return next(iter(np.flatnonzero((files.sender == most) & (files.collector < 0) & (files.first == first)).tolist()), -1)
