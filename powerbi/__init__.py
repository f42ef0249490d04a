"""Power BI as files: `generate(target)` writes the PBIP project, `lint.check(folder)` reads it back and says what is wrong."""

from __future__ import annotations

from pathlib import Path


def generate(target: Path | None = None, manifest: Path | None = None) -> Path:
    """Write the PBIP project into the folder `target` (default `<home>/powerbi/Caudal`); return it.

    `manifest`: folder of dbt's manifest.json and semantic_manifest.json (default: the last build's). Raises DesignError when model.yml or page.yml
    ask for what the marts do not have, UntranslatableMetric when a metric has no exact DAX.
    """
    from .project import generate as run

    return run(target, manifest)


__all__ = ["generate"]
