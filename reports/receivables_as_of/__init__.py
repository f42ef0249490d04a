"""Debt by age at any past day, reconstructed from the published facts: `caudal receivables --as-of 2026-05-17`.

Reads `marts.fct_invoice`, `fct_payment_allocation`, `fct_payment` and dimensions, as `caudal_read`. Writes nothing.
At a month end it gives what `fct_receivable_month` holds (tests/reports/test_receivables_as_of.py).
"""

from reports.receivables_as_of.debt import By, Debt, Line, at

__all__ = ["By", "Debt", "Line", "at"]
