"""`caudal powerbi`: generate and check the PBIP project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from caudal.semantic import SemanticError

app = typer.Typer(no_args_is_help=True, help="El proyecto de Power BI (PBIP). Ejemplo: caudal powerbi generate && caudal powerbi check")


def _default() -> Path:
    from caudal.settings import settings

    return Path(settings().home) / "powerbi" / "Caudal"


@app.command()
def generate(target: Annotated[Path | None, typer.Argument(help="Carpeta del proyecto (por omisión <home>/powerbi/Caudal)")] = None) -> None:
    """Escribe el proyecto PBIP desde los contratos de dbt y la capa semántica. Ejemplo: caudal powerbi generate"""
    import powerbi
    from powerbi.design import DesignError

    try:
        folder = powerbi.generate(target)
    except (DesignError, SemanticError, FileNotFoundError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Escrito: {folder}. Ábralo con Power BI Desktop (el archivo .pbip) y ponga los parámetros Servidor y BaseDatos.")


@app.command()
def check(folder: Annotated[Path | None, typer.Argument(help="Carpeta del proyecto (por omisión <home>/powerbi/Caudal)")] = None) -> None:
    """Revisa un proyecto PBIP: referencias, contratos, relaciones, página. Ejemplo: caudal powerbi check"""
    from powerbi.lint import check as run

    try:
        problems = run(folder or _default())
    except (FileNotFoundError, json.JSONDecodeError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        typer.echo(f"{len(problems)} problema(s).", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder or _default()}: sin problemas.")
