"""The rules that ship fit the metrics; a wrong rule is told by file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts import rulebook
from alerts.errors import RuleError
from alerts.settings import FOLDER, AlertSettings
from caudal.semantic import load

CONTACTS = {"cobros": ["cobros@caudal.example"]}
GOOD = """\
name: prueba
title_es: Prueba de regla
metric: collection_efficiency
slices:
  - [sector_name]
minimum: {metric: billed_amount, value: 1000}
figures: [collected_amount]
owner: Gerencia
recipients: [cobros]
action_es: Llamar a cobros.
"""


def write(folder: Path, text: str) -> list[rulebook.RuleFile]:
    (folder / "prueba.yml").write_text(text)
    return rulebook.load(folder, CONTACTS)


def test_the_rules_that_ship_fit_the_metrics(alerts_home):
    files = rulebook.load(FOLDER / "rules", AlertSettings().contacts)
    rulebook.check(files, load(alerts_home / "manifest"))
    assert {"eficiencia_cobranza", "morosidad_sector", "consumo_estimado", "datos_desactualizados"} <= {f.rule.name for f in files}


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("owner: Gerencia", "owner: Gerencia\ncolour: red", "prueba.yml:9: colour: Extra inputs are not permitted"),
    ("owner: Gerencia\n", "", "prueba.yml:1: owner: Field required"),
    ("value: 1000", "value: mil", "prueba.yml:6: minimum.value: Input should be a valid decimal"),
    ("title_es: Prueba de regla", "title_es: Prueba de regla\nseverity: {warn: grave}", "prueba.yml:3: severity.warn: Input should be 'baja'"),
    ("owner: Gerencia", "title_es: Otra", "prueba.yml:8: 'title_es' está dos veces (la primera en la línea 2)"),
    ("[cobros]", "[cobros, tesoreria]", "prueba.yml:9: recipients.1: 'tesoreria' is neither an e-mail address nor a group"),
    ("name: prueba", "name: otra", "prueba.yml:1: name: must be 'prueba'"),
    ("  - [sector_name]", "  - [sector_name", "YAML mal escrito"),
    ("name: prueba", "name: prueba\nkind: clima", "prueba.yml:1: rule: Input tag 'clima' found using 'kind' does not match"),
])
def test_a_wrong_field_is_told_by_file_and_line(tmp_path, old, new, expected):
    assert write(tmp_path, GOOD)[0].rule.metric == "collection_efficiency"
    assert old in GOOD
    with pytest.raises(RuleError) as error:
        write(tmp_path, GOOD.replace(old, new))
    assert expected in str(error.value)


@pytest.mark.parametrize(("old", "new", "expected"), [
    ("metric: collection_efficiency", "metric: eficiencia", "prueba.yml:3: metric: there is no metric 'eficiencia'"),
    ("[sector_name]", "[sector_name, barrio]", "prueba.yml:5: slices.0.1: 'barrio' is no dimension of 'collection_efficiency'"),
    ("[collected_amount]", "[collected_amount, receivable_by_age]", "prueba.yml:7: figures.1: 'receivable_by_age' is not of the same mart"),
    ("owner: Gerencia", "thresholds: {critical: 0.9}\nowner: Gerencia", "prueba.yml:8: thresholds: critical (0.9) must lie beyond warn (0.85)"),
    ("metric: collection_efficiency", "metric: collected_amount", "prueba.yml:1: thresholds: neither the rule nor the metric"),
])
def test_what_the_semantic_layer_does_not_back_is_told_too(tmp_path, alerts_home, old, new, expected):
    files = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(RuleError) as error:
        rulebook.check(files, load(alerts_home / "manifest"))
    assert expected in str(error.value)


def test_every_mistake_of_every_file_is_listed(tmp_path):
    (tmp_path / "otra.yml").write_text("name: otra\n")
    with pytest.raises(RuleError) as error:
        write(tmp_path, GOOD.replace("value: 1000", "value: mil"))
    assert "otra.yml:1: metric" in str(error.value)
    assert "prueba.yml:6" in str(error.value)


def test_no_rules_at_all_is_a_mistake(tmp_path):
    with pytest.raises(RuleError, match="there is no rule"):
        rulebook.load(tmp_path, CONTACTS)
