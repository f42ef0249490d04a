"""The bank's file of what it collected in the last closed month: CSV with a header, a line a payment and a trailer whose total is wrong.

The clerk at the bank typed two neighbouring digits of the total the wrong way round, so the difference is a multiple of 9, as accountants
know. Lines and count are right: whoever trusts the trailer books money that nobody paid.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import psycopg

from demo.utility.catalogue import TODAY

COLUMNS = ("FECHA", "REFERENCIA", "CONTRATO", "MONTO")  # dd/mm/aaaa, payment's number, contract code, RD$


def write_bank_file(dsn: str, path: Path) -> Path:
    """Write the file of the bank with the most payments, whole or not at all; the utility must be in the database `dsn` already."""
    last = TODAY.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    with psycopg.connect(dsn) as conn:
        bank, payments = _collected(conn, first, last)
    total = sum((amount for *_, amount in payments), Decimal(0))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with open(draft, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";", lineterminator="\r\n")
        out.writerow(["BANCO", bank, first.strftime("%d/%m/%Y"), last.strftime("%d/%m/%Y")])
        out.writerow(COLUMNS)
        out.writerows([day.strftime("%d/%m/%Y"), reference, contract or "", f"{amount:.2f}"] for day, reference, contract, amount in payments)
        out.writerow(["TOTAL", len(payments), "", f"{transposed(total):.2f}"])
    draft.replace(path)
    return path


def _collected(conn: psycopg.Connection, first: date, last: date) -> tuple[str, list[tuple[date, str, str | None, Decimal]]]:
    """The bank's name, and its payments of the days `first` to `last`, in order: day, number, contract, RD$. Reversed ones too: it had the money."""
    journal, name = conn.execute(
        """select j.id, j.name ->> 'es_DO' from account_journal as j join account_payment as p on p.journal_id = j.id
           where j.type = 'bank' and j.company_id = 1 and p.payment_type = 'inbound' and p.date between %s and %s
           group by j.id order by count(*) desc, j.id limit 1""", [first, last]).fetchone()
    return name, conn.execute(
        """select p.date, p.name, c.code, p.amount from account_payment as p left join water_contract as c on c.id = p.x_contract_id
           where p.journal_id = %s and p.payment_type = 'inbound' and p.date between %s and %s order by p.date, p.id""",
        [journal, first, last]).fetchall()


def transposed(amount: Decimal) -> Decimal:
    """`amount` with the first two neighbouring digits that differ exchanged. Raises ValueError when all its digits are the same."""
    digits = f"{amount:.2f}".replace(".", "")
    for i, (left, right) in enumerate(pairwise(digits)):
        if left != right:
            return Decimal(int(digits[:i] + right + left + digits[i + 2:])).scaleb(-2)
    raise ValueError(f"{amount} has no two neighbouring digits that differ")
