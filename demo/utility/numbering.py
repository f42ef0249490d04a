"""Names and Dominican fiscal numbers of documents, in the order they were created."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from demo.utility.ledger import CANCELLED, DEBIT_NOTE, DRAFT, INVOICE, REFUND

EPOCH = date(1970, 1, 1)
# prefix → (name in Spanish, in English, internal type)
DOCUMENT_TYPES = {
    "E31": ("Factura de crédito fiscal electrónica", "Electronic fiscal credit invoice", "invoice"),
    "E32": ("Factura de consumo electrónica", "Electronic consumption invoice", "invoice"),
    "E33": ("Nota de débito electrónica", "Electronic debit note", "debit_note"),
    "E34": ("Nota de crédito electrónica", "Electronic credit note", "credit_note"),
    "E45": ("Comprobante electrónico gubernamental", "Electronic governmental invoice", "invoice"),
    "B01": ("Factura de crédito fiscal", "Fiscal credit invoice", "invoice"),
    "B02": ("Factura de consumo", "Consumption invoice", "invoice"),
    "B03": ("Nota de débito", "Debit note", "debit_note"),
    "B04": ("Nota de crédito", "Credit note", "credit_note"),
    "B15": ("Comprobante gubernamental", "Governmental invoice", "invoice"),
}
_PAPER = {"E31": "B01", "E32": "B02", "E33": "B03", "E34": "B04", "E45": "B15"}
_KINDS = {INVOICE: "FAC", DEBIT_NOTE: "ND", REFUND: "NC", CANCELLED: "FAC"}


def prefix_of(kind: int, wants_credit: bool, is_government: bool, on_paper: bool) -> str:
    """The fiscal prefix of a document of `kind`."""
    if kind == REFUND:
        electronic = "E34"
    elif kind == DEBIT_NOTE:
        electronic = "E33"
    else:
        electronic = "E45" if is_government else "E31" if wants_credit else "E32"
    return _PAPER[electronic] if on_paper else electronic


class Numbers:
    """Hands out the next number of each sequence."""

    def __init__(self) -> None:
        self._next: dict[object, int] = defaultdict(int)
        self._days: dict[int, date] = {}

    def _take(self, key: object) -> int:
        self._next[key] += 1
        return self._next[key]

    def _day(self, day: int) -> date:
        if day not in self._days:
            self._days[day] = EPOCH + timedelta(days=day)
        return self._days[day]

    def name(self, kind: int, day: int) -> str:
        """FAC/2026/10/00012; a draft has none."""
        if kind == DRAFT:
            return "/"
        when = self._day(day)
        return f"{_KINDS[kind]}/{when.year}/{when.month:02d}/{self._take((_KINDS[kind], when.year, when.month)):05d}"

    def payment(self, journal: str, day: int) -> str:
        """PCJMOC/2026/00031."""
        year = self._day(day).year
        return f"P{journal}/{year}/{self._take((journal, year)):05d}"

    def fiscal(self, prefix: str) -> str:
        """e-NCF: E + type + 10 digits; NCF: B + type + 8 digits."""
        return f"{prefix}{self._take(prefix):0{10 if prefix[0] == 'E' else 8}d}"
