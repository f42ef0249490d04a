"""The history of one contract, told day by day: bills, payments, corrections, cuts, agreements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.utility.catalogue import UTC_OFFSET_H
from demo.utility.ledger import (
    CANCELLED,
    CHRONIC,
    DAY_US,
    DEBIT_NOTE,
    DRAFT,
    HOUR_US,
    INVOICE,
    LATE,
    LATE_PAYER,
    NON_PAYER,
    OTHER,
    PUNCTUAL,
    RECONNECTION,
    REFUND,
    Document,
    Payment,
)
from demo.utility.network import USER_TYPES
from demo.utility.operations_claims import DAYS
from demo.utility.tariff import share_of, tariff

if TYPE_CHECKING:
    from demo.utility.simulation import Simulation

KEEPS_CREDIT = 13  # one contract in so many: nobody applies its advances


class Life:
    """What is known of one contract while its history is being told."""

    def __init__(self, sim: Simulation, c: int) -> None:
        self.sim, self.c, self.book = sim, c, sim.book
        self.open: list[int] = []  # documents with a residual, oldest due first
        self.credits: list[tuple[bool, int]] = []  # (is payment, index) with something left
        self.pending: list[tuple[int, str, int, int]] = []  # (day, what, amount, tag), by day
        self.cut = False
        self.cut_day = -1
        self.ended = -1
        self.reconnect = False
        self.agreement = -1
        self.draw: list[float] = []
        self.user_type = int(sim.net.user_type[c])
        self.habit = sim.habit[c]

    # ---------- billing

    def bill(self, m: int, issue: int) -> None:
        sim, c = self.sim, self.c
        self.draw = draw = sim.draws[c][m]
        docs = self.book.docs
        overdue = sum(docs[d].residual for d in self.open if docs[d].due < issue)
        water = sim.water[c][m]
        sewer = share_of(water, sim.sewer_share) if sim.net.has_sewer[c] else 0
        extras = []
        if self.user_type in (1, 2):
            extras.append((OTHER, sim.meter_fee, share_of(sim.meter_fee, sim.itbis)))
        elif draw[0] < 0.006:
            amount = 5_000 + int(draw[1] * 60) * 500
            extras.append((OTHER, amount, share_of(amount, sim.itbis)))
        late = share_of(overdue, sim.late_rate)
        if late:
            extras.append((LATE, late, 0))
        if self.reconnect:
            extras.append((RECONNECTION, sim.reconnection_fee, share_of(sim.reconnection_fee, sim.itbis)))
            self.reconnect = False
        untaxed, tax = water + sewer + sum(e[1] for e in extras), sum(e[2] for e in extras)
        if draw[2] < 0.003:  # issued with an error, voided at once and issued again
            docs.append(Document(c, CANCELLED, m, issue, issue + sim.due_days, untaxed, tax, untaxed + tax, extras, m3=sim.billed_m3[c][m]))
        docs.append(Document(c, INVOICE, m, issue, issue + sim.due_days, untaxed, tax, untaxed + tax, extras, m3=sim.billed_m3[c][m]))
        self.open.append(len(docs) - 1)
        if self.credits and draw[3] < 0.85 and c % KEEPS_CREDIT:
            self.use_credits()

    def bill_again(self, issue: int, noticed: bool) -> None:
        """The run was launched twice: the same bill once more, credited whole some weeks later where somebody noticed."""
        first = self.book.docs[-1]
        self.book.docs.append(Document(self.c, INVOICE, first.month, issue, first.due, first.untaxed, first.tax, first.total, first.extras, m3=first.m3))
        self.open.append(len(self.book.docs) - 1)
        if noticed:
            self.schedule(issue + 21, "correct", len(self.book.docs) - 1, 2)

    def draft(self, m: int) -> None:
        """The bill of a cycle that is not issued yet, prepared today: it counts for nothing."""
        sim, c = self.sim, self.c
        water = sim.water[c][m]
        total = water + (share_of(water, sim.sewer_share) if sim.net.has_sewer[c] else 0)
        self.book.docs.append(Document(c, DRAFT, m, sim.today, sim.today + sim.due_days, total, 0, total, [], m3=sim.billed_m3[c][m]))

    def use_credits(self) -> None:
        """Apply what is left of earlier payments and credit notes to the open documents, oldest first."""
        for is_payment, k in self.credits:
            self.apply(is_payment, k)
        self.credits = [(p, k) for p, k in self.credits if (self.book.payments if p else self.book.docs)[k].residual]

    def apply(self, is_payment: bool, k: int) -> None:
        docs = self.book.docs
        credit = self.book.payments[k] if is_payment else docs[k]
        while credit.residual and self.open:
            doc = docs[self.open[0]]
            amount = min(doc.residual, credit.residual)
            self.book.partials.append((False, self.open[0], is_payment, k, amount))
            doc.residual -= amount
            credit.residual -= amount
            if not doc.residual:
                self.open.pop(0)

    def correct(self, d: int, day: int, reason: int, water: tuple[int, int] | None, extras: list[tuple[int, int, int]], whole: bool = False) -> None:
        """A credit note on document `d`: takes from its residual first; the rest stays as the contract's credit."""
        sim, docs, origin = self.sim, self.book.docs, self.book.docs[d]
        untaxed, m3 = sum(e[1] for e in extras), 0
        if water:
            sheet = tariff(USER_TYPES[self.user_type], sim.calendar.first_days[origin.month])
            before, after = (int(sheet.charge(v)) if v else 0 for v in water)
            untaxed += before - after
            m3 = water[0] - water[1]
            if sim.net.has_sewer[self.c]:
                untaxed += share_of(before, sim.sewer_share) - share_of(after, sim.sewer_share)
        tax = sum(e[2] for e in extras)
        if not untaxed + tax:
            return
        note = Document(self.c, REFUND, origin.month, day, day, untaxed, tax, untaxed + tax, extras, d, reason, m3, water, whole)
        docs.append(note)
        k = len(docs) - 1
        if d in self.open:
            amount = min(origin.residual, note.residual)
            self.book.partials.append((False, d, False, k, amount))
            origin.residual -= amount
            note.residual -= amount
            if not origin.residual:
                self.open.remove(d)
        if note.residual:
            self.credits.append((False, k))

    # ---------- what follows a bill

    def after_bill(self, m: int, issue: int) -> None:
        sim, c, draw = self.sim, self.c, self.draw
        d = len(self.book.docs) - 1
        doc = self.book.docs[d]
        self.correct_bill(m, issue, d)
        if m == sim.worsens[c]:
            self.habit = CHRONIC if draw[3] < 0.35 else NON_PAYER
        p, delay, amount = self.intention(doc)
        if m == sim.bad_month:
            p *= 0.55
        if self.agreement >= 0:
            p, delay, amount = 0.95, 10 + int(draw[5] * 15), doc.total  # under an agreement the month's bill is paid too
        if draw[4] < p:
            self.schedule(issue + delay, "pay", amount)
        if draw[4] > 0.998 and not self.agreement >= 0 or c % KEEPS_CREDIT == 0 and draw[4] > 0.97:
            self.schedule(issue + 29, "advance", doc.total * 3)
        if self.user_type == 3 and sim.calendar.first_days[m].month % 3 == 0 and draw[5] < 0.85:
            self.schedule(issue + 8 + int(draw[8] * 14), "pay", 0)  # the State's budget is released by quarters
        self.enforce(m, issue)
        if draw[6] < 0.0035:
            self.claim(issue + 3, ["consumo_alto", "sin_servicio", "fuga", "facturacion", "medidor"][int(draw[7] * 5)], draw[8])
        if draw[9] < 0.0006 and m > 2:
            self.schedule(issue + 25, "leave", 0)
        if c in sim.leaves and m > len(sim.calendar) // 2:
            self.schedule(issue + 20, sim.leaves.pop(c), 0)

    def intention(self, doc: Document) -> tuple[float, int, int]:
        """(probability of a payment in these days, days from issue, cents; 0 = all that is owed)."""
        u, v = self.draw[5], self.draw[10]
        if self.habit == PUNCTUAL:
            return 0.975, 7 + int(u * 22), 0
        if self.habit == LATE_PAYER:
            return 0.66, 14 + int(u * 32), 0 if v < 0.75 else max(doc.total * 6 // 10 // 5000, 1) * 5000
        if self.habit == CHRONIC:
            return 0.42, 3 + int(u * 26), max(int(doc.total * (0.6 + 1.6 * v)) // 5000, 1) * 5000
        return 0.05, 3 + int(u * 26), max(doc.total // 5000, 1) * 5000

    def correct_bill(self, m: int, issue: int, d: int) -> None:
        sim, c, draw = self.sim, self.c, self.draw
        day = issue + 6 + int(draw[8] * 18)
        if m == sim.incident and sim.use.doubled[c, m]:
            self.schedule(day, "correct", d, 0)
        elif draw[7] < 0.0045:
            self.schedule(day, "correct", d, 1 + int(draw[7] / 0.0045 * 5))
        elif draw[7] > 0.9992:
            self.schedule(day, "debit", d)

    def enforce(self, m: int, issue: int) -> None:
        """Cut orders and agreements for who owes four bills or more."""
        sim, draw, docs = self.sim, self.draw, self.book.docs
        late = [d for d in self.open if docs[d].due < issue]
        if len(late) < 4 or self.agreement >= 0:
            return
        if draw[11] < 0.06:
            self.sign(issue + 2, draw[9])
        elif sim.net.cuttable[self.c] and 0.06 < draw[11] < 0.06 + sim.enforcement[self.c]:
            ordered = issue + 3
            if draw[9] < 0.72 and ordered + 6 <= sim.today:
                executed = ordered + 1 + int(draw[8] * 5)
                self.book.cuts.append((self.c, "cut", "done", ordered, executed))
                self.pending = [p for p in self.pending if p[1] != "pay"]
                self.cut, self.cut_day = True, executed
                if draw[10] < 0.32:
                    self.schedule(executed + 1 + int(draw[5] * 14), "settle", 0)
            elif ordered <= sim.today:
                self.book.cuts.append((self.c, "cut", "pending" if ordered > sim.today - 60 else "cancelled", ordered, -1))

    def while_cut(self, m: int, issue: int) -> None:
        self.draw = draw = self.sim.draws[self.c][m]
        if draw[4] < 0.06:
            self.schedule(issue + int(draw[5] * 20), "settle", 0)
        elif issue - self.cut_day > 240 and draw[6] < 0.15:
            self.ended = issue

    def sign(self, day: int, u: float) -> None:
        """An agreement over all that is owed: a down payment and six instalments."""
        if day > self.sim.today:
            return
        owed = sum(self.book.docs[d].residual for d in self.open)
        down = owed * 3 // 10 // 100 * 100
        part, kept = (owed - down) // 6, 6 if u < 0.55 else int(u * 10) % 4
        rows = [(day + 30 * (k + 1), part if k < 5 else owed - down - 5 * part) for k in range(6)]
        self.agreement = len(self.book.agreements)
        instalments = []
        self.schedule(day, "pay", down)
        for k, (due, amount) in enumerate(rows):
            paid = due - 2 if k < kept and due - 2 <= self.sim.today else -1
            state = "paid" if paid >= 0 else ("overdue" if due < self.sim.today else "pending")
            instalments.append((due, amount, paid, state))
            if paid >= 0:
                self.schedule(paid, "pay", amount)
        broken = kept < 6 and sum(i[3] == "overdue" for i in instalments) >= 2
        state = "broken" if broken else ("fulfilled" if all(i[3] == "paid" for i in instalments) else "active")
        self.book.agreements.append((self.c, day, owed, down, state, instalments))
        self.schedule(rows[min(kept, 5)][0] + 60, "agreement over", 0)

    def claim(self, day: int, kind: str, u: float) -> None:
        if day > self.sim.today:
            return
        closed = day + 1 + int((0.2 + u) * DAYS[kind])  # one in five takes longer than it may
        closed = closed if closed <= self.sim.today else -1
        self.book.claims.append((self.c, kind, day, closed, -1 if closed < 0 else int(u < 0.45)))

    # ---------- events that wait for their day

    def schedule(self, day: int, what: str, amount: int, tag: int = 0) -> None:
        self.pending.append((day, what, amount, tag))
        self.pending.sort(key=lambda e: e[0])

    def settle_until(self, day: int) -> None:
        """Let everything happen that is due before `day`."""
        while self.pending and self.pending[0][0] < day and self.ended < 0:
            self.happen(*self.pending.pop(0))

    def happen(self, day: int, what: str, amount: int, tag: int) -> None:
        docs = self.book.docs
        if what == "pay":
            owed = sum(docs[d].residual for d in self.open)
            if owed:
                self.pay(day, min(amount, owed) if amount else owed)
        elif what == "advance":
            self.pay(day, amount // 10_000 * 10_000 + 10_000, advance=True)
        elif what == "settle":
            self.cut = False
            self.pay_all_or_sign(day)
            done = min(day + 2, self.sim.today)
            self.book.cuts.append((self.c, "reconnection", "done", day, done))
            self.reconnect = True
        elif what == "correct":
            self.correction(day, amount, tag)
        elif what == "debit":
            self.debit_note(day, amount)
        elif what in ("leave", "abandon"):
            owed = sum(docs[d].residual for d in self.open)
            if owed and what == "leave":
                self.pay(day, owed)
            self.ended = day
        elif what == "agreement over":
            self.agreement = -1

    def pay_all_or_sign(self, day: int) -> None:
        owed = sum(self.book.docs[d].residual for d in self.open)
        if self.draw[7] < 0.35 and owed > 300_000:
            self.sign(day, self.draw[8])
        elif owed:
            self.pay(day, owed)

    def correction(self, day: int, d: int, tag: int) -> None:
        sim, doc = self.sim, self.book.docs[d]
        late = [e for e in doc.extras if e[0] == LATE]
        if tag == 0:  # the doubled reading of the incident
            right = max(int(sim.use.m3[self.c, doc.month]), tariff(USER_TYPES[self.user_type], sim.calendar.first_days[doc.month]).minimum_m3)
            self.correct(d, day, 0, (doc.m3, right), [])
        elif tag == 2:
            self.correct(d, day, 1, (doc.m3, 0), doc.extras, whole=True)
        elif tag == 5 and late:
            self.correct(d, day, 4, None, late)
        else:
            minimum = tariff(USER_TYPES[self.user_type], sim.calendar.first_days[doc.month]).minimum_m3
            right = max(doc.m3 * (4 + tag) // 10, minimum)
            if right < doc.m3:
                self.correct(d, day, {1: 0, 3: 2, 4: 3}.get(tag, 0), (doc.m3, right), [])

    def debit_note(self, day: int, d: int) -> None:
        sim, origin = self.sim, self.book.docs[d]
        amount = 8_000 + origin.untaxed // 5 // 100 * 100
        extras = [(OTHER, amount, share_of(amount, sim.itbis))]
        tax = extras[0][2]
        self.book.docs.append(Document(self.c, DEBIT_NOTE, origin.month, day, day + sim.due_days, amount, tax, amount + tax, extras, d))
        self.open.append(len(self.book.docs) - 1)

    def pay(self, day: int, amount: int, advance: bool = False) -> None:
        sim, c = self.sim, self.c
        u = sim.uniform()
        channel = sim.channel[c] if u < 0.85 else int(sim.uniform() * len(sim.channels.codes))
        code = sim.channels.codes[channel]
        people = sim.channels.collectors[channel]
        collector = -1
        if code == "COBEX":
            collector = sim.collector[c]
            if day >= sim.channels.stops.get(collector, 10**9):
                if sim.uniform() < 0.2:
                    self.claim(day + 20, "pago_no_aplicado", u)
                return  # the customer paid; the collector did not
        elif people:
            collector = people[int(sim.uniform() * len(people))]
        start, end = sim.channels.hours[channel]
        if day == sim.today:
            start, end = min(start, 6), min(end, 18)
        local = int((start + sim.uniform() * (end - start)) * HOUR_US)
        paid_at = day * DAY_US + local + UTC_OFFSET_H * HOUR_US
        v = sim.uniform()
        method = next(k for k, limit in sim.channels.methods[channel] if v <= limit + 1e-9)
        if code in ("CJMOC", "CJSVI", "COBEX") and sim.uniform() < 0.04:
            amount = -(-amount // 50_000) * 50_000  # rounded up to RD$500 in cash: the rest stays as credit
        payments = self.book.payments
        payment = Payment(c, amount, day, paid_at, channel, method, collector, amount, advance=advance)
        w = sim.uniform()
        payments.append(payment)
        k = len(payments) - 1
        if w < 0.004 and not advance:
            self.reverse(k, day, w < 0.002)
            return
        if day >= sim.today - 3 and sim.channels.kinds[channel] == "bank":
            payment.state = "in_process"  # the bank has not confirmed it yet
        self.apply(True, k)
        if payment.residual:
            self.credits.append((True, k))

    def reverse(self, k: int, day: int, annulled: bool) -> None:
        """A payment that did not stand: cancelled, or given back by an outbound twin. The debt stays open; the customer pays again later."""
        payment = self.book.payments[k]
        back = day + 3 + k % 6
        if annulled or back > self.sim.today:
            payment.state = "canceled"
        else:
            moment = back * DAY_US + 15 * HOUR_US + k * 1_000_003 % HOUR_US
            twin = Payment(self.c, payment.amount, back, moment, payment.channel, payment.method, payment.collector, 0, reversal_of=k)
            self.book.payments.append(twin)
            self.book.partials.append((True, k + 1, True, k, payment.amount))
            payment.residual = 0
        self.schedule(back + 2, "pay", 0)
