"""`geo/sites/<site>.yml`: what the columns of the cadastre are called at one site, and how finely to draw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geo.errors import CadastreError

FOLDER = Path(__file__).parent / "sites"


class Columns(BaseModel):
    """Names of the columns in the file."""

    model_config = ConfigDict(extra="forbid")

    code: str
    name: str
    municipality: str | None = None


class Site(BaseModel):
    """One site. Lengths in metres, `bounds` in degrees (lon min, lat min, lon max, lat max), `max_kb` per sector as GeoJSON."""

    model_config = ConfigDict(extra="forbid")

    columns: Columns
    layer: str | None = None
    bounds: tuple[float, float, float, float] = (-180, -90, 180, 90)
    metric_crs: str
    sliver_width_m: Annotated[float, Field(gt=0)] = 12
    simplify_m: Annotated[float, Field(gt=0)] = 8
    max_kb: Annotated[float, Field(gt=0)] = 4

    @model_validator(mode="after")
    def _box(self) -> Site:
        if self.bounds[0] >= self.bounds[2] or self.bounds[1] >= self.bounds[3]:
            raise ValueError("bounds must be [lon min, lat min, lon max, lat max]")
        return self


def load_site(name: str, folder: Path = FOLDER) -> Site:
    """The site's settings. Raises CadastreError that names file, line where known, and field."""
    path = folder / f"{name}.yml"
    if not path.exists():
        raise CadastreError(f"No existe {path}: copie geo/sites/demo.yml con ese nombre y ponga las columnas de su catastro.")
    text = path.read_text()
    try:
        return Site.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CadastreError(f"{path}:{line}: no es YAML válido: {error.problem}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(p) for p in first["loc"])
        raise CadastreError(f"{path}:{_line(text, first['loc'])}: {field or 'el archivo'}: {first['msg']}.") from None


def _line(text: str, loc: tuple[int | str, ...]) -> int:
    """The line on which the deepest key of `loc` that exists stands."""
    node = yaml.compose(text)
    line = node.start_mark.line + 1 if node else 1
    for key in loc:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = next(((k, v) for k, v in pairs if k.value == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
