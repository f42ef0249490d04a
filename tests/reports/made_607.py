"""Hand-made documents for the 607's tests. The identities are made up; only their check digits are right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reports.dgii_607 import layout

RNC, CEDULA = "130123454", "00100000017"


def record(**changes: object) -> dict:
    """A correct electronic invoice of October 2026 to a company, RD$ 1,234.50 on credit; `changes` replace fields."""
    base: dict[str, object] = {}
    for field in layout.load().fields:
        base[field.name] = {"amount": Decimal("0.00"), "date": None, "text": ""}[field.kind]
    base.update(customer_id=RNC, customer_id_type="1", fiscal_number="E310000000001", income_type="01", issued_on=date(2026, 10, 5),
                billed_amount=Decimal("1234.50"), credit_amount=Decimal("1234.50"))
    return {**base, **changes}
