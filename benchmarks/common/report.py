"""The figures of a section: kept as JSON under `build-artifacts/<benchmark>/<size>/`, judged, and shown as tables or Markdown."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil
from rich.console import Console
from rich.table import Table

from caudal.settings import ROOT


@dataclass(frozen=True)
class Verdict:
    """A target and what was measured against it. Not `judged`: shown only, the size being too small or nothing having been promised."""

    target: str
    value: float
    sense: Literal["≥", "≤"]
    limit: float
    judged: bool = True
    unit: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.sense == "≥" else self.value <= self.limit


@dataclass(frozen=True)
class Sheet:
    """One table of a section: a title, column names and rows of text or numbers. A note says how to read it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""


@dataclass
class Section:
    """What one section measured. `raw` holds every single figure."""

    name: str
    size: str
    sheets: list[Sheet] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)
    of: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a judged target was missed."""
        return any(v.judged and not v.met for v in self.verdicts)


@dataclass(frozen=True)
class Shelf:
    """Where a benchmark keeps its figures, and the folders of code that they depend on."""

    name: str
    measured: tuple[str, ...]

    def path(self, size: str, section: str) -> Path:
        """The file of a section."""
        return ROOT / "build-artifacts" / self.name / size / f"{section}.json"

    def save(self, section: Section) -> Path:
        """Write it, with the machine and a fingerprint of the code."""
        section.of = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "code": self.fingerprint(), "cpus": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9), "python": platform.python_version(), "system": platform.platform(),
            "load_average": os.getloadavg(),
        }
        path = self.path(section.size, section.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(section), indent=1, ensure_ascii=False, default=str) + "\n")
        draft.rename(path)
        return path

    def saved(self, name: str, size: str) -> Section | None:
        """The section as it was measured last; None when it was not."""
        path = self.path(size, name)
        if not path.exists():
            return None
        data = json.loads(path.read_text())
        return Section(data["name"], data["size"], [Sheet(**s) for s in data["sheets"]], [Verdict(**v) for v in data["verdicts"]],
                       data["raw"], data["of"])

    def is_current(self, section: Section | None) -> bool:
        """Whether it was measured with the code as it is now."""
        return section is not None and section.of["code"] == self.fingerprint()

    def fingerprint(self) -> str:
        """A hash of the code that is measured and that measures."""
        digest = hashlib.sha256()
        for folder in (*self.measured, "benchmarks/common"):
            for path in sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".sql", ".yml")):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]


def show(sections: Iterable[Section], console: Console) -> bool:
    """Print tables and verdicts. Returns whether every judged target was met."""
    sections = list(sections)
    for section in sections:
        for sheet in section.sheets:
            table = Table(title=f"{sheet.title} · {section.size}", caption=sheet.note or None, title_justify="left", caption_justify="left")
            for i, name in enumerate(sheet.columns):
                table.add_column(name, justify="right" if i else "left")
            for row in sheet.rows:
                table.add_row(*map(_text, row))
            console.print(table)
    verdicts = [(section, verdict) for section in sections for verdict in section.verdicts]
    if verdicts:
        table = Table(title="Targets", title_justify="left")
        for name in ("section", "target", "measured", "limit", "verdict"):
            table.add_column(name, justify="right" if name in ("measured", "limit") else "left")
        for section, v in verdicts:
            word = ("met" if v.met else "MISSED") + ("" if v.judged else " (not judged)")
            table.add_row(f"{section.name} · {section.size}", v.target, f"{_text(v.value)} {v.unit}".strip(), f"{v.sense} {_text(v.limit)} {v.unit}".strip(), word,
                          style=None if v.met else "red" if v.judged else "yellow")
        console.print(table)
    return not any(section.failed for section in sections)


def markdown(sections: Iterable[Section]) -> str:
    """The same as Markdown, for the README."""
    out = []
    for section in sections:
        for sheet in section.sheets:
            out += [f"**{sheet.title}** ({section.size})", "", _line(sheet.columns), _line(["---"] + ["---:"] * (len(sheet.columns) - 1))]
            out += [_line(map(_text, row)) for row in sheet.rows] + ([""] + [sheet.note] if sheet.note else []) + [""]
        for v in section.verdicts:
            out.append(f"- {v.target}: {_text(v.value)} {v.unit} ({v.sense} {_text(v.limit)}): {'met' if v.met else 'missed'}{'' if v.judged else ', not judged'}")
        out.append("")
    return "\n".join(out)


def _line(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) < 0.1 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
