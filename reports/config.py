"""Configuration of the reports: YAML files checked against a schema, with file and line in every complaint; and the site's identity.

Reads `reports/sites/<CAUDAL_SITE>.yml`; `CAUDAL_RNC` and `CAUDAL_UTILITY_NAME` replace what it says.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from stdnum.do import cedula, rnc

from caudal.yaml_file import BadYaml, YamlFile
from reports.errors import ConfigError

SITES = Path(__file__).parent / "sites"
Model = TypeVar("Model", bound=BaseModel)


def load(path: Path, model: type[Model]) -> Model:
    """The YAML file at `path` as `model`. Raises ConfigError naming file, line and field."""
    if not path.exists():
        raise ConfigError(f"Falta el archivo de configuración {path}.")
    try:
        file = YamlFile(path)
        return model.model_validate(file.data)
    except BadYaml as error:
        raise ConfigError(str(error)) from None
    except ValidationError as error:
        raise ConfigError(f"{file.mistakes(error)[0]}.") from None


class Site(BaseModel):
    """Who declares and signs: name as printed on reports, and RNC (9 digits) or cédula (11), no dashes.

    `labels`: what to print in place of the source's codes (code → Spanish text).
    """

    model_config = ConfigDict(extra="forbid")

    utility_name: str
    rnc: str
    labels: dict[str, str] = {}

    def label(self, code: str) -> str:
        """The printed form of a code; a text that is no bare code is printed as it is."""
        if code in self.labels:
            return self.labels[code]
        return code.replace("_", " ").capitalize() if code.islower() else code

    @field_validator("rnc")
    @classmethod
    def _valid_rnc(cls, value: str) -> str:
        if not value.isascii() or not value.isdigit():
            raise ValueError(f"el RNC del declarante «{value}» debe tener solo dígitos, sin guiones ni espacios")
        if not (len(value) == 9 and rnc.is_valid(value) or len(value) == 11 and cedula.is_valid(value)):
            raise ValueError(f"el RNC del declarante «{value}» no es válido: no cuadra su dígito verificador o su largo (9, u 11 si es cédula)")
        return value


def site() -> Site:
    """The identity of the utility. Raises ConfigError when the RNC is missing or wrong, saying where it came from."""
    from caudal.settings import settings

    path = SITES / f"{settings().site}.yml"
    found = load(path, Site)
    try:
        return Site(
            labels=found.labels,
            utility_name=os.environ.get("CAUDAL_UTILITY_NAME") or found.utility_name,
            rnc=os.environ.get("CAUDAL_RNC") or found.rnc,
        )
    except ValidationError as error:
        raise ConfigError(f"CAUDAL_RNC: {error.errors()[0]['msg']}.") from None
