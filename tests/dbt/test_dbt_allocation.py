"""Allocation by priority: the models' window sums against plain loops in Python, on random debts and payments, in a real PostgreSQL.

The SQL is dbt's own: both models are compiled and run over tables of the test's own (`compiled_model.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest
from compiled_model import Bench, bench
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FIRST_DAY = date(2026, 1, 1)  # within the months that the check reaches back from the business date of the tests
UNASSIGNED = -1  # the contract of money that nobody claims: its debts are not one debtor's
SPLIT, EXPECTED = ("int_collections__allocation_component", "int_collections__expected_allocation")


@dataclass
class Invoice:
    key: int
    contract: int
    issued: int
    due: int
    surcharge: int  # cents
    capital: int
    balance: int = 0
    surcharge_left: int = 0


@dataclass
class Payment:
    key: int
    contract: int
    day: int
    amount: int
    given_back: bool
    left: int = 0


@dataclass
class History:
    """What happened, as Odoo would tell it, and what the rule says of each application: written by loops."""

    invoices: list[Invoice] = field(default_factory=list)
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)  # key, invoice, surcharge, capital
    payments: list[Payment] = field(default_factory=list)
    allocations: list[tuple[int, int | None, int | None, int, int, int]] = field(default_factory=list)  # key, payment, note, invoice, day, cents
    surcharge_of: dict[int, int] = field(default_factory=dict)  # allocation → cents of surcharge
    # (payment, day, invoice, component) → available, owed, expected, applied
    expected: dict[tuple[int, int, int, str], tuple[int, int, int, int]] = field(default_factory=dict)


def _components(invoices: list[Invoice]) -> list[tuple[Invoice, str, int]]:
    """The open debts in the order of the rule."""
    found = []
    for invoice in invoices:
        surcharge = min(invoice.balance, invoice.surcharge_left)
        found += [(0, invoice.due, invoice.key, invoice, "recargo", surcharge),
                  (1, invoice.due, invoice.key, invoice, "capital", invoice.balance - surcharge)]
    return [(i, name, owed) for _, _, _, i, name, owed in sorted(found, key=lambda c: c[:3]) if owed]


def _weigh(history: History, payment: Payment, day: int, settled: dict[int, int]) -> None:
    """What the rule would have done with what the payment had left, given the debts as they are now; and what `settled` (invoice → cents) does."""
    pool = [i for i in history.invoices if i.balance and (i.contract == payment.contract != UNASSIGNED and i.issued < day or i.key in settled)]
    left = payment.left
    for invoice, name, owed in _components(pool):
        share = min(owed, left)
        left -= share
        done = settled.get(invoice.key, 0)
        surcharge = min(done, invoice.surcharge_left)
        history.expected[payment.key, day, invoice.key, name] = (payment.left, owed, share, surcharge if name == "recargo" else done - surcharge)


def _settle(history: History, payment: Payment, day: int, order: list[Invoice], limit: int) -> None:
    settled, left = {}, min(payment.left, limit)
    for invoice in order:
        part = min(invoice.balance, left)
        if part:
            settled[invoice.key] = part
            left -= part
    if not settled and day != payment.day:
        return  # nothing happened: not an application
    if not payment.given_back:
        _weigh(history, payment, day, settled)
    for invoice in order:
        if part := settled.get(invoice.key):
            key = len(history.allocations) + 1
            history.allocations.append((key, payment.key, None, invoice.key, day, part))
            history.surcharge_of[key] = min(part, invoice.surcharge_left)
            invoice.surcharge_left -= history.surcharge_of[key]
            invoice.balance -= part
            payment.left -= part


def _credit(history: History, day: int, invoice: Invoice, surcharge: int, capital: int) -> None:
    key = 10_000 + len(history.notes)
    history.notes.append((key, invoice.key, surcharge, capital))
    part = min(invoice.balance, surcharge + capital)
    credited = min(part, surcharge, invoice.surcharge)
    number = len(history.allocations) + 1
    history.allocations.append((number, None, key, invoice.key, day, part))
    history.surcharge_of[number] = credited
    invoice.surcharge_left = max(0, invoice.surcharge_left - credited)
    invoice.balance -= part


cents = st.integers(1, 200_000)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Some contracts over some weeks: bills, payments applied in any order, kept, given back, late; credit notes; another contract's debt."""
    history, kept = History(), []
    for day in range(draw(st.integers(3, 14))):
        for _ in range(draw(st.integers(0, 3))):
            contract = draw(st.sampled_from([1, 1, 2, UNASSIGNED]))
            mine = [i for i in history.invoices if i.balance and i.contract == contract]
            what = draw(st.sampled_from(["bill", "bill", "pay", "pay", "pay", "kept", "note"]))
            if what == "bill":
                surcharge, capital = draw(st.sampled_from([0, 0, 1])) * draw(cents), draw(cents)
                invoice = Invoice(len(history.invoices) + 1, contract, day, day + draw(st.integers(0, 4)), surcharge, capital)
                invoice.balance, invoice.surcharge_left = surcharge + capital, surcharge
                history.invoices.append(invoice)
            elif what == "pay":
                payment = Payment(len(history.payments) + 1, contract, day, draw(cents), draw(st.integers(0, 9)) == 0)
                payment.left = payment.amount
                history.payments.append(payment)
                others = [i for i in history.invoices if i.balance and i.contract != contract] if draw(st.integers(0, 9)) == 0 else []
                applied = 0 if payment.given_back else draw(st.sampled_from([payment.amount, payment.amount, draw(cents), 0]))
                if applied and mine + others:
                    _settle(history, payment, day, draw(st.permutations(mine + others)), applied)
                else:
                    kept.append((payment, day))
            elif what == "kept":
                for payment in [p for p in history.payments if p.left and p.contract == contract and p.day < day and not p.given_back]:
                    if mine and not any(a[1] == payment.key and a[4] == day for a in history.allocations):
                        _settle(history, payment, day, draw(st.permutations(mine)), payment.left)
                        break
            elif mine:
                invoice = draw(st.sampled_from(mine))
                surcharge = draw(st.integers(0, invoice.surcharge))
                _credit(history, day, invoice, surcharge, draw(st.integers(1 if not surcharge else 0, invoice.capital)))
        for payment, _ in [k for k in kept if k[1] == day]:  # what was not applied is weighed at the end of its day
            if not payment.given_back:
                _weigh(history, payment, day, {})
    return history


