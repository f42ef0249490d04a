"""What DGII would refuse is refused here first, document by document, naming the field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from made_607 import CEDULA, RNC, record

from reports.dgii_607 import layout, rules, selection, validator

SPEC, MONTH = layout.load(), date(2026, 10, 1)

GOOD = {
    "company": {},
    "person": {"customer_id": CEDULA, "customer_id_type": "2"},
    "passport on a consumption document": {"customer_id": "XA123456", "customer_id_type": "3", "fiscal_number": "E320000000001"},
    "passport of nine digits": {"customer_id": "512345678", "customer_id_type": "3", "fiscal_number": "E320000000001"},
    "nobody on a consumption document": {"customer_id": None, "customer_id_type": "3", "fiscal_number": "B0200000001"},
    "credit note": {"fiscal_number": "E340000000001", "modified_fiscal_number": "E310000000009"},
    "withheld in the month": {"withheld_on": date(2026, 10, 31), "isr_withheld_amount": Decimal(5)},
    "first and last day": {"issued_on": date(2026, 10, 31)},
}
BAD = {
    "RNC with dashes": ({"customer_id": "1-30-12345-4"}, "customer_id", "solo dígitos"),
    "RNC with a wrong check digit": ({"customer_id": "130123455"}, "customer_id", "dígito verificador del RNC"),
    "RNC of ten digits": ({"customer_id": "1301234540"}, "customer_id", "10 dígitos"),
    "cédula with a wrong check digit": ({"customer_id": "00100000018", "customer_id_type": "2"}, "customer_id", "de la cédula"),
    "type without number": ({"customer_id": ""}, "customer_id", "vacío"),
    "number without type": ({"customer_id_type": ""}, "customer_id_type", "falta su tipo"),
    "unknown type": ({"customer_id_type": "9"}, "customer_id_type", "no es un código"),
    "tax-credit document for nobody": ({"customer_id": None, "customer_id_type": "3"}, "customer_id", "exige"),
    "tax-credit document for a passport": ({"customer_id": "XA123456", "customer_id_type": "3"}, "customer_id", "exige RNC"),
    "cédula short of a digit, passed as a passport": (
        {"customer_id": "0010000001", "customer_id_type": "3", "fiscal_number": "E320000000001"}, "customer_id", "parece una cédula"),
    "no NCF": ({"fiscal_number": None}, "fiscal_number", "Falta"),
    "short NCF": ({"fiscal_number": "E31000000001"}, "fiscal_number", "no es un NCF"),
    "lower-case NCF": ({"fiscal_number": "e310000000001"}, "fiscal_number", "no es un NCF"),
    "NCF of 19 characters": ({"fiscal_number": "A010010010100000001"}, "fiscal_number", "no es un NCF"),
    "NCF with blanks": ({"fiscal_number": "E31 000000000"}, "fiscal_number", "no es un NCF"),
    "NCF of purchases": ({"fiscal_number": "E410000000001"}, "fiscal_number", "no es de ventas"),
    "note without origin": ({"fiscal_number": "B0400000001"}, "modified_fiscal_number", "qué NCF modifica"),
    "invoice with origin": ({"modified_fiscal_number": "E310000000002"}, "modified_fiscal_number", "Solo las notas"),
    "note of itself": ({"fiscal_number": "E340000000001", "modified_fiscal_number": "E340000000001"}, "modified_fiscal_number", "a sí mismo"),
    "wrong modified NCF": ({"fiscal_number": "E340000000001", "modified_fiscal_number": "E31"}, "modified_fiscal_number", "no es válido"),
    "no income type": ({"income_type": None}, "income_type", "Falta"),
    "unknown income type": ({"income_type": "1"}, "income_type", "no es un código"),
    "day before the month": ({"issued_on": date(2026, 9, 30)}, "issued_on", "no es de octubre de 2026"),
    "day after the month": ({"issued_on": date(2026, 11, 1)}, "issued_on", "no es de octubre de 2026"),
    "no date": ({"issued_on": None}, "issued_on", "Falta"),
    "withheld without date": ({"itbis_withheld_amount": Decimal(1)}, "withheld_on", "falta la fecha"),
    "date without withholding": ({"withheld_on": date(2026, 10, 9)}, "withheld_on", "ningún monto"),
    "withheld before the document": ({"withheld_on": date(2026, 10, 1), "isr_withheld_amount": Decimal(1)}, "withheld_on", "anterior"),
    "payments a cent short": ({"credit_amount": Decimal("1234.49")}, "cash_amount", "difieren en -RD$ 0.01"),
    "payments without the taxes": ({"itbis_billed_amount": Decimal(10)}, "cash_amount", "difieren"),
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_a_correct_document_has_no_fault(changes: dict) -> None:
    assert list(rules.check(record(**changes), MONTH, SPEC)) == []


@pytest.mark.parametrize(("changes", "field", "reason"), BAD.values(), ids=BAD)
def test_a_wrong_document_is_refused_and_the_field_named(changes: dict, field: str, reason: str) -> None:
    faults = list(rules.check(record(**changes), MONTH, SPEC))
    assert [fault.field for fault in faults] == [field]
    assert reason in faults[0].reason and faults[0].fix


def test_each_document_goes_to_one_place_and_a_repeated_ncf_only_once() -> None:
    rows = [(1, record()), (2, record(fiscal_number="E310000000002")), (3, record()), (4, record(customer_id="1|2"))]
    chosen = selection.select(rows, MONTH, SPEC)
    assert [item["fiscal_number"] for item in chosen.declared] == ["E310000000001", "E310000000002"]
    assert [item.line_number for item in chosen.rejected] == [3, 4]
    assert "ya está en la línea 1" in chosen.rejected[0].errors[0].reason


HEAD = "607|430000019|202610|1"
LINE = f"{RNC}|1|E310000000001||01|20261005||1234.50||||||||||||1234.50|||"
FILES = {
    "month 13": (f"{HEAD}\r\n{LINE}\r\n".replace("202610|", "202613|"), "Línea 1, campo 3 (Período)"),
    "RNC with dashes": (f"{HEAD}\r\n{LINE}\r\n".replace("430000019", "4-30-00001-9"), "Línea 1, campo 2 (RNC del declarante)"),
    "wrong count": (f"{HEAD}\r\n{LINE}\r\n{LINE.replace('001|', '002|', 1)}\r\n", "Línea 1, campo 4"),
    "other format": (f"606{HEAD[3:]}\r\n{LINE}\r\n", "Línea 1, campo 1"),
    "short header": (f"607|430000019\r\n{LINE}\r\n", "Línea 1: El encabezado tiene 2 campos"),
    "LF only": (f"{HEAD}\n{LINE}\n", "Línea 1: La línea no termina en CRLF"),
    "BOM": (f"\ufeff{HEAD}\r\n{LINE}\r\n", "Línea 1: El archivo empieza con una marca BOM"),
    "accent": (f"{HEAD}\r\n{LINE.replace(RNC, 'PEÑA')}\r\n", "Línea 2: El carácter 3 de la línea no es ASCII"),
    "trailing pipe": (f"{HEAD}\r\n{LINE}|\r\n", "Línea 2: La línea tiene 24 campos"),
    "wrong date": (f"{HEAD}\r\n{LINE.replace('20261005', '20261305')}\r\n", "Línea 2, campo 6 (Fecha del comprobante)"),
    "comma": (f"{HEAD}\r\n{LINE.replace('|1234.50', '|1,234.50', 1)}\r\n", "Línea 2, campo 8 (Monto facturado sin impuestos)"),
    "payments do not add up": (f"{HEAD}\r\n{LINE[:-10]}1234.51|||\r\n", "Línea 2, campo 17 (Efectivo)"),
    "repeated": (f"607|430000019|202610|2\r\n{LINE}\r\n{LINE}\r\n", "Línea 3, campo 3"),
    "blank line at the end": (f"{HEAD}\r\n{LINE}\r\n\r\n", "Línea 1, campo 4"),
    "nothing": ("", "Archivo: El archivo está vacío"),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_the_validator_names_line_and_field(text: str, message: str) -> None:
    found = [str(item) for item in validator.validate(text.encode())]
    assert any(item.startswith(message) for item in found), found


def test_the_validator_accepts_a_correct_file_and_only_under_its_own_name() -> None:
    content = f"{HEAD}\r\n{LINE}\r\n".encode()
    assert validator.validate(content, "DGII_F_607_430000019_202610.TXT") == []
    assert "debe llamarse" in str(validator.validate(content, "607.txt")[0])
    assert validator.validate(b"607|430000019|202610|0\r\n") == []
