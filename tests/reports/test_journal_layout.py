"""The entry's file and what changes between two entries, without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from reports import config
from reports.errors import ConfigError, FiguresDisagree, ReportError
from reports.journal_entry import csv_file, entry
from reports.journal_entry.csv_file import Layout
from reports.journal_entry.entry import EntryLine

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


def line(account: str, concept: str, net: str, kind: str = "billed", month: date = OCTOBER, name: str = "Agua") -> EntryLine:
    amount = Decimal(net)
    zero = Decimal("0.00")
    return EntryLine(month, kind, account, f"Cuenta {account}", concept, name, max(amount, zero), max(-amount, zero), f"Facturación: {name}")


ENTRY = [line("1103", "CXC", "1180.50", name="Cuentas por cobrar"), line("4101", "AGUA", "-1000.50"), line("2108", "ITBIS", "-180.00", name="ITBIS")]


@pytest.fixture
def layout() -> Layout:
    return csv_file.load("demo")


def rows(content: bytes, layout: Layout) -> list[str]:
    return content.decode(layout.encoding).split("\r\n")


def test_the_file_is_as_the_layout_says(layout: Layout) -> None:
    content = csv_file.build(ENTRY, OCTOBER, "CAU-2026-10", layout)
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    assert rows(content, layout) == [
        "Asiento,Fecha,Cuenta,Descripción,Débito,Crédito,Centro de costo,Referencia",
        "CAU-2026-10,31/10/2026,1103,Facturación: Cuentas por cobrar,1180.50,,,2026-10/CXC",
        "CAU-2026-10,31/10/2026,4101,Facturación: Agua,,1000.50,COM-AGUA,2026-10/AGUA",
        "CAU-2026-10,31/10/2026,2108,Facturación: ITBIS,,180.00,,2026-10/ITBIS",
        ""]


def test_another_program_wants_it_otherwise(layout: Layout) -> None:
    other = Layout.model_validate({
        **layout.model_dump(), "encoding": "cp1252", "separator": ";", "decimal_point": ",", "line_end": "lf", "header": False, "zero": "0.00",
        "date_format": "%Y%m%d", "reference": "{line}", "accounts": {"4101": "41.01"}, "cost_centres": {"default": "99", "by_account": {"1103": "7"}},
        "columns": [{"field": "date", "title": ""}, {"field": "account", "title": ""}, {"field": "description", "title": "", "width": 12},
                    {"field": "debit", "title": ""}, {"field": "credit", "title": ""}, {"field": "cost_centre", "title": ""},
                    {"field": "reference", "title": ""}]})
    assert csv_file.build(ENTRY, OCTOBER, "N", other).decode("cp1252").splitlines() == [
        "20261031;1103;Facturación:;1180,50;0,00;7;1", "20261031;41.01;Facturación:;0,00;1000,50;99;2", "20261031;2108;Facturación:;0,00;180,00;99;3"]


def test_a_comma_that_separates_and_one_that_is_decimal_do_not_mix(layout: Layout) -> None:
    comma = layout.model_copy(update={"decimal_point": ","})
    assert '"1180,50"' in csv_file.build(ENTRY, OCTOBER, "N", comma).decode("utf-8-sig")


def test_an_amount_cut_by_its_width_is_not_written(layout: Layout) -> None:
    cut = layout.model_copy(update={"columns": tuple(c.model_copy(update={"width": 4}) if c.field == "debit" else c for c in layout.columns)})
    with pytest.raises(FiguresDisagree, match="débitos RD\\$ 1,180.00"):
        csv_file.build(ENTRY, OCTOBER, "N", cut)


def test_a_letter_that_the_encoding_lacks_is_named(layout: Layout) -> None:
    with pytest.raises(ReportError, match="«Ω», que no existe en latin-1"):
        csv_file.build([line("1", "A", "1.00", name="Ω"), line("2", "B", "-1.00")], OCTOBER, "N", layout.model_copy(update={"encoding": "latin-1"}))


@pytest.mark.parametrize(("old", "new", "said"), [
    ("  - {field: account, title: Cuenta}\n", "", "faltan las columnas account"),
    ("{field: reference,", "{field: debit,", "dos veces"),
    ('reference: "{period}/{concept}"', 'reference: "{mes}"', "reference solo admite"),
    ('separator: ","', 'separator: "x"', "separator"),
    ("header: true", "heading: true", "head"),
])
def test_a_wrong_layout_is_refused_with_its_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (csv_file.LAYOUTS / "demo.yml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "otro.yml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as error:
        config.load(path, Layout)
    assert "otro.yml" in str(error.value)


def test_a_site_without_a_layout_is_told_what_to_copy() -> None:
    with pytest.raises(ConfigError, match=r"demo\.yml"):
        csv_file.load("marte")


def test_an_entry_that_does_not_balance_says_where() -> None:
    with pytest.raises(FiguresDisagree, match=r"débitos RD\$ 1,180\.51, créditos RD\$ 1,180\.50 \(Facturación: RD\$ 0\.01\)"):
        entry.require_balance([*ENTRY, line("1103", "CXC2", "0.01")], OCTOBER)
    entry.require_balance(ENTRY, OCTOBER)


def test_an_amount_without_account_is_refused() -> None:
    with pytest.raises(FiguresDisagree, match="sin cuenta contable"):
        entry.require_balance([line("S/A", "CAJA", "5.00"), line("1103", "CXC", "-5.00")], OCTOBER)


def test_changes_take_the_exported_entry_to_the_present_one() -> None:
    before = [line("1103", "CXC", "118.00", month=SEPTEMBER), line("4101", "AGUA", "-100.00", month=SEPTEMBER),
              line("4102", "ALCA", "-18.00", month=SEPTEMBER, name="Alcantarillado")]
    now = [line("1103", "CXC", "90.00", month=SEPTEMBER), line("4101", "AGUA", "-60.00", month=SEPTEMBER),
           line("2108", "ITBIS", "-30.00", month=SEPTEMBER, name="ITBIS")]
    found = entry.changes(before, now)
    assert [(c.account_code, c.debit, c.credit) for c in found] == [
        ("4101", Decimal("40.00"), Decimal("0.00")), ("4102", Decimal("18.00"), Decimal("0.00")),
        ("1103", Decimal("0.00"), Decimal("28.00")), ("2108", Decimal("0.00"), Decimal("30.00"))]
    entry.require_balance(found, SEPTEMBER)
    assert found[1].description == "Ajuste de septiembre de 2026: Facturación, Alcantarillado"
    assert entry.changes([*before, *found], now) == []
    assert entry.by_account(found)[0] == ("1103", "Cuenta 1103", Decimal("-28.00"))


def test_a_line_survives_json() -> None:
    assert EntryLine.of_json(ENTRY[0].as_json()) == ENTRY[0]
    assert ENTRY[0].as_json()["debit"] == "1180.50"
