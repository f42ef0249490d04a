"""Reads the mapping of a site, `mapping/<site>.yml` or the files of `mapping/<site>/`, into entities, and checks them against Odoo's fields_get.

Every error is a MappingError whose message starts with `file:line:` and says what to write instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from caudal.yaml_file import BadYaml, YamlFile
from sources.contract import Column, Entity, FieldInfo, MappingError

FOLDER = Path(__file__).parent / "mapping"
SCHEMA = FOLDER / "schema.json"
SITE_FILE = "site.yml"  # of a folder: the site's name, the common columns, the companies

# column type → the types of Odoo field it may hold
ODOO_TYPES: dict[str, tuple[str, ...]] = {
    "id": ("integer",), "many2one": ("many2one", "many2one_reference"), "many2many": ("many2many",), "integer": ("integer",),
    "boolean": ("boolean",), "date": ("date",), "text": ("char", "text", "selection", "html", "reference"), "datetime": ("datetime",),
    "money": ("monetary", "float"), "quantity": ("float", "integer", "monetary"), "coordinate": ("float",),
}


def path_of(site: str) -> Path:
    """The mapping of a site: a file, or a folder of files. Raises MappingError when there is none."""
    for path in (FOLDER / f"{site}.yml", FOLDER / site):
        if path.exists():
            return path
    known = ", ".join(sorted({p.stem for p in FOLDER.iterdir() if p.is_dir() or p.suffix == ".yml"}))
    raise MappingError(f"{FOLDER / site}: no existe el mapeo del sitio {site!r}. Cree esa carpeta o corrija CAUDAL_SITE (hay: {known}).")


def load(path: Path) -> list[Entity]:
    """The entities of a mapping, in the order of its files (by name) and within each. Raises MappingError with file and line."""
    if not path.is_dir():
        file = _read(path, None)
        return _entities(file, _columns(file, ("common",)), file.data.get("companies", ()), {})
    site = _read(path / SITE_FILE, "folder_site")
    common = _columns(site, ("common",))
    found: dict[str, Entity] = {}
    for part in sorted(p for p in path.glob("*.yml") if p.name != SITE_FILE):
        file = _read(part, "folder_part")
        found |= {e.name: e for e in _entities(file, common, site.data.get("companies", ()), found)}
    if not found:
        raise MappingError(f"{path}: no hay ningún archivo con entidades al lado de {SITE_FILE}.")
    return list(found.values())


def _read(path: Path, part: str | None) -> YamlFile:
    """A file that has the shape of the schema, or of one part of it."""
    try:
        file = YamlFile(path)
    except BadYaml as error:
        raise MappingError(str(error)) from None
    error = jsonschema.exceptions.best_match(_validator(part).iter_errors(file.data))
    if error is not None:
        where = [str(step) for step in error.absolute_path]
        raise MappingError(f"{file.at(*error.absolute_path)}: {'.'.join(where) or 'el archivo'}: {_in_spanish(error)}")
    return file


def select(entities: Sequence[Entity], names: Sequence[str] | None) -> list[Entity]:
    """The entities called `names`, in the mapping's order (None: all). Raises MappingError for a name that is not there."""
    if names is None:
        return list(entities)
    known = {entity.name for entity in entities}
    for name in names:
        if name not in known:
            raise MappingError(f"No hay ninguna entidad {name!r} en el mapeo. Las que hay: {', '.join(sorted(known))}.")
    return [entity for entity in entities if entity.name in names]


