"""`geo/sites/<site>.yml`: what the columns of the cadastre are called at one site, and how finely to draw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from caudal.yaml_file import BadYaml, YamlFile
from geo.errors import CadastreError

FOLDER = Path(__file__).parent / "sites"


class Columns(BaseModel):
    """Names of the columns in the file."""

    model_config = ConfigDict(extra="forbid")

    code: str
    name: str
    municipality: str | None = None


class Streets(BaseModel):
    """The streets' own file: which layer of it, and its columns (`kind`: carretera, avenida, calle…)."""

    model_config = ConfigDict(extra="forbid")

    name: str
    kind: str | None = None
    layer: str | None = None


class Site(BaseModel):
    """One site. Lengths in metres, `bounds` in degrees (lon min, lat min, lon max, lat max), `max_kb` per sector as GeoJSON."""

    model_config = ConfigDict(extra="forbid")

    columns: Columns
    layer: str | None = None
    streets: Streets | None = None
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
    """The site's settings. Raises CadastreError that names file, line and field."""
    path = folder / f"{name}.yml"
    if not path.exists():
        raise CadastreError(f"No existe {path}: copie geo/sites/demo.yml con ese nombre y ponga las columnas de su catastro.")
    try:
        file = YamlFile(path)
        return Site.model_validate(file.data)
    except BadYaml as error:
        raise CadastreError(str(error)) from None
    except ValidationError as error:
        raise CadastreError(f"{file.mistakes(error)[0]}.") from None
