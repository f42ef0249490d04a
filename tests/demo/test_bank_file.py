"""The bank's file: its lines are the payments in Odoo to the cent, its trailer is wrong as a mistyped total is."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import psycopg
from hypothesis import given
from hypothesis import strategies as st

import demo
from demo.utility.bank_file import COLUMNS, transposed


def test_lines_are_right_and_the_total_is_not(utility, source: psycopg.Connection, tmp_path: Path) -> None:
    path = demo.write_bank_file(utility[0], tmp_path / "banco" / "recaudo.csv")
    assert demo.write_bank_file(utility[0], tmp_path / "again.csv").read_bytes() == path.read_bytes()
    with open(path, encoding="utf-8", newline="") as file:
        header, columns, *lines, trailer = csv.reader(file, delimiter=";")
    assert (header[0], tuple(columns), trailer[0]) == ("BANCO", COLUMNS, "TOTAL")
    posted = source.execute(
        """select count(*), sum(p.amount) from account_payment as p join account_journal as j on j.id = p.journal_id
           where j.name ->> 'es_DO' = %s and p.payment_type = 'inbound' and p.date between '2026-10-01' and '2026-10-31' and j.company_id = 1""",
        [header[1]]).fetchone()
    detailed = sum(Decimal(line[3]) for line in lines)
    assert (len(lines), detailed) == posted
    assert int(trailer[1]) == len(lines)
    assert Decimal(trailer[3]) != detailed


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_two_digits_the_wrong_way_round_differ_by_a_multiple_of_nine(amount: Decimal) -> None:
    if len(set(f"{amount:.2f}".replace(".", ""))) == 1:
        return
    difference = transposed(amount) - amount
    assert difference != 0
    assert int(difference * 100) % 9 == 0
    assert sorted(f"{transposed(amount):.2f}".rjust(20, "0")) == sorted(f"{amount:.2f}".rjust(20, "0"))
