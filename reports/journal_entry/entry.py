"""The lines of a month's journal entry: totals, balance, and what changed between what was exported and what the data say now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from reports import period
from reports.errors import FiguresDisagree
from reports.writers.numbers import money

ZERO = Decimal("0.00")
KINDS = {"billed": "Facturación", "credited": "Notas de crédito", "collected": "Recaudación"}
UNASSIGNED = "S/A"  # dbt's code of what has no account
Key = tuple[str, str, str]


@dataclass(frozen=True)
class EntryLine:
    """One line: `month` is the month it speaks of, earlier than the entry's own in an adjustment. RD$; one of the two sides is zero."""

    month: date
    kind: str
    account_code: str
    account_name: str
    concept_code: str
    concept_name: str
    debit: Decimal
    credit: Decimal
    description: str

    @property
    def key(self) -> Key:
        """What the line is about, whatever its amount."""
        return self.kind, self.account_code, self.concept_code

    @property
    def net(self) -> Decimal:
        """Debit positive."""
        return self.debit - self.credit

    def as_json(self) -> dict[str, str]:
        """For `ops.accounting_period`; amounts as text, so that no reader turns them into floats."""
        return {name: str(value) for name, value in vars(self).items()}

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> EntryLine:
        return cls(**{**said, "month": date.fromisoformat(said["month"]), "debit": Decimal(said["debit"]), "credit": Decimal(said["credit"])})


def totals(lines: Iterable[EntryLine]) -> tuple[Decimal, Decimal]:
    """Σ debit and Σ credit, RD$."""
    debit, credit = ZERO, ZERO
    for line in lines:
        debit, credit = debit + line.debit, credit + line.credit
    return debit, credit


def require_balance(lines: Sequence[EntryLine], month: date) -> None:
    """Raises FiguresDisagree unless debits equal credits to the cent and every line has an account."""
    debit, credit = totals(lines)
    if debit != credit:
        by_kind = {kind: sum((line.net for line in lines if line.kind == kind), ZERO) for kind in KINDS}
        where = "; ".join(f"{KINDS[kind]}: {money(net)}" for kind, net in by_kind.items() if net)
        raise FiguresDisagree(
            f"El asiento de {period.name(month)} no cuadra: débitos {money(debit)}, créditos {money(credit)} ({where}). No se escribió. "
            "Avise a quien administra los datos.")
    lost = [line for line in lines if line.account_code == UNASSIGNED]
    if lost:
        amount = sum((line.debit + line.credit for line in lost), ZERO)
        raise FiguresDisagree(
            f"En {period.name(month)} hay {money(amount)} sin cuenta contable ({', '.join(sorted({line.description for line in lost}))}): pagos o "
            "documentos que en Odoo no tienen asiento. Asiéntelos en Odoo, replique y vuelva a exportar. No se escribió.")


def changes(before: Sequence[EntryLine], now: Sequence[EntryLine]) -> list[EntryLine]:
    """The lines that take an entry from what was exported (`before`, adjustments included) to what the data say `now`. Balanced when both are."""
    known: dict[Key, EntryLine] = {}
    net: dict[Key, Decimal] = {}
    for lines, sign in ((before, -1), (now, 1)):
        for line in lines:
            known[line.key] = line
            net[line.key] = net.get(line.key, ZERO) + sign * line.net
    return [_adjusting(known[key], amount) for key, amount in sorted(net.items(), key=_order) if amount]


def _order(item: tuple[Key, Decimal]) -> tuple:
    (kind, account, concept), amount = item
    return list(KINDS).index(kind), amount < 0, account, concept


def _adjusting(line: EntryLine, amount: Decimal) -> EntryLine:
    return replace(
        line, debit=max(amount, ZERO), credit=max(-amount, ZERO),
        description=f"Ajuste de {period.name(line.month)}: {KINDS[line.kind]}, {line.concept_name}")


def by_account(lines: Iterable[EntryLine]) -> list[tuple[str, str, Decimal]]:
    """Account, its name and the net of its lines (debit positive), where there is one."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        account = (line.account_code, line.account_name)
        found[account] = found.get(account, ZERO) + line.net
    return [(*account, net) for account, net in sorted(found.items()) if net]
