"""A YAML file with new content and as few changed lines as can be: comments, order and the form of each part that stays are kept.

Works on top-level keys, and on the items of lists and mappings one level below them: a part whose value is the same keeps its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

WIDTH = 150


class _Dumper(yaml.SafeDumper):
    """Block style outside; what fits in a line, in a line; texts of several lines as they are read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def rewrite(old: str, content: Mapping[str, Any]) -> str:
    """`old` with the values of `content`. Keys that are not in `content` go, new ones come last."""
    sections = _sections(old)
    known = yaml.safe_load(old) or {}
    out = [sections.pop("", "")]
    for key, text in sections.items():
        if key not in content:
            continue
        out.append(text if known[key] == content[key] else _section(key, known[key], content[key], text))
    new = [_dump({key: value}) for key, value in content.items() if key not in known]
    return "".join([*out, *new])


def _sections(text: str) -> dict[str, str]:
    """Top-level key → its lines, comments over it included; "" → what stands before the first."""
    node = yaml.compose(text)
    if node is None:
        return {"": text}
    lines = text.splitlines(keepends=True)
    starts = []
    for key, _ in node.value:
        start = key.start_mark.line
        while starts and start > 0 and lines[start - 1].lstrip().startswith("#"):
            start -= 1  # its own comment; the first key's belongs to the file
        starts.append((key.value, start))
    found = {"": "".join(lines[: starts[0][1]])}
    ends = [start for _, start in starts[1:]] + [len(lines)]
    return found | {key: "".join(lines[start:end]) for (key, start), end in zip(starts, ends, strict=True)}


def _section(key: str, old: Any, new: Any, text: str) -> str:
    """One top-level key with a new value; the items that stay keep their lines."""
    comment = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    pieces = _items(text[len(comment):], old)
    if pieces is None or not isinstance(new, type(old)) or not new:
        return comment + _dump({key: new})
    head = text[len(comment):].splitlines(keepends=True)[0]
    if isinstance(new, dict):
        body = [pieces[k] if k in pieces and old[k] == v else _indent(_dump({k: v})) for k, v in new.items()]
    else:
        spare = [(value, pieces[i]) for i, value in enumerate(old)]
        body = []
        for value in new:
            same = next((i for i, (was, _) in enumerate(spare) if was == value), None)
            body.append(spare.pop(same)[1] if same is not None else _indent(_dump([value])))
    return comment + head + "".join(body)


def _items(text: str, value: Any) -> dict[Any, str] | None:
    """Key or index → its lines, of a block mapping or sequence. None: written in one line, or a plain value."""
    node = yaml.compose(text).value[0][1]
    if not isinstance(value, (dict, list)) or getattr(node, "flow_style", True):
        return None
    lines = text.splitlines(keepends=True)
    first = [item[0].start_mark.line if isinstance(item, tuple) else item.start_mark.line for item in node.value]
    starts = []
    for line in first:
        while line - 1 > 0 and lines[line - 1].lstrip().startswith("#"):
            line -= 1
        starts.append(line)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    ends = [*starts[1:], len(lines)]
    return {key: "".join(lines[a:b]) for key, a, b in zip(keys, starts, ends, strict=True)}


def _indent(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _dump(value: Any) -> str:
    """Block style, where what is innermost and short stands in one line, as people write it here."""
    return yaml.dump(_styled(value, 0), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH, default_flow_style=False)


class _Flow(dict):
    pass


class _FlowList(list):
    pass


_Dumper.add_representer(_Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True))
_Dumper.add_representer(_FlowList, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True))


def _styled(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        if depth and _short(value):
            return _Flow(value)
        return {k: _styled(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return _FlowList(value) if depth and _short(value) else [_styled(v, depth) for v in value]
    return value


def _short(value: Any) -> bool:
    """Fits in a line and holds no text of several lines."""
    return len(repr(value)) < WIDTH - 30 and not _many_lines(value) and _depth(value) <= 2


def _many_lines(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(_many_lines(item) for item in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and "\n" in value


def _depth(value: Any) -> int:
    if isinstance(value, (dict, list)):
        return 1 + max((_depth(item) for item in (value.values() if isinstance(value, dict) else value)), default=0)
    return 0
