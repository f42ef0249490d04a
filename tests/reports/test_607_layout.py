"""The layout is DGII's, so its bytes are fixed here; and what is still to confirm can be changed in `layout.yml` alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from made_607 import CEDULA, record

from reports.dgii_607 import layout, txt
from reports.dgii_607.record import format_line
from reports.errors import ConfigError

GOLDEN = Path(__file__).parent / "golden" / "DGII_F_607_430000019_202610.TXT"
DOCUMENTS = [
    record(),
    record(customer_id=CEDULA, customer_id_type="2", fiscal_number="B0100000007", cash_amount=Decimal("500.00"), card_amount=Decimal("734.50"),
           credit_amount=Decimal(0)),
    record(customer_id="", customer_id_type="3", fiscal_number="E340000000001", modified_fiscal_number="E320000000009",
           issued_on=date(2026, 10, 31), billed_amount=Decimal(100), credit_amount=Decimal(100)),
    record(fiscal_number="E450000000002", income_type="02", withheld_on=date(2026, 10, 20), billed_amount=Decimal(1000), itbis_billed_amount=Decimal(180),
           itbis_withheld_amount=Decimal(54), isr_withheld_amount=Decimal(50), bank_amount=Decimal(1180), credit_amount=Decimal(0)),
    record(fiscal_number="E310000000003", voucher_amount=Decimal("234.50"), barter_amount=Decimal(400), other_forms_amount=Decimal(600),
           credit_amount=Decimal(0)),
]


def _file(spec: layout.Layout) -> bytes:
    lines = [format_line(item, spec) for item in DOCUMENTS]
    return txt.build(txt.Header("607", "430000019", date(2026, 10, 1), len(lines)), lines, spec)


def test_the_file_is_dgiis_to_the_byte() -> None:
    assert _file(layout.load()) == GOLDEN.read_bytes()


def test_the_name_of_the_file() -> None:
    assert layout.load().name_of_file("430000019", date(2026, 10, 1)) == GOLDEN.name


def test_a_month_without_sales_is_the_header_with_zero() -> None:
    assert txt.build(txt.Header("607", "430000019", date(2026, 10, 1), 0), [], layout.load()) == b"607|430000019|202610|0\r\n"


@pytest.fixture
def changed(tmp_path: Path):
    """`changed(edit)` is the layout after `edit(dict)`, read from a file as the real one is."""

    def make(edit) -> layout.Layout:
        data = yaml.safe_load(layout.LAYOUT_FILE.read_text(encoding="utf-8"))
        edit(data)
        path = tmp_path / "layout.yml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        return layout.load(path)

    return make


def test_barter_before_vouchers_is_two_lines_of_the_yaml_exchanged(changed) -> None:
    def exchange(data: dict) -> None:
        fields = data["fields"]
        assert [fields[20]["name"], fields[21]["name"]] == ["voucher_amount", "barter_amount"]
        fields[20], fields[21] = fields[21], fields[20]

    before, after = (format_line(DOCUMENTS[4], spec).split("|") for spec in (layout.load(), changed(exchange)))
    assert before[20:22] == ["234.50", "400.00"] and after[20:22] == ["400.00", "234.50"]
    assert before[:20] + before[22:] == after[:20] + after[22:]


def test_padding_of_old_implementations_is_a_key_of_the_yaml(changed) -> None:
    spec = changed(lambda data: data["padding"].update(customer_id=11, fiscal_number=19))
    parts = format_line(DOCUMENTS[0], spec).split("|")
    assert parts[0] == "130123454  " and parts[2] == "E310000000001      "


def test_zero_amounts_may_be_written(changed) -> None:
    spec = changed(lambda data: data["amounts"].update(blank_when_zero=False))
    assert format_line(DOCUMENTS[0], spec).split("|")[8] == "0.00"


def test_what_is_to_confirm_says_where_to_change_it() -> None:
    spec = layout.load()
    assert any("21 y 22" in item.what and "fields" in item.where for item in spec.to_confirm)
    assert all(item.where and item.why for item in spec.to_confirm)


def test_a_wrong_layout_names_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "layout.yml"
    text = layout.LAYOUT_FILE.read_text(encoding="utf-8")
    path.write_text(text.replace("whole_digits: 12 ", "whole_digits: doce "), encoding="utf-8")
    line = next(n for n, x in enumerate(text.splitlines(), 1) if "whole_digits" in x)
    with pytest.raises(ConfigError, match=rf"layout.yml:{line}: amounts.whole_digits: "):
        layout.load(path)
    path.write_text(text.replace("{name: barter_amount", "{name: cash_amount"), encoding="utf-8")
    with pytest.raises(ConfigError, match="23 campos distintos"):
        layout.load.__wrapped__(path)
