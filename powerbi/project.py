"""Writes the PBIP project: `<target>/<name>.pbip`, `<name>.SemanticModel/`, `<name>.Report/`. Byte-reproducible."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from . import pbir, tmdl
from .design import Design, DesignError, read, tag

FABRIC = "https://developer.microsoft.com/json-schemas/fabric"


def generate(target: Path | None = None, manifest: Path | None = None) -> Path:
    """See `powerbi.generate`. The folder is replaced whole, and only when all of it could be written."""
    from caudal.settings import settings

    target = Path(target) if target else Path(settings().home) / "powerbi" / "Caudal"
    design = read(manifest)
    if target.exists() and any(target.iterdir()) and not (target / f"{design.name}.pbip").exists():
        raise DesignError(f"{target} is not empty and holds no {design.name}.pbip: choose another folder, or empty it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as draft:
        for path, text in files(design).items():
            file = Path(draft) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8"))
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(draft, target)
    return target


def files(design: Design) -> dict[str, str]:
    """Every file of the project: relative path → text."""
    name = design.name
    model, report = f"{name}.SemanticModel", f"{name}.Report"
    documents: dict[str, Any] = {
        f"{name}.pbip": {
            "$schema": f"{FABRIC}/pbip/pbipProperties/1.0.0/schema.json", "version": "1.0",
            "artifacts": [{"report": {"path": report}}], "settings": {"enableAutoRecovery": True},
        },
        f"{model}/definition.pbism": {
            "$schema": f"{FABRIC}/item/semanticModel/definitionProperties/1.0.0/schema.json", "version": "4.2", "settings": {},
        },
        f"{model}/.platform": _platform("SemanticModel", name),
        f"{report}/.platform": _platform("Report", name),
        **{f"{report}/{path}": document for path, document in pbir.files(design).items()},
    }
    texts = {path: json.dumps(document, ensure_ascii=False, indent=2) + "\n" for path, document in documents.items()}
    texts |= {
        f"{model}/definition/database.tmdl": tmdl.database(),
        f"{model}/definition/model.tmdl": tmdl.model(design),
        f"{model}/definition/expressions.tmdl": tmdl.expressions(design),
        f"{model}/definition/relationships.tmdl": tmdl.relationships(design),
        f"{model}/definition/cultures/{design.culture}.tmdl": tmdl.culture(design),
    }
    texts |= {f"{model}/definition/tables/{t.name}.tmdl": tmdl.table(t, design.schema_name) for t in design.tables}
    texts |= {f"{model}/definition/roles/{role}.tmdl": tmdl.role(role, spec) for role, spec in design.roles.items()}
    return dict(sorted(texts.items()))


def _platform(kind: str, name: str) -> dict:
    return {
        "$schema": f"{FABRIC}/gitIntegration/platformProperties/2.0.0/schema.json",
        "metadata": {"type": kind, "displayName": name},
        "config": {"version": "2.0", "logicalId": tag("platform", kind, name)},
    }
