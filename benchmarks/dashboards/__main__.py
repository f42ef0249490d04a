"""`python -m benchmarks.dashboards <what>`: measure the dashboards published in this home, judge, keep the figures; see README.md."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.common import report
from benchmarks.common.report import Section
from benchmarks.dashboards import charts, memory, unmodelled, viewers
from benchmarks.dashboards.lab import Lab, save
from caudal.settings import settings
from superset_assets.client import Client
from superset_assets.context import load

SECTIONS: dict[str, Callable[[Lab], Section]] = {
    "charts": charts.measure,
    "viewers": viewers.measure,
    "unmodelled": unmodelled.measure,
    "memory": lambda lab: memory.measure(settings().home, lab.size),
}

Rounds = Annotated[int, typer.Option(min=1, help="How often each chart is asked, cold and cached.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="As Markdown, for the README.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False, help=(
    "The dashboards of this home (Superset running, published). Example: python -m benchmarks.dashboards all"))


def _run(names: list[str], rounds: int, markdown: bool) -> None:
    console = Console()
    lab = Lab(Client(), load(), rounds, os.getloadavg()[0])
    sections = []
    for name in names:
        with console.status(f"{name} · {lab.size}"):
            sections.append(SECTIONS[name](lab))
        save(sections[-1])
    good = report.show(sections, console)
    if markdown:
        print(report.markdown(sections))
    if not good:
        raise typer.Exit(1)


@app.command("all")
def all_sections(rounds: Rounds = 5, markdown: Markdown = False) -> None:
    """Everything; exit code 1 when a judged target is missed."""
    _run(list(SECTIONS), rounds, markdown)


def _add(name: str, text: str | None) -> None:
    @app.command(name, help=text)
    def one(rounds: Rounds = 5, markdown: Markdown = False) -> None:
        _run([name], rounds, markdown)


for _module in (charts, viewers, unmodelled, memory):
    _add(_module.__name__.rsplit(".", 1)[-1], _module.__doc__)


if __name__ == "__main__":
    app()
