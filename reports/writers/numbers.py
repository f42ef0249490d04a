"""Numbers for people (RD$ 1,234.56) and numbers for spreadsheet cells (doubles that must still be exact)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from reports.errors import InexactNumber

CENT = Decimal("0.01")
MISSING = "n/d"


def rounded(value: Decimal, places: int) -> Decimal:
    """Half away from zero, as people round; never the banker's rounding of the default context."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def number(value: Decimal | int | None, places: int = 2) -> str:
    """`1,234.56`; `n/d` when there is no value. A negative amount keeps its sign in front."""
    return MISSING if value is None else f"{rounded(Decimal(value), places) + 0:,.{places}f}"


def money(value: Decimal | None) -> str:
    """`RD$ 1,234.56`, `-RD$ 1,234.56`."""
    if value is None:
        return MISSING
    return f"{'-' if rounded(value, 2) < 0 else ''}RD$ {number(abs(value))}"


def percent(ratio: Decimal | None, places: int = 1) -> str:
    """`85.3 %` of a ratio 0.853."""
    return MISSING if ratio is None else f"{number(ratio * 100, places)} %"


def cell(value: Decimal | int) -> float | int:
    """The double a spreadsheet cell stores for an amount of at most two decimals.

    Raises InexactNumber when the cell would not read back as the same amount: Excel keeps 15 significant digits, so from ten
    trillion RD$ on there is no room for the cents, and a report that is silently a cent off is worse than none.
    """
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise InexactNumber(f"El número {value} no cabe con exactitud en una celda de Excel.")
        return value
    if value != value.quantize(CENT):
        raise InexactNumber(f"El monto {value} tiene más de dos decimales.")
    stored = float(value)
    if Decimal(f"{stored:.15g}") != value:
        raise InexactNumber(f"El monto {value} no cabe con exactitud en una celda de Excel.")
    return stored
