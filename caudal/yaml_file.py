"""A YAML file with line numbers, so that every complaint about it can say where: `file:line`. Keys given twice are refused.

    file = YamlFile(path)               # raises BadYaml
    file.data["entities"]["sector"]     # plain Python values
    file.at("entities", "sector")       # '…/demo.yml:14'
    file.mistakes(error)                # ['…/demo.yml:14: entities.sector: Field required', …] of a pydantic error
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where PyYAML was built with it: eight times quicker


class BadYaml(ValueError):
    """The file cannot be read as YAML; the message (Spanish) starts with `file:line:`."""


class YamlFile:
    """One file: `data`, and the line of anything in it. Raises BadYaml when it cannot be read or says a key twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            loader = LOADER(path.read_text(encoding="utf-8"))
            self._root = loader.get_single_node()
            self.data: Any = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise BadYaml(f"{path}:{mark.line + 1 if mark else 1}: YAML mal escrito: {error.problem}") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise BadYaml(f"{path}: no se puede leer: {error}") from None
        self._refuse_repeated_keys(self._root)

    def line(self, *location: str | int) -> int:
        """Line (from 1) of what is at `location` (keys and positions), or of the nearest thing around it that is written."""
        return self._line(location)

    def at(self, *location: str | int) -> str:
        """`file:line` of what is at `location`."""
        return f"{self.path}:{self._line(location)}"

    def said(self, location: Sequence[str | int], message: str, whole: str = "el archivo") -> str:
        """`file:line: field: message`, the way every complaint about a file of ours reads; `whole` is what the field is called at the root."""
        return f"{self.at(*location)}: {'.'.join(map(str, location)) or whole}: {message}"

    def mistakes(self, error: ValidationError, skip: int = 0, whole: str = "el archivo") -> list[str]:
        """What pydantic found wrong with `data`, one `said` each. `skip`: steps at the front of its locations that are no field (a union's tag)."""
        return [self.said(found["loc"][skip:], found["msg"], whole) for found in error.errors()]

    def _line(self, location: Sequence[str | int]) -> int:
        node, line = self._root, 1
        for step in location:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def _refuse_repeated_keys(self, node: yaml.Node | None) -> None:
        """YAML would keep the last one silently."""
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise BadYaml(f"{self.path}:{line}: {key.value!r} está dos veces (la primera en la línea {seen[key.value]}); deje una.")
                seen[key.value] = line
                self._refuse_repeated_keys(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self._refuse_repeated_keys(value)
