"""YAML with line numbers: for messages that say where a mistake is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from alerts.errors import RuleError

Location = tuple[str | int, ...]


def read(path: Path) -> tuple[Any, dict[Location, int]]:
    """The content of a YAML file and the line (from 1) of each field, by its path of keys and positions.

    Raises RuleError with file and line for bad syntax and for a key given twice (which YAML readers let pass, keeping the last).
    """
    text = path.read_text(encoding="utf-8")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Location, int] = {(): 1}
        if node is not None:
            _walk(node, (), lines, path)
        return yaml.safe_load(text), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RuleError(f"{path}:{mark.line + 1 if mark else 1}: not valid YAML: {error.problem}") from None


def line_of(location: Location, lines: dict[Location, int]) -> int:
    """The line of a field, or of the nearest thing around it that is written in the file (for a missing field)."""
    while location not in lines:
        location = location[:-1]
    return lines[location]


def _walk(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*location, key.value)
            if here in lines:
                raise RuleError(f"{path}:{key.start_mark.line + 1}: {'.'.join(map(str, here))}: given twice (first on line {lines[here]})")
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            lines[(*location, position)] = value.start_mark.line + 1
            _walk(value, (*location, position), lines, path)
