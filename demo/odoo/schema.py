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
    """One field: Odoo's type name, what it points at, whether it is stored, translated or company-dependent (both jsonb).

    `link` of a many2many: the relation table, its column of this model's ids, its column of the other's.
    """

    name: str
    type: str
    relation: str | None = None
    stored: bool = True
    translated: bool = False
    column: str = ""
    required: bool = False
    company_dependent: bool = False
    link: tuple[str, str, str] | None = None

    @property
    def in_table(self) -> bool:
        """Whether the model's own table has a column of it."""
        return self.stored and self.link is None


@dataclass(frozen=True)
class Model:
    """One model. `rows` is set for the one that has no table here (res.lang): its records, as dictionaries."""

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
        return "company_id" in self.fields and self.name not in ("res.users", "ir.default")


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
    "ir.model": "model",
    "ir.model.fields": "name, id",
    "ir.model.fields.selection": "sequence, id",
    "res.groups": "name",
    "res.users.log": "id desc",
    "mail.message": "id desc",
    "mail.tracking.value": "id desc",
    "auditlog.log": "create_date desc",
    "ir.attachment": "id desc",
    "helpdesk.team": "sequence, name",
    "helpdesk.stage": "sequence, name",
    "helpdesk.ticket": "priority desc, id desc",
}

# What people see of a record: the field, or the fields, that make its display_name. {a} stands for the value of field a.
DISPLAY = {
    "product.product": ("concat(case when nullif({default_code}, '') is null then '' else '[' || {default_code} || '] ' end, {name})"),
    "account.account": "concat_ws(' ', {code}, {name})",
    "account.move": "concat(coalesce({name}, '/'), ' (' || nullif({ref}, '') || ')')",
    "account.move.line": "concat_ws(' ', {move_name}, {name})",
}


KINDS = {"m2o": "many2one", "m2m": "many2many", "ref": "many2one_reference"}


def parse_field(name: str, declared: str, stored: bool = True) -> Field:
    """A field from its declaration in models/*.yml: `char`, `char!t`, `m2o:res.partner`, `m2o:account.account!c`, `m2m:…`."""
    declared, _, flag = declared.partition("!")
    kind, *target = declared.split(":")
    return Field(name, KINDS.get(kind, kind), target[0] if target else None, stored, flag == "t", name, name == "id", flag == "c",
                 tuple(target[1:]) if kind == "m2m" else None)


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
    return found


@lru_cache(maxsize=1)
def selections() -> dict[str, dict[str, list[list[str]]]]:
    """model → selection field → [[value, label], ...], from `selections.yml`."""
    spec = yaml.safe_load((HERE / "selections.yml").read_text())
    return {m: {f: [[str(v), str(v).replace("_", " ").capitalize()] for v in values] for f, values in fs.items()} for m, fs in spec.items()}


def label(name: str) -> str:
    """A field's `string`, as Odoo makes it from the name when nobody gave one."""
    return name.removeprefix("x_").removesuffix("_id").replace("_", " ").title()
