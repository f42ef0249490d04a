"""What DGII checks in a 607 line, in the words a clerk needs: what is wrong and what to do.

Sources: General Norm 07-2018 (fields), 06-2018 (types of NCF), python-stdnum (check digits); see layout.yml for what is to confirm.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from stdnum.do import cedula, ncf, rnc

from reports import period
from reports.dgii_607.layout import Layout
from reports.dgii_607.record import FieldError, Record
from reports.writers.numbers import money

RNC, CEDULA, OTHER = "1", "2", "3"
SHORT_OF_CEDULA = 10  # passports of digits only have nine at most; ten or more are a cédula mistyped
CUSTOMER = "Corrija la ficha del cliente en Odoo."


def document_type(fiscal_number: str | None) -> str:
    """`01`, `31`, …: the type of document an NCF or e-NCF carries in its second and third characters."""
    return (fiscal_number or "")[1:3]


def total(record: Record, layout: Layout) -> Decimal:
    """RD$ of the document, taxes included."""
    return sum((record[name] or Decimal(0) for name in layout.totals.of), Decimal(0))


def check(record: Record, month: date, layout: Layout) -> Iterator[FieldError]:
    """Everything wrong with a record of the file of `month` (its first day)."""
    yield from _codes(record, layout)
    yield from _identification(record, layout)
    yield from _fiscal_numbers(record, layout)
    yield from _dates(record, month, layout)
    yield from _payments(record, layout)


def _codes(record: Record, layout: Layout) -> Iterator[FieldError]:
    for field in layout.fields:
        value = record[field.name]
        if field.required and value in (None, ""):
            yield FieldError(field.name, f"Falta: {field.label_es}.", "Complételo en el comprobante, en Odoo.")
        elif field.values and value and value not in field.values:
            yield FieldError(field.name, f"«{value}» no es un código de {field.label_es.lower()}; los hay: {', '.join(field.values)}.")


def _identification(record: Record, layout: Layout) -> Iterator[FieldError]:
    number, kind = record["customer_id"] or "", record["customer_id_type"] or ""
    name = "customer_id"
    if not number:
        if kind in (RNC, CEDULA):
            yield FieldError(name, "Dice que tiene RNC o cédula y el número está vacío.", CUSTOMER)
        elif document_type(record["fiscal_number"]) not in layout.documents.identification_optional:
            yield FieldError(name, "Este tipo de comprobante exige el RNC o la cédula del cliente.", CUSTOMER)
        return
    if not kind:
        yield FieldError("customer_id_type", "Hay número de identificación y falta su tipo (1 RNC, 2 cédula, 3 pasaporte).", CUSTOMER)
    elif kind in (RNC, CEDULA):
        label, length, validator = ("RNC", 9, rnc) if kind == RNC else ("cédula", 11, cedula)
        if not (number.isascii() and number.isdigit()):
            yield FieldError(name, f"{_article(label)} «{number}» debe tener solo dígitos, sin guiones ni espacios.", CUSTOMER)
        elif len(number) != length:
            yield FieldError(name, f"{_article(label)} «{number}» tiene {len(number)} dígitos y deben ser {length}.", CUSTOMER)
        elif not validator.is_valid(number):
            what = "del RNC" if kind == RNC else "de la cédula"
            yield FieldError(name, f"El dígito verificador {what} «{number}» no cuadra.", f"Verifique el número con el cliente. {CUSTOMER}")
    elif kind == OTHER and number.isdigit() and len(number) >= SHORT_OF_CEDULA:
        yield FieldError(name, f"«{number}» está como pasaporte y parece una cédula de {len(number)} dígitos (son 11).", CUSTOMER)
    elif kind == OTHER and document_type(record["fiscal_number"]) in layout.documents.taxpayers_only:
        yield FieldError(name, f"Este tipo de comprobante exige RNC (9 dígitos) o cédula (11) y el cliente tiene «{number}».", CUSTOMER)


def _article(label: str) -> str:
    return f"El {label}" if label == "RNC" else f"La {label}"


def _fiscal_numbers(record: Record, layout: Layout) -> Iterator[FieldError]:
    number, modified = record["fiscal_number"] or "", record["modified_fiscal_number"] or ""
    kind = document_type(number)
    if number:
        if not _is_ncf(number):
            yield FieldError("fiscal_number", f"«{number}» no es un NCF (B, tipo y 8 dígitos) ni un e-NCF (E, tipo y 10 dígitos) válido.")
        elif kind not in layout.documents.sales:
            yield FieldError("fiscal_number", f"El NCF «{number}» es de tipo {kind}, que no es de ventas y no va en el 607.")
    if modified and not _is_ncf(modified):
        yield FieldError("modified_fiscal_number", f"El NCF modificado «{modified}» no es válido.")
    if kind in layout.documents.modifying and not modified:
        yield FieldError("modified_fiscal_number", "Una nota de crédito o débito debe decir qué NCF modifica.", "Complételo en la nota, en Odoo.")
    if kind in layout.documents.sales and kind not in layout.documents.modifying and modified:
        yield FieldError("modified_fiscal_number", f"Solo las notas de crédito y débito modifican otro NCF; este comprobante es de tipo {kind}.")
    if modified and modified == number:
        yield FieldError("modified_fiscal_number", "El comprobante dice modificarse a sí mismo.")


def _is_ncf(number: str) -> bool:
    # stdnum strips blanks and accepts lower case and the 19-character numbers retired in 2018; the file may hold none of them
    return number.isascii() and number == number.strip().upper() and len(number) in (11, 13) and ncf.is_valid(number)


def _dates(record: Record, month: date, layout: Layout) -> Iterator[FieldError]:
    document, withheld = record["issued_on"], record["withheld_on"]
    amounts = [record[name] or Decimal(0) for name in layout.withheld]
    if document and not month <= document <= period.end_of(month):
        yield FieldError("issued_on", f"La fecha {document:%d/%m/%Y} no es de {period.name(month)}.")
    if any(amounts) and not withheld:
        yield FieldError("withheld_on", "Hay montos retenidos y falta la fecha de retención.")
    if withheld and not any(amounts):
        yield FieldError("withheld_on", "Hay fecha de retención y ningún monto retenido.")
    if withheld and document and withheld < document:
        yield FieldError("withheld_on", f"La retención ({withheld:%d/%m/%Y}) es anterior al comprobante ({document:%d/%m/%Y}).")


def _payments(record: Record, layout: Layout) -> Iterator[FieldError]:
    due = total(record, layout)
    paid = sum((record[name] or Decimal(0) for name in layout.totals.paid_by), Decimal(0))
    if paid != due:
        yield FieldError(
            layout.totals.paid_by[0],
            f"Las formas de pago suman {money(paid)} y el total con impuestos es {money(due)}: difieren en {money(paid - due)}.",
            "Revise los pagos aplicados al comprobante, en Odoo.",
        )
