"""What happened between the utility and its customers: documents, payments, what settled what, cuts, agreements, claims.

All money is in whole cents; days are day numbers, moments µs of UTC. At every step: what a document is for = what was applied to it + its residual.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

INVOICE, REFUND, DEBIT_NOTE, CANCELLED, DRAFT = range(5)
WATER, SEWER, OTHER, LATE, RECONNECTION = range(5)
REASONS = ["error_lectura", "error_facturacion", "fuga_interna", "cambio_tarifa", "acuerdo"]
PUNCTUAL, LATE_PAYER, CHRONIC, NON_PAYER = range(4)
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


@dataclass
class Document:
    """An invoice, note, cancelled or draft document. Amounts in cents, positive. `month` −1: of no billing period."""

    contract: int
    kind: int
    month: int
    issued: int
    due: int
    untaxed: int
    tax: int
    residual: int
    extras: list[tuple[int, int, int]]  # (concept, cents, tax): lines beyond WATER and SEWER
    origin: int = -1
    reason: int = -1
    m3: int = 0
    water: tuple[int, int] | None = None  # of a correction: billed m³ before and after
    whole: bool = False  # the correction voids its origin

    @property
    def total(self) -> int:
        return self.untaxed + self.tax


@dataclass
class Payment:
    """Money received (or given back: `reversal_of` ≥ 0 and outbound). `paid_at`: µs UTC; `day`: in Santo Domingo."""

    contract: int
    amount: int
    day: int
    paid_at: int
    channel: int
    method: int
    collector: int
    residual: int
    state: str = "paid"
    reversal_of: int = -1
    advance: bool = False


@dataclass
class Ledger:
    """All that happened. `partials`: (debit kind, debit index, credit kind, credit index, cents), kinds `doc` and `pay`."""

    docs: list[Document] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    partials: list[tuple[bool, int, bool, int, int]] = field(default_factory=list)  # (debit is payment, index, credit is payment, index, cents)
    cuts: list[tuple[int, str, str, int, int]] = field(default_factory=list)  # contract, kind, state, ordered, executed
    agreements: list[tuple[int, int, int, int, str, list[tuple[int, int, int, str]]]] = field(default_factory=list)
    claims: list[tuple[int, str, int, int, int]] = field(default_factory=list)  # contract, kind, opened, closed (−1 open), founded (−1 unknown)
    planned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))  # contracts × months with a planned reading
    state: list[str] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
