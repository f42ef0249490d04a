"""The models the stand-in serves, read from `models/*.yml`: names, tables, fields and their Odoo types."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
LANGUAGES = {"en_US": "English (US)", "es_DO": "Spanish (DO)", "es_ES": "Spanish"}


@dataclass(frozen=True)
class Field:
    """One field: Odoo's type name, what a many2one points at, whether it is a column of the table and is translated (jsonb)."""

    name: str
    type: str
    relation: str | None = None
    stored: bool = True
    translated: bool = False
    column: str = ""
    required: bool = False


@dataclass(frozen=True)
class Model:
    """One model. `rows` is set for the few that have no table here (ir.model): their records, as dictionaries."""

    name: str
    table: str
    fields: dict[str, Field]
    rows: tuple[dict[str, Any], ...] | None = None

    @property
    def archivable(self) -> bool:
        """Whether it has `active`, so that archived records hide."""
        return "active" in self.fields

    @property
    def by_company(self) -> bool:
        """Whether the multi-company rule holds for it."""
        return "company_id" in self.fields and self.name != "res.users"


MAGIC = {"id": "integer", "create_date": "datetime", "write_date": "datetime", "create_uid": "m2o:res.users", "write_uid": "m2o:res.users"}

# Odoo's own `_order`; by default a model is ordered by id. A client that pages must not lean on this order.
ORDER = {
    "account.move": "date desc, name desc, invoice_date desc, id desc",
    "account.move.line": "date desc, move_name desc, id",
    "account.payment": "date desc, name desc",
    "res.partner": "name, id desc",
    "res.users": "name, login",
    "res.company": "name",
    "account.journal": "type, code",
    "account.account": "code",
    "product.product": "default_code, name, id",
}

# What people see of a record: the field, or the fields, that make its display_name. {a} stands for the value of field a.
DISPLAY = {
    "product.product": ("concat(case when nullif({default_code}, '') is null then '' else '[' || {default_code} || '] ' end, {name})"),
    "account.account": "concat_ws(' ', {code}, {name})",
    "account.move": "concat(coalesce({name}, '/'), ' (' || nullif({ref}, '') || ')')",
    "account.move.line": "concat_ws(' ', {move_name}, {name})",
}


def parse_field(name: str, declared: str, stored: bool = True) -> Field:
    """A field from its declaration in models/*.yml: `char`, `char!t`, `m2o:res.partner`, ..."""
    kind, _, relation = declared.partition(":")
    kind, _, flag = kind.partition("!")
    return Field(name, "many2one" if kind == "m2o" else kind, relation or None, stored, flag == "t", name, name == "id")


def parse_model(name: str, spec: dict[str, Any]) -> Model:
    """A model from its entry in models/*.yml, with the fields that every Odoo model has."""
    declared = dict(MAGIC)
    if spec.get("archivable"):
        declared["active"] = "boolean"
    if spec.get("company"):
        declared["company_id"] = "m2o:res.company"
    declared |= spec.get("fields") or {}
    fields = {key: parse_field(key, value) for key, value in declared.items()}
    computed = {"display_name": "char"} | (spec.get("computed") or {})
    fields |= {key: parse_field(key, value, stored=False) for key, value in computed.items()}
    return Model(name, spec["table"], fields)


def _virtual(name: str, rows: list[dict[str, Any]], types: dict[str, str]) -> Model:
    fields = {key: parse_field(key, value) for key, value in {**MAGIC, **types}.items()}
    fields["display_name"] = parse_field("display_name", "char", stored=False)
    return Model(name, "", fields, tuple({"id": i, **row} for i, row in enumerate(rows, 1)))


@lru_cache(maxsize=1)
def declared() -> dict[str, dict[str, Any]]:
    """What `models/*.yml` say of each model, by name. Raises ValueError for a model declared twice."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((HERE / "models").glob("*.yml")):
        for name, entry in yaml.safe_load(path.read_text())["models"].items():
            if name in found:
                raise ValueError(f"{path}: {name} is declared in another file too.")
            found[name] = entry
    return found


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """Every model, by name."""
    found = {name: parse_model(name, entry) for name, entry in declared().items()}
    found["res.lang"] = _virtual(
        "res.lang", [{"code": code, "name": name, "active": True} for code, name in LANGUAGES.items()],
        {"code": "char", "name": "char", "active": "boolean"})
    names = sorted([*found, "ir.model"])
    found["ir.model"] = _virtual(
        "ir.model", [{"model": n, "name": n, "state": "base", "transient": False} for n in names],
        {"model": "char", "name": "char", "state": "char", "transient": "boolean"})
    return found


@lru_cache(maxsize=1)
def selections() -> dict[str, dict[str, list[list[str]]]]:
    """model → selection field → [[value, label], ...], from `selections.yml`."""
    spec = yaml.safe_load((HERE / "selections.yml").read_text())
    return {m: {f: [[str(v), str(v).replace("_", " ").capitalize()] for v in values] for f, values in fs.items()} for m, fs in spec.items()}


def label(name: str) -> str:
    """A field's `string`, as Odoo makes it from the name when nobody gave one."""
    return name.removeprefix("x_").removesuffix("_id").replace("_", " ").title()
