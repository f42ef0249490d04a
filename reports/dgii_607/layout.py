"""The layout of the file as configuration: `layout.yml`, checked against this schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from reports import config

LAYOUT_FILE = Path(__file__).parent / "layout.yml"
FIELDS = 23


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Field(_Strict):
    """One column. `width`: the most characters of a text; `values`: the codes it may hold."""

    name: str
    label_es: str
    kind: Literal["text", "date", "amount"]
    width: int | None = None
    required: bool = False
    values: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _text_has_width(self) -> Field:
        if self.kind == "text" and not self.width:
            raise ValueError("un campo de texto necesita width")
        return self


class Amounts(_Strict):
    whole_digits: int
    blank_when_zero: bool


class Totals(_Strict):
    of: tuple[str, ...]
    paid_by: tuple[str, ...]


class Documents(_Strict):
    sales: tuple[str, ...]
    modifying: tuple[str, ...]
    identification_optional: tuple[str, ...]
    taxpayers_only: tuple[str, ...]


class ToConfirm(_Strict):
    what: str
    where: str
    why: str


class Layout(_Strict):
    """Format 607 as `layout.yml` says it."""

    format: str
    separator: str
    file_name: str
    encoding: Literal["ascii", "latin-1"]
    fields: tuple[Field, ...]
    amounts: Amounts
    totals: Totals
    withheld: tuple[str, ...]
    documents: Documents
    padding: Mapping[str, int]
    to_confirm: Sequence[ToConfirm]

    @model_validator(mode="after")
    def _names_are_known(self) -> Layout:
        names = [field.name for field in self.fields]
        if len(names) != FIELDS or len(set(names)) != FIELDS:
            raise ValueError(f"deben ser {FIELDS} campos distintos y hay {len(set(names))}")
        unknown = {*self.totals.of, *self.totals.paid_by, *self.withheld, *self.padding} - set(names)
        if unknown:
            raise ValueError(f"no son campos: {', '.join(sorted(unknown))}")
        return self

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def number(self, name: str) -> int:
        """1-based position of the field in the line."""
        return next(position for position, field in enumerate(self.fields, 1) if field.name == name)

    def name_of_file(self, rnc: str, month: date) -> str:
        """`DGII_F_607_<RNC>_<AAAAMM>.TXT`."""
        return self.file_name.format(format=self.format, rnc=rnc, period=f"{month:%Y%m}")


@lru_cache(maxsize=4)
def load(path: Path = LAYOUT_FILE) -> Layout:
    """The layout at `path`. Raises ConfigError naming file, line and field."""
    return config.load(path, Layout)
