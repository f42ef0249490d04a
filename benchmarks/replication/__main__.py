"""`python -m benchmarks.replication <what> --size reference`: measure, judge, keep the figures; see README.md."""

from __future__ import annotations

import importlib
import time
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.common import report
from benchmarks.replication import dataset, lab
from benchmarks.replication.bench import Bench
from benchmarks.replication.job import WorkFailed

SHELF = report.Shelf("replication", ("sources", "benchmarks/replication", "demo/odoo", "caudal/sql"))
SECTIONS = {"first-load": "first_load", "incremental": "incremental", "growth": "growth", "rivals": "rivals", "rpc": "rpc"}

Size = Annotated[str, typer.Option(help=f"Lines of the source: {', '.join(dataset.NAMED)}, or a number such as 3e5.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds of each comparison; the median counts.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False, help=(
    "Replication measured as ratios within one run. Example: python -m benchmarks.replication all --size reference"))


def _run(names: list[str], size: str, rounds: int, again: bool) -> None:
    console = Console()
    lines = dataset.lines_of(size)
    sections = []
    with lab.opened() as servers:
        for name in names:
            found = SHELF.saved(name, size)
            if SHELF.is_current(found) and not again:
                console.print(f"{name}: measured already with this code ({found.of['measured_at']}); --again measures it anew.")
            else:
                bench = Bench(servers, size, lines, rounds, console)
                try:
                    with bench.shown(name):
                        found = importlib.import_module(f"benchmarks.replication.sections.{SECTIONS[name]}").measure(bench)
                except WorkFailed as error:  # what was measured before it is kept: the same command goes on from here
                    console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
                    raise typer.Exit(2) from None
                SHELF.save(found)
            sections.append(found)
    if not report.show(sections, console):
        raise typer.Exit(1)


@app.command("all")
def all_sections(size: Size = "small", rounds: Rounds = 3,
                 again: Annotated[bool, typer.Option("--again", help="Measure also what was measured with this code.")] = False) -> None:
    """Every section that this code has not been measured by yet; exit code 1 when a judged target is missed."""
    _run(list(SECTIONS), size, rounds, again)


def _add(name: str, module: str) -> None:
    @app.command(name, help=importlib.import_module(f"benchmarks.replication.sections.{module}").__doc__)
    def one(size: Size = "small", rounds: Rounds = 3) -> None:
        _run([name], size, rounds, again=True)


for _name, _module in SECTIONS.items():
    _add(_name, _module)


@app.command("dataset")
def make_dataset(size: Size = "small") -> None:
    """Make the source database of a size (the sections do it themselves the first time)."""
    started = time.monotonic()
    with lab.opened() as servers:
        name = servers.reference(dataset.lines_of(size))
    Console().print(f"{name}: {time.monotonic() - started:.0f} s")


@app.command("report")
def show_report(size: Size = "small", markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for the README.")] = False) -> None:
    """What was measured last, section by section; exit code 1 when a judged target was missed."""
    sections = [found for name in SECTIONS if (found := SHELF.saved(name, size)) is not None]
    if markdown:
        print(report.markdown(sections))
        return
    if not report.show(sections, Console()):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