def signature(entity: Entity) -> str:
    """A short hash of all that decides what the raw table holds: when it changes, the table is read again whole."""
    parts = [entity.model, entity.key, entity.change, entity.amount, entity.domain, dict(entity.context), entity.companies,
             [(c.name, c.type, c.source) for c in entity.read]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def check(entity: Entity, fields: Mapping[str, FieldInfo]) -> None:
    """Compare an entity with the fields Odoo has. Raises MappingError for one that is missing, of another kind, or cannot be searched on."""
    for column in entity.read:
        where = f"{entity.file}:{column.line}: {entity.name}.{column.name}"
        info = fields.get(column.source)
        if info is None:
            raise MappingError(
                f"{where}: el campo {column.source!r} no existe en {entity.model} o el usuario de Odoo no puede verlo. "
                "Corrija `field`, quite la columna del mapeo, o pida el permiso en Odoo."
            )
        if info.type not in ODOO_TYPES[column.type]:
            raise MappingError(f"{where}: el mapeo dice {column.type} y en Odoo {column.source!r} es {info.type}. Corrija `type`.")
        if column.name in (entity.key, entity.change) and not info.stored:
            raise MappingError(f"{where}: {column.source!r} es calculado y no guardado en Odoo; la clave y `change` deben estar guardadas.")


def new_fields(entity: Entity, fields: Mapping[str, FieldInfo], known: Sequence[str] | None) -> list[str]:
    """Stored fields that Odoo did not have at the last good run (`known`) and that the mapping does not use."""
    if known is None:
        return []
    return sorted(name for name, info in fields.items() if info.stored and name not in known and name not in entity.fields)


@lru_cache(maxsize=4)
def _validator(part: str | None) -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({**schema, **schema["$defs"][part]} if part else schema)


def _in_spanish(error: jsonschema.ValidationError) -> str:
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"falta {', '.join(missing)}."
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"sobra {', '.join(extra)}; se admite: {', '.join(sorted(error.schema.get('properties', {})))}."
    if error.validator == "enum":
        return f"{error.instance!r} no es uno de: {', '.join(map(str, error.validator_value))}."
    if error.validator == "oneOf" and isinstance(error.instance, dict) and "columns" in error.instance:
        return "escriba `model: …`, o `absent: true` si este sitio no tiene tal cosa."
    if error.validator == "oneOf":
        types = ", ".join(_validator(None).schema["$defs"]["type"]["enum"])
        return f"{error.instance!r} no sirve: escriba el tipo ({types}) o {{type: …, field: …}}."
    if error.validator == "pattern":
        return f"{error.instance!r} no cumple el patrón {error.validator_value}."
    if error.validator == "type":
        return f"se esperaba {error.validator_value} y hay {type(error.instance).__name__}."
    return f"no cumple la regla {error.validator} de {SCHEMA.name}."


def _columns(file: YamlFile, path: tuple[str, ...]) -> list[Column]:
    specs = file.data
    for step in path:
        specs = specs[step]
    columns = []
    for name, spec in specs.items():
        spec = {"type": spec} if isinstance(spec, str) else spec
        columns.append(Column(name, spec["type"], spec.get("field", name), file.line(*path, name), bool(spec.get("absent"))))
    return columns


def _entities(file: YamlFile, common: list[Column], companies: Sequence[int], earlier: Mapping[str, Entity]) -> list[Entity]:
    found = []
    for name, spec in file.data["entities"].items():
        if name in earlier:
            raise MappingError(f"{file.at('entities', name)}: {name} ya está en {earlier[name].file}:{earlier[name].line}; deje una.")
        found.append(replace(_entity(name, spec, common, file), companies=tuple(companies)))
    return found


def _entity(name: str, spec: Mapping[str, Any], common: list[Column], file: YamlFile) -> Entity:
    own = _columns(file, ("entities", name, "columns"))
    columns = [*(c for c in common if c.name not in spec["columns"]), *own]
    by_name = {c.name: c for c in columns}

    def fail(key: str, reason: str) -> None:
        raise MappingError(f"{file.at('entities', name, key)}: {name}: {reason}")

    for column in columns:
        if column.name in ("_source", "_loaded_at", "_run_id", "_deleted_at"):
            fail("columns", f"la columna {column.name} está reservada.")
    keys = [c for c in columns if c.type == "id"]
    if [c.name for c in keys] != ["id"] or keys[0].absent:
        fail("columns", "debe haber una y sólo una columna de tipo id, llamada id.")
    change = spec.get("change", "write_date")
    if change is not None and (change not in by_name or by_name[change].type != "datetime" or by_name[change].absent):
        fail("change", f"`change: {change}` debe ser una columna datetime de la entidad (o null para leerla siempre entera).")
    amount = spec.get("amount")
    if amount is not None and (amount not in by_name or by_name[amount].type != "money"):
        fail("amount", f"`amount: {amount}` debe ser una columna money de la entidad.")
    groups = spec.get("reconcile", {})
    for key, wanted in (("date", "date"), ("state", "text")):
        if key in groups and (groups[key] not in by_name or by_name[groups[key]].type != wanted or by_name[groups[key]].absent):
            fail("reconcile", f"`reconcile: {{{key}: {groups[key]}}}` debe ser una columna {wanted} de la entidad que este sitio tenga.")
    return Entity(
        name=name, model=spec.get("model", ""), columns=tuple(columns), change=change, deletes=spec.get("deletes", "tombstone"), amount=amount,
        day=groups.get("date"), state=groups.get("state"),
        drift=spec.get("drift", "freeze"), absent=bool(spec.get("absent")),
        domain=tuple(tuple(term) if isinstance(term, list) else term for term in spec.get("domain", ())), context=spec.get("context", {}),
        file=str(file.path), line=file.line("entities", name),
    )
