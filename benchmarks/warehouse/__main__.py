"""`python -m benchmarks.warehouse <what> --size 15000x60`: measure, judge, keep the figures; see README.md."""

from __future__ import annotations

import importlib
import time
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.common import report
from benchmarks.warehouse import lab
from benchmarks.warehouse.bench import Bench
from benchmarks.warehouse.sections import daily

SHELF = report.Shelf("warehouse", ("benchmarks/warehouse", "caudal", "dbt/models", "dbt/macros", "dbt/tests", "superset_assets", "demo/utility"))
SECTIONS = ("build", "daily", "history", "queries", "unbuilt", "parallel")

Size = Annotated[str, typer.Option(help="Contracts × months: 1500x12 … 150000x60. `history` takes the contracts only.")]
Rounds = Annotated[int, typer.Option(min=1, help="Days of work; the median counts.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_show_locals=False, help=(
    "The warehouse at reference scale. Example: python -m benchmarks.warehouse all --size 15000x60"))


def _run(names: tuple[str, ...], size: str, rounds: int, again: bool) -> None:
    console = Console()
    sections = []
    for name in names:
        found = SHELF.saved(name, str(lab.Size.of(size)))
        if SHELF.is_current(found) and not again:
            console.print(f"{name}: measured already with this code ({found.of['measured_at']}); --again measures it anew.")
        else:
            console.print(f"[bold]{name}[/bold] · {size}")
            try:
                found = importlib.import_module(f"benchmarks.warehouse.sections.{name}").measure(Bench(lab.Size.of(size), rounds, console))
            except lab.BuildFailed as error:  # what was measured before it is kept: the same command goes on from here
                console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
                raise typer.Exit(2) from None
            SHELF.save(found)
        sections.append(found)
    if not report.show(sections, console):
        raise typer.Exit(1)


@app.command("all")
def all_sections(size: Size = "1500x12", rounds: Rounds = 3,
                 again: Annotated[bool, typer.Option("--again", help="Measure also what was measured with this code.")] = False) -> None:
    """build, queries and daily of one size, those that this code has not been measured by; exit code 1 when a judged target is missed."""
    _run(("build", "queries", "daily"), size, rounds, again)


def _add(name: str) -> None:
    @app.command(name, help=importlib.import_module(f"benchmarks.warehouse.sections.{name}").__doc__)
    def one(size: Size = "1500x12", rounds: Rounds = 3) -> None:
        _run((name,), size, rounds, again=True)


for _name in SECTIONS:
    _add(_name)


@app.command("dataset")
def make_dataset(size: Size = "1500x12", day: Annotated[bool, typer.Option("--day", help="Write a day of work as well.")] = False) -> None:
    """Make the raw tables of a size (the sections do it themselves the first time)."""
    started, console = time.monotonic(), Console()
    with lab.opened(lab.Size.of(size), console.print) as opened:
        if day:
            console.print(daily.a_day(opened, round(opened.state()["rows"] * daily.SHARE), any_age=True))
        console.print(f"{size}: {opened.state()['rows']:,} rows, {opened.state()['raw_gb']:.2f} GB, {time.monotonic() - started:.0f} s")


@app.command("report")
def show_report(size: Size = "1500x12", markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for the README.")] = False) -> None:
    """What was measured last, section by section; exit code 1 when a judged target was missed."""
    sections = [found for name in SECTIONS if (found := SHELF.saved(name, str(lab.Size.of(size)))) is not None]
    if markdown:
        print(report.markdown(sections))
        return
    if not report.show(sections, Console()):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
