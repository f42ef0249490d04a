"""Rules of debt and agreements over random histories: the models' own SQL on PostgreSQL, against plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from compiled_model import bench
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FIRST, LAST = date(2025, 1, 1), date(2026, 10, 31)
PLACE = {"sector_key": 7, "route_key": 5, "municipality_key": 3, "user_type_key": 2}
LIMITS = [0, 30, 60, 90, 180, 365, 10**9]
relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

cents = st.integers(1, 500_00).map(lambda c: Decimal(c) / 100)
days = st.integers(0, (LAST - FIRST).days).map(lambda n: FIRST + timedelta(days=n))


@st.composite
def invoices(draw):
    """A few invoices of two contracts; each with its surcharge and tax, and allocations that never pass its total."""
    made = []
    for key in range(1, draw(st.integers(1, 6)) + 1):
        issued = draw(days)
        total = draw(cents)
        surcharge = min(draw(st.one_of(st.just(Decimal(0)), cents)), total)
        tax = min(draw(st.one_of(st.just(Decimal(0)), cents)), total - surcharge)
        left, allocations = total, []
        for _ in range(draw(st.integers(0, 4))):
            amount = min(draw(cents), left)
            if amount:
                left -= amount
                allocations.append((issued + timedelta(days=draw(st.integers(0, 500))), amount, draw(st.sampled_from(["pago", "nota_credito", "ajuste"]))))
        made.append({"key": key, "contract": draw(st.sampled_from([1, 2])), "issued": issued, "due": issued + timedelta(days=draw(st.integers(0, 45))),
                     "total": total, "surcharge": surcharge, "tax": tax, "allocations": allocations})
    return made


def month_of(day):
    return day.replace(day=1)


def month_end(month):
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def months():
    month = FIRST
    while month <= month_of(LAST):
        yield month
        month = month_end(month) + timedelta(days=1)


def bucket(days_past_due):
    return next(order for order, limit in enumerate(LIMITS) if days_past_due <= limit)


def balance(invoice, day):
    if invoice["issued"] > day:
        return Decimal(0)
    return invoice["total"] - sum((a for on, a, _ in invoice["allocations"] if on <= day), Decimal(0))


def documents(made):
    return [{"invoice_key": i["key"], "contract_key": i["contract"], **PLACE, "sign": 1, "state": "posted", "document_kind": "factura",
             "issued_on": i["issued"], "due_on": i["due"], "billing_period": month_of(i["issued"]), "total_amount": i["total"], "tax_amount": i["tax"]}
            for i in made]


def settlements(made):
    """Number, invoice, day, amount and kind of everything that was applied."""
    return enumerate(((i, on, amount, kind) for i in made for on, amount, kind in i["allocations"]), 1)


def allocations(made):
    return [{"allocation_key": k, "invoice_key": i["key"], "contract_key": i["contract"], **PLACE, "allocated_on": on, "allocated_amount": amount,
             "allocation_kind": kind, "days_past_due": (on - i["due"]).days} for k, (i, on, amount, kind) in settlements(made)]


def reconciliations(made):
    """The same of `allocations`, as what reads the settlements without the documents finds them."""
    return [{"reconcile_id": k, "debit_kind": "factura", "debit_invoice_key": i["key"], **{f"debit_{name}": PLACE[name] for name in ("sector_key", "route_key", "user_type_key")},
             "debit_issued_on": i["issued"], "debit_due_on": i["due"], "reconciled_on": on, "reconciled_amount": amount,
             "credit_kind": "asiento" if kind == "ajuste" else kind} for k, (i, on, amount, kind) in settlements(made)]


MOVED_ON = date(2025, 9, 15)  # contract 1 goes to another sector
ALWAYS = {"valid_from_on": date(1900, 1, 1), "valid_until_on": date(9999, 12, 31)}
VERSIONS = [
    {"contract_key": 1, "contract_version_key": 11, **PLACE, **ALWAYS, "valid_until_on": MOVED_ON},
    {"contract_key": 1, "contract_version_key": 12, **PLACE, **ALWAYS, "valid_from_on": MOVED_ON, "sector_key": 8},
    {"contract_key": 2, "contract_version_key": 21, **PLACE, **ALWAYS},
]
CLOSED = [{"period_month": m, "month_end_on": month_end(m)} for m in months()]


@pytest.fixture(scope="module")
def debts(built):
    with bench("prop_debt", "int_receivables__open_balance", "fct_receivable_month", "int_receivables__debt_month", "int_receivables__roll",
               "int_receivables__component_movement") as made:
        yield made


@relaxed
@given(made=invoices())
def test_ageing_at_every_month_end(debts, made):
    debts.put(int_billing__document=documents(made), int_receivables__allocation=allocations(made), int_core__contract_version=VERSIONS)
    debts.run("int_receivables__open_balance", into=True)
    rows = debts.run("fct_receivable_month")
    found = {(r["contract_key"], r["period_month"], r["ageing_bucket_order"]): r["receivable_amount"] for r in rows}
    assert len(found) == len(rows)
    for r in rows:
        assert r["sector_key"] == (8 if r["contract_key"] == 1 and month_end(r["period_month"]) >= MOVED_ON else 7), "the sector of the month end"
    expected = defaultdict(Decimal)
    for month in months():
        for i in made:
            if owed := balance(i, month_end(month)):
                expected[i["contract"], month, bucket((month_end(month) - i["due"]).days)] += owed
    assert found == expected


@relaxed
@given(made=invoices(), agreements=st.lists(st.tuples(st.sampled_from([1, 2]), days, st.integers(1, 300)), max_size=3))
def test_roll_matrix_conserves_debt(debts, made, agreements):
    """What leaves a bucket was in it, what arrives in one is in it, and the exits are what was applied; whatever the agreements."""
    debts.put(
        int_billing__document=documents(made), int_receivables__allocation=allocations(made), int_receivables__reconciliation=reconciliations(made),
        int_core__contract_version=VERSIONS, int_core__closed_month=CLOSED,
        int_agreements__agreement=[{"agreement_key": k, "contract_key": c, "signed_on": on, "closed_on": on + timedelta(days=n)}
                                   for k, (c, on, n) in enumerate(agreements, 1)])
    debts.run("int_receivables__open_balance", into=True)
    debts.run("int_receivables__debt_month", into=True)
    rows = debts.run("int_receivables__roll")
    leaving, arriving, gone, billed = (defaultdict(Decimal) for _ in range(4))
    for r in rows:
        assert r["flow_amount"] > 0
        month = r["period_month"]
        if r["from_order"] >= 0:
            leaving[month_of(month - timedelta(days=1)), r["from_order"]] += r["flow_amount"]
        else:
            billed[month] += r["flow_amount"]
        (arriving if r["end_order"] <= 6 else gone)[month, r["end_order"]] += r["flow_amount"]
        if r["end_order"] <= 6 and r["from_order"] >= 0:
            assert r["end_order"] >= r["from_order"], "no debt gets younger"
    owed, applied, issued = (defaultdict(Decimal) for _ in range(3))
    for month in months():
        for i in made:
            if amount := balance(i, month_end(month)):
                owed[month, bucket((month_end(month) - i["due"]).days)] += amount
    for i in made:
        issued[month_of(i["issued"])] += i["total"]
        for on, amount, kind in i["allocations"]:
            if on <= LAST:
                applied[month_of(on), {"pago": 8, "nota_credito": 9, "ajuste": 10}[kind]] += amount
    assert arriving == owed
    assert leaving == {k: v for k, v in owed.items() if k[0] < month_of(LAST)}
    assert gone == applied
    assert billed == issued


@relaxed
@given(made=invoices(), day=days)
def test_surcharge_then_tax_then_capital(debts, made, day):
    debts.put(int_billing__document=documents(made), int_receivables__allocation=allocations(made), int_billing__document_line=[
        {"invoice_key": i["key"], "concept_type": "mora", "line_amount": i["surcharge"]} for i in made if i["surcharge"]])
    found = defaultdict(lambda: [Decimal(0)] * 3)
    for r in debts.run("int_receivables__component_movement"):
        if r["moved_on"] <= day:
            sums = found[r["invoice_key"]]
            moved = (r["moved_amount"], r["moved_surcharge_amount"], r["moved_tax_amount"])
            found[r["invoice_key"]] = [a + b for a, b in zip(sums, moved, strict=True)]
    for i in made:
        owed = balance(i, day)
        paid = i["total"] - owed if i["issued"] <= day else Decimal(0)
        surcharge = max(i["surcharge"] - paid, Decimal(0)) if i["issued"] <= day else Decimal(0)
        tax = max(i["tax"] - max(paid - i["surcharge"], Decimal(0)), Decimal(0)) if i["issued"] <= day else Decimal(0)
        assert found[i["key"]] == [owed, surcharge, tax]


@pytest.fixture(scope="module")
def agreed(built):
    with bench("prop_agreement", "int_agreements__recovery", "int_agreements__instalment") as made:
        yield made


@relaxed
@given(
    down=st.one_of(st.just(Decimal(0)), cents),
    parts=st.lists(cents, min_size=1, max_size=8),
    money=st.lists(st.tuples(st.integers(0, 400), cents), max_size=8),
    ends=st.one_of(st.none(), st.integers(1, 300)),
)
def test_money_covers_the_down_payment_and_then_each_instalment(agreed, down, parts, money, ends):
    """One after the other, none beyond its amount; the day an instalment is covered is that of the payment that completed it."""
    signed, total = FIRST, down + sum(parts)
    until = None if ends is None else signed + timedelta(days=ends)
    agreed.put(
        int_agreements__agreement=[{"agreement_key": 1, "contract_key": 1, **PLACE, "signed_on": signed, "agreed_amount": total,
                                    "down_payment_amount": down, "recovers_until": until}],
        int_billing__document=[{"invoice_key": 1, "issued_on": signed}],
        int_receivables__allocation=[{"allocation_key": k, "invoice_key": 1, "contract_key": 1, "allocated_on": signed + timedelta(days=n),
                                      "allocated_amount": amount, "allocation_kind": "pago"} for k, (n, amount) in enumerate(money, 1)],
        stg_odoo__agreement_instalment=[{"instalment_id": k, "agreement_id": 1, "instalment_number": k, "instalment_amount": amount,
                                         "due_on": signed + timedelta(days=30 * k)} for k, amount in enumerate(parts, 1)])
    recovered = agreed.run("int_agreements__recovery", into=True)
    counted = sorted((n, amount) for n, amount in money if ends is None or n < ends)
    assert sum((r["recovered_amount"] for r in recovered), Decimal(0)) == min(total, sum((a for _, a in counted), Decimal(0)))
    left, covered_at = min(total, sum((a for _, a in counted), Decimal(0))) - down, down
    for row, amount in zip(sorted(agreed.run("int_agreements__instalment"), key=lambda r: r["instalment_number"]), parts, strict=True):
        got = max(min(left, amount), Decimal(0))
        left -= amount
        covered_at += amount
        so_far, covered_on = Decimal(0), None
        for n, value in counted:
            so_far += value
            if so_far >= covered_at:
                covered_on = signed + timedelta(days=n)
                break
        assert (row["recovered_amount"], row["covered_on"]) == (got, covered_on)
