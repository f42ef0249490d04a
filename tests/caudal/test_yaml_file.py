"""YAML with line numbers: where things are, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from caudal.yaml_file import BadYaml, YamlFile

TEXT = """\
rules:
  - name: a
    limits: {low: 1}
  - name: b
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.yml"
    path.write_text(text)
    return path


def test_says_where_things_are(tmp_path: Path) -> None:
    file = YamlFile(written(tmp_path, TEXT))
    assert file.data["rules"][1] == {"name": "b"}
    assert [file.line(*where) for where in [(), ("rules",), ("rules", 0, "limits", "low"), ("rules", 1, "name")]] == [1, 1, 3, 4]
    assert file.at("rules", 1, "limits", "low") == f"{tmp_path}/x.yml:4"  # the nearest that is written


@pytest.mark.parametrize(("text", "message"), [
    ("a: 1\nb:\n  c: 1\n  c: 2\n", "x.yml:4: 'c' está dos veces (la primera en la línea 3)"),
    ("a: [1\n", "x.yml:2: YAML mal escrito"),
])
def test_refuses_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadYaml) as caught:
        YamlFile(written(tmp_path, text))
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadYaml, match="no se puede leer"):
        YamlFile(tmp_path / "none.yml")


class Limits(BaseModel):
    low: int


class Rule(BaseModel):
    name: str
    limits: Limits


def test_what_pydantic_finds_is_told_with_file_line_and_field(tmp_path: Path) -> None:
    file = YamlFile(written(tmp_path, "rules:\n  - name: a\n    limits:\n      low: bajo\n  - limits: {low: 1}\n"))
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, list[Rule]]).validate_python(file.data)
    first, second = file.mistakes(caught.value)
    assert first.startswith(f"{tmp_path}/x.yml:4: rules.0.limits.low: Input should be a valid integer")
    assert second == f"{tmp_path}/x.yml:5: rules.1.name: Field required"
    assert file.said((), "no sirve") == f"{tmp_path}/x.yml:1: el archivo: no sirve"
    assert file.mistakes(caught.value, skip=4, whole="regla")[1] == f"{tmp_path}/x.yml:1: regla: Field required"
