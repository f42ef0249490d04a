"""The ledger as arrays, with what Odoo adds to it: moments, ids, names, fiscal numbers. In whole cents; reads no database."""

from __future__ import annotations

import numpy as np

from demo.utility.catalogue import UTC_OFFSET_H, Calendar, catalogue
from demo.utility.copying import NULL
from demo.utility.ledger import CANCELLED, DAY_US, DRAFT, HOUR_US, INVOICE, REFUND, Ledger
from demo.utility.masters import Masters
from demo.utility.network import Network
from demo.utility.numbering import Numbers, prefix_of
from demo.utility.people import RNC, People

BATCH = 40  # invoices of one night's transaction: they share create_date, as in Odoo
PAPER_MONTHS = 2  # the first months still used paper NCF for part of the documents
STATES = ["posted", "cancel", "draft"]
POSTED, VOID, UNPOSTED = range(3)


class Books:
    """The ledger as arrays: `doc_*` over its documents, `pay_*` over its payments; indexes into one or the other run through the partials."""

    def __init__(self, ledger: Ledger, net: Network, people: People, masters: Masters, calendar: Calendar, rng: np.random.Generator) -> None:
        self.ledger, self.net, self.people, self.masters, self.calendar, self.rng = ledger, net, people, masters, calendar, rng
        docs, pays = ledger.docs, ledger.payments
        self.kind = np.array([d.kind for d in docs], dtype=np.int64)
        self.doc_contract = np.array([d.contract for d in docs], dtype=np.int64)
        self.doc_month = np.array([d.month for d in docs], dtype=np.int64)
        self.issued = np.array([d.issued for d in docs], dtype=np.int64)
        self.due = np.array([d.due for d in docs], dtype=np.int64)
        self.untaxed = np.array([d.untaxed for d in docs], dtype=np.int64)
        self.tax = np.array([d.tax for d in docs], dtype=np.int64)
        self.residual = np.array([d.residual for d in docs], dtype=np.int64)
        self.origin = np.array([d.origin for d in docs], dtype=np.int64)
        self.reason = np.array([d.reason for d in docs], dtype=np.int64)
        self.m3 = np.array([d.m3 for d in docs], dtype=np.int64)
        self.whole = np.array([d.whole for d in docs], dtype=bool)
        self.total = self.untaxed + self.tax
        self.pay_contract = np.array([p.contract for p in pays], dtype=np.int64)
        self.amount = np.array([p.amount for p in pays], dtype=np.int64)
        self.pay_day = np.array([p.day for p in pays], dtype=np.int64)
        self.paid_at = np.array([p.paid_at for p in pays], dtype=np.int64)
        self.channel = np.array([p.channel for p in pays], dtype=np.int64)
        self.method = np.array([p.method for p in pays], dtype=np.int64)
        self.collector = np.array([p.collector for p in pays], dtype=np.int64)
        self.left = np.array([p.residual for p in pays], dtype=np.int64)
        self.reversal_of = np.array([p.reversal_of for p in pays], dtype=np.int64)
        self.pay_state = [p.state for p in pays]
        self.annulled = np.array([s == "canceled" for s in self.pay_state], dtype=bool)
        self.doc_state = np.select([self.kind == CANCELLED, self.kind == DRAFT], [VOID, UNPOSTED], POSTED)
        self.partials = np.array(ledger.partials, dtype=np.int64).reshape(-1, 5)
        self._timestamps()
        self._ids()
        self._number()

    def _timestamps(self) -> None:
        """create_date: invoices by batches of the night; notes in office hours; payments some seconds after the money."""
        n, rng = len(self.kind), self.rng
        created = np.zeros(n, np.int64)
        nightly = np.isin(self.kind, [INVOICE, CANCELLED, DRAFT])
        rows = np.flatnonzero(nightly)
        rows = rows[np.lexsort([rows, self.issued[rows]])]
        first = np.searchsorted(self.issued[rows], self.issued[rows], side="left")
        batch = (np.arange(len(rows)) - first) // BATCH
        start = self.issued[rows] * DAY_US + (1 + UTC_OFFSET_H) * HOUR_US
        created[rows] = start + batch * 47_000_000 + (self.issued[rows] * 7919 + batch * 104_729) % 999_983
        rest = np.flatnonzero(~nightly)
        created[rest] = self.issued[rest] * DAY_US + (8 + UTC_OFFSET_H) * HOUR_US + rng.integers(0, 7 * HOUR_US, len(rest))
        self.doc_created = created
        self.pay_created = self.paid_at + rng.integers(900_000, 95_000_000, len(self.paid_at))
        debit_pay, debit, credit_pay, credit, _ = self.partials.T
        when_debit = np.where(debit_pay == 1, at(self.pay_created, debit, debit_pay == 1), at(self.doc_created, debit, debit_pay == 0))
        when_credit = np.where(credit_pay == 1, at(self.pay_created, credit, credit_pay == 1), at(self.doc_created, credit, credit_pay == 0))
        self.partial_created = np.maximum(when_debit, when_credit)
        day_debit = np.where(debit_pay == 1, at(self.pay_day, debit, debit_pay == 1), at(self.issued, debit, debit_pay == 0))
        day_credit = np.where(credit_pay == 1, at(self.pay_day, credit, credit_pay == 1), at(self.issued, credit, credit_pay == 0))
        self.partial_day = np.maximum(day_debit, day_credit)
        self.doc_written, self.pay_written = self.doc_created.copy(), self.pay_created.copy()
        for is_pay, index in ((debit_pay, debit), (credit_pay, credit)):
            np.maximum.at(self.doc_written, index[is_pay == 0], self.partial_created[is_pay == 0])
            np.maximum.at(self.pay_written, index[is_pay == 1], self.partial_created[is_pay == 1])
        self.pay_written[self.annulled] += 2 * HOUR_US

    def _ids(self) -> None:
        """Ids in the order of creation, with the gaps that rolled-back transactions leave."""
        docs, pays = len(self.kind), len(self.amount)
        ranks = np.empty(docs + pays, np.int64)
        ranks[np.lexsort([np.arange(docs + pays), np.concatenate([self.doc_created, self.pay_created])])] = self.gapped(docs + pays)
        self.doc_move, self.pay_move = ranks[:docs], ranks[docs:]
        self.pay_id = np.empty(pays, np.int64)
        self.pay_id[np.argsort(self.pay_move, kind="stable")] = self.gapped(pays)

    def gapped(self, count: int) -> np.ndarray:
        """`count` ids from 1 on, with gaps."""
        return np.cumsum(1 + (self.rng.random(count) < 0.004))

    def _number(self) -> None:
        """Names, fiscal prefixes and numbers, in the order of creation."""
        numbers, people = Numbers(), self.people
        customer = self.people.of_contract[self.doc_contract]
        wants = [c >= 0 and people.id_type[c] == RNC and people.taxpayer[c] == "taxpayer" for c in customer.tolist()]
        government = (self.net.user_type[self.doc_contract] == 3).tolist()
        paper = (self.issued < self.calendar.month_numbers[PAPER_MONTHS]) & (self.doc_contract % 5 < 3)
        self.doc_name, self.fiscal, self.prefix = [""] * len(self.kind), [""] * len(self.kind), [""] * len(self.kind)
        kinds, issued, on_paper = self.kind.tolist(), self.issued.tolist(), paper.tolist()
        for i in np.argsort(self.doc_move, kind="stable").tolist():
            self.doc_name[i] = numbers.name(kinds[i], issued[i])
            prefix = prefix_of(kinds[i], wants[i], government[i], on_paper[i])
            self.prefix[i] = prefix
            self.fiscal[i] = NULL if kinds[i] == DRAFT else numbers.fiscal(prefix)
        journals = [c["code"] for c in catalogue()["channels"] if c["kind"] != "sale"]
        self.pay_name = [""] * len(self.amount)
        channel, day = self.channel.tolist(), self.pay_day.tolist()
        for i in np.argsort(self.pay_move, kind="stable").tolist():
            self.pay_name[i] = numbers.payment(journals[channel[i]], day[i])
        self.paper = paper

    def partner(self, contract: np.ndarray) -> np.ndarray:
        """Id of the customer of each contract (−1: none)."""
        return self.masters.contract_partner[contract]

    def sign(self, docs: np.ndarray) -> np.ndarray:
        """−1 where income is credited (invoices), +1 on credit notes."""
        return np.where(self.kind[docs] == REFUND, 1, -1)


def at(values: np.ndarray, index: np.ndarray, where: np.ndarray) -> np.ndarray:
    """`values[index]` where it applies; elsewhere the index may belong to another array and the result is not used."""
    if not len(values):
        return np.zeros(len(index), np.int64)
    return values[np.where(where, index, 0)]