@pytest.fixture(scope="module")
def probe(built: object) -> Iterator[Bench]:
    with bench("prop_allocation", SPLIT, EXPECTED) as made:
        yield made


def _rd(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-2)


def _on(day: int) -> date:
    return FIRST_DAY + timedelta(days=day)


def _write(probe: Bench, history: History) -> None:
    of_invoice = {i.key: i for i in history.invoices}
    probe.put(
        int_collections__payment=[{"payment_key": p.key, "contract_key": p.contract, "paid_on": _on(p.day), "payment_amount": _rd(p.amount)} for p in history.payments],
        int_collections__given_back=[{"payment_key": p.key} for p in history.payments if p.given_back],
        int_billing__document=[
            {"invoice_key": i.key, "contract_key": i.contract, "issued_on": _on(i.issued), "due_on": _on(i.due), "total_amount": _rd(i.surcharge + i.capital),
             "state": "posted", "sign": 1} for i in history.invoices] + [
            {"invoice_key": key, "contract_key": of_invoice[invoice].contract, "issued_on": _on(0), "due_on": _on(0), "total_amount": _rd(s + c),
             "state": "posted", "sign": -1, "reversed_invoice_key": invoice} for key, invoice, s, c in history.notes],
        int_billing__document_line=[
            {"invoice_key": key, "concept_type": concept, "line_amount": amount}
            for key, surcharge, capital in [(i.key, _rd(i.surcharge), _rd(i.capital)) for i in history.invoices] + [(k, -_rd(s), -_rd(c)) for k, _, s, c in history.notes]
            for concept, amount in (("mora", surcharge), ("agua", capital))],
        int_receivables__allocation=[
            {"allocation_key": key, "payment_key": payment, "credit_invoice_key": note, "invoice_key": invoice, "contract_key": of_invoice[invoice].contract,
             "allocated_on": _on(day), "allocated_amount": _rd(part), "allocation_kind": "pago" if payment else "nota_credito"}
            for key, payment, note, invoice, day, part in history.allocations if part])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=histories())
def test_window_sums_are_the_rule_told_in_loops(probe: Bench, history: History) -> None:
    _write(probe, history)
    split = {r["allocation_key"]: r["surcharge_allocated_amount"] for r in probe.run(SPLIT, into=True)}
    assert split == {key: _rd(history.surcharge_of[key]) for key, *_, part in history.allocations if part}

    wanted = ("payment_key", "applied_on", "invoice_key", "component", "available_amount", "owed_amount", "expected_amount", "applied_amount")
    rows = [tuple(row[column] for column in wanted) for row in probe.run(EXPECTED)]
    found = {(payment, (day - FIRST_DAY).days, invoice, component): tuple(amounts) for payment, day, invoice, component, *amounts in rows}
    assert found == {key: tuple(_rd(a) for a in amounts) for key, amounts in history.expected.items()}

    available, owed, expected = {}, defaultdict(Decimal), defaultdict(Decimal)
    for payment, day, _, _, money, owes, share, _ in rows:
        available[payment, day] = money
        owed[payment, day] += owes
        expected[payment, day] += share
    assert all(expected[key] == min(money, owed[key]) for key, money in available.items())
