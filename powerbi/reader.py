"""TMDL text → objects, as far as the lint needs them: kind, name, expression, properties, children, line numbers.

TMDL is indented by tabs. An object line is `kind name`, `kind name = expression` or `kind name =` with the expression's block two levels deeper;
a property is `name: value`; a bare word is a flag; `///` lines describe the object that follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_OBJECT = re.compile(
    r"(?P<ref>ref )?(?P<kind>table|column|measure|partition|relationship|expression|role|model|database|cultureInfo|annotation|tablePermission)"
    r"(?: (?P<name>'(?:[^']|'')*'|[^\s=']+))?(?: (?P<equals>=)(?: ?(?P<expression>.*))?)?$"
)
_PROPERTY = re.compile(r"(?P<name>[A-Za-z]\w*):(?: (?P<value>.*))?$")


class TmdlError(Exception):
    """A line that is no TMDL; the message names file and line."""


@dataclass
class Node:
    """One object of a TMDL file."""

    kind: str
    name: str
    file: str
    line: int
    expression: str = ""
    description: str = ""
    is_ref: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def of(self, kind: str) -> list[Node]:
        return [c for c in self.children if c.kind == kind]


def unquoted(name: str) -> str:
    return name[1:-1].replace("''", "'") if name.startswith("'") else name


def split_path(path: str) -> tuple[str, str]:
    """`'Table name'.column` → both names."""
    match = re.fullmatch(r"('(?:[^']|'')*'|[^.']+)\.('(?:[^']|'')*'|[^']+)", path.strip())
    if not match:
        raise TmdlError(f"{path!r} is no table.column")
    return unquoted(match[1]), unquoted(match[2])


def parse(text: str, file: str) -> list[Node]:
    """The top objects of one file. Raises TmdlError naming file and line."""
    top: list[Node] = []
    stack: list[tuple[int, Node]] = []
    described: list[str] = []
    lines = text.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip("\t"))
        content = line.strip()
        if content.startswith("///"):
            described.append(content[3:].strip())
            continue
        while stack and stack[-1][0] >= depth:
            stack.pop()
        parent = stack[-1][1] if stack else None
        found = _OBJECT.match(content)
        prop = _PROPERTY.match(content)
        block = ""
        if (found and found["equals"] and not found["expression"]) or (content.endswith(" =") and not found):
            start = i
            while i < len(lines) and (not lines[i].strip() or lines[i].startswith("\t" * (depth + 2))):
                i += 1
            block = "\n".join(x[depth + 2:] for x in lines[start:i]).strip("\n")
        if found and not prop:
            node = Node(
                kind=found["kind"], name=unquoted(found["name"] or ""), file=file, line=i if not block else start, is_ref=bool(found["ref"]),
                expression=block or found["expression"] or "", description=" ".join(described),
            )
            (parent.children if parent else top).append(node)
            stack.append((depth, node))
        elif parent is None:
            raise TmdlError(f"{file}, line {i}: {content!r} belongs to no object")
        elif prop:
            parent.properties[prop["name"]] = prop["value"] or ""
        elif content.endswith(" ="):
            parent.properties[content[:-2]] = block
        elif re.fullmatch(r"[A-Za-z]\w*", content):
            parent.properties[content] = "true"
        else:
            raise TmdlError(f"{file}, line {i}: {content!r} is no TMDL this reader knows")
        described = []
    return top
