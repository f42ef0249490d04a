"""The mapping file: complete for the demo site, and every mistake in it is told with file, line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.contract import FieldInfo, MappingError
from sources.odoo import mapping

GOOD = """\
site: prueba
common:
  id: id
  write_date: datetime
entities:
  payment:
    model: account.payment
    amount: amount
    columns:
      amount: money
      contract_id: {type: many2one, field: x_contract_id}
"""


def load(tmp_path: Path, text: str) -> list:
    path = tmp_path / "prueba.yml"
    path.write_text(text)
    return mapping.load(path)


def test_a_good_mapping(tmp_path: Path) -> None:
    entity = load(tmp_path, GOOD)[0]
    assert (entity.name, entity.model, entity.table) == ("payment", "account.payment", "odoo_payment")
    assert (entity.amount, entity.change) == ("amount", "write_date")
    assert [(c.name, c.type, c.source, c.line) for c in entity.columns] == [
        ("id", "id", "id", 3), ("write_date", "datetime", "write_date", 4), ("amount", "money", "amount", 10),
        ("contract_id", "many2one", "x_contract_id", 11)]


def test_the_demo_site_maps_every_entity_of_the_architecture() -> None:
    names = {e.name for e in mapping.load(mapping.path_of("demo"))}
    text = (mapping.FOLDER.parents[2] / "docs" / "architecture.md").read_text()
    listed = text.split("Entities:")[1].split(".\n")[0]
    expected = {part.split("(")[0].strip() for part in listed.replace("\n", " ").split(",")}
    assert names == expected


@pytest.mark.parametrize(("change", "line", "words"), [
    (("amount: money", "amount: dinero"), 10, "dinero"),
    (("amount: money", "amount: money\n      amount: text"), 11, "dos veces"),
    (("model: account.payment\n", "modelo: account.payment\n"), 6, "model"),
    (("    amount: amount\n", "    amount: total\n"), 8, "money"),
    (("    amount: amount\n", "    change: amount\n"), 8, "datetime"),
    (("    amount: amount\n", "    deletes: borrar\n"), 8, "tombstone"),
    (("type: many2one,", "tipo: many2one,"), 11, "type"),
    (("x_contract_id}", "x contract}"), 11, "patrón"),
    (("  id: id\n", ""), 8, "tipo id"),
    (("      amount: money", "      Amount: money"), 9, "Amount"),
    (("site: prueba\n", ""), 1, "site"),
    (("common:", "common: ["), 4, "YAML"),
])
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, change: tuple[str, str], line: int, words: str) -> None:
    text = GOOD.replace(*change)
    assert text != GOOD
    with pytest.raises(MappingError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'prueba.yml'}:{line}: "), message
    assert words in message, message


def test_an_unknown_site_or_entity_names_those_there_are() -> None:
    with pytest.raises(MappingError, match="demo"):
        mapping.path_of("marte")
    with pytest.raises(MappingError, match="account_move"):
        mapping.select(mapping.load(mapping.path_of("demo")), ["facturas"])


@pytest.mark.parametrize(("fields", "words"), [
    ({"amount": "monetary", "write_date": "datetime"}, "x_contract_id"),
    ({"amount": "char", "write_date": "datetime", "x_contract_id": "many2one"}, "es char"),
])
def test_the_mapping_against_fields_get(tmp_path: Path, fields: dict[str, str], words: str) -> None:
    entity = load(tmp_path, GOOD)[0]
    found = {"id": FieldInfo("integer"), **{name: FieldInfo(kind) for name, kind in fields.items()}}
    with pytest.raises(MappingError, match=words):
        mapping.check(entity, found)


def test_a_computed_change_column_is_refused(tmp_path: Path) -> None:
    entity = load(tmp_path, GOOD)[0]
    fields = {"id": FieldInfo("integer"), "amount": FieldInfo("monetary"), "x_contract_id": FieldInfo("many2one")}
    mapping.check(entity, {**fields, "write_date": FieldInfo("datetime")})
    with pytest.raises(MappingError, match="calculado"):
        mapping.check(entity, {**fields, "write_date": FieldInfo("datetime", stored=False)})
