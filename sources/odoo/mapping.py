"""Reads `mapping/<site>.yml` into entities, and checks them against what Odoo's fields_get says today.

Every error is a MappingError whose message starts with `file:line:` and says what to write instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from sources.contract import Column, Entity, FieldInfo, MappingError

FOLDER = Path(__file__).parent / "mapping"
SCHEMA = FOLDER / "schema.json"

# column type → the types of Odoo field it may hold
ODOO_TYPES: dict[str, tuple[str, ...]] = {
    "id": ("integer",), "many2one": ("many2one",), "integer": ("integer",), "boolean": ("boolean",), "date": ("date",),
    "text": ("char", "text", "selection", "html", "reference"), "datetime": ("datetime",), "money": ("monetary", "float"),
    "quantity": ("float", "integer", "monetary"), "coordinate": ("float",),
}


def path_of(site: str) -> Path:
    """The mapping file of a site. Raises MappingError when there is none."""
    path = FOLDER / f"{site}.yml"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.yml")))
        raise MappingError(f"{path}: no existe el mapeo del sitio {site!r}. Cree ese archivo o corrija CAUDAL_SITE (hay: {known}).")
    return path


def load(path: Path) -> list[Entity]:
    """The entities of a mapping file, in its order. Raises MappingError with file and line."""
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise MappingError(f"{name}:{line}: YAML mal escrito: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingError(f"{name}: no se puede leer: {error}") from None
    _refuse_repeated_keys(root, name)
    _check_schema(data, root, name)
    common = _columns(data["common"], root, ("common",))
    return [_entity(key, spec, common, root, name) for key, spec in data["entities"].items()]


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
    parts = [entity.model, entity.key, entity.change, entity.domain, dict(entity.context), [(c.name, c.type, c.source) for c in entity.columns]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def check(entity: Entity, fields: Mapping[str, FieldInfo]) -> None:
    """Compare an entity with the fields Odoo has. Raises MappingError for one that is missing, of another kind, or cannot be searched on."""
    for column in entity.columns:
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


@lru_cache(maxsize=1)
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _check_schema(data: Any, root: yaml.Node | None, name: str) -> None:
    error = jsonschema.exceptions.best_match(_validator().iter_errors(data))
    if error is not None:
        path = [str(step) for step in error.absolute_path]
        raise MappingError(f"{name}:{_line(root, error.absolute_path)}: {'.'.join(path) or 'el archivo'}: {_in_spanish(error)}")


def _in_spanish(error: jsonschema.ValidationError) -> str:
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return f"falta {', '.join(missing)}."
    if error.validator == "additionalProperties":
        extra = sorted(set(error.instance) - set(error.schema.get("properties", {})))
        return f"sobra {', '.join(extra)}; se admite: {', '.join(sorted(error.schema.get('properties', {})))}."
    if error.validator == "enum":
        return f"{error.instance!r} no es uno de: {', '.join(map(str, error.validator_value))}."
    if error.validator == "oneOf":
        types = ", ".join(_validator().schema["$defs"]["type"]["enum"])
        return f"{error.instance!r} no sirve: escriba el tipo ({types}) o {{type: …, field: …}}."
    if error.validator == "pattern":
        return f"{error.instance!r} no cumple el patrón {error.validator_value}."
    if error.validator == "type":
        return f"se esperaba {error.validator_value} y hay {type(error.instance).__name__}."
    return f"no cumple la regla {error.validator} de {SCHEMA.name}."


def _line(root: yaml.Node | None, path: Sequence[Any]) -> int:
    """Line in the file (from 1) of the deepest node on `path` that exists."""
    node, line = root, 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _refuse_repeated_keys(node: yaml.Node | None, name: str) -> None:
    """YAML would keep the last one silently."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise MappingError(f"{name}:{key.start_mark.line + 1}: {key.value!r} está dos veces; deje una.")
            seen.add(key.value)
            _refuse_repeated_keys(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(value, name)


def _columns(specs: Mapping[str, Any], root: yaml.Node | None, path: tuple[str, ...]) -> list[Column]:
    columns = []
    for name, spec in specs.items():
        spec = {"type": spec} if isinstance(spec, str) else spec
        columns.append(Column(name, spec["type"], spec.get("field", name), _line(root, (*path, name))))
    return columns


def _entity(name: str, spec: Mapping[str, Any], common: list[Column], root: yaml.Node | None, file: str) -> Entity:
    own = _columns(spec["columns"], root, ("entities", name, "columns"))
    columns = [*(c for c in common if c.name not in spec["columns"]), *own]
    by_name = {c.name: c for c in columns}
    line = _line(root, ("entities", name))

    def fail(key: str, reason: str) -> None:
        raise MappingError(f"{file}:{_line(root, ('entities', name, key))}: {name}: {reason}")

    for column in columns:
        if column.name in ("_source", "_loaded_at", "_run_id", "_deleted_at"):
            fail("columns", f"la columna {column.name} está reservada.")
    keys = [c for c in columns if c.type == "id"]
    if [c.name for c in keys] != ["id"]:
        fail("columns", "debe haber una y sólo una columna de tipo id, llamada id.")
    change = spec.get("change", "write_date")
    if change is not None and (change not in by_name or by_name[change].type != "datetime"):
        fail("change", f"`change: {change}` debe ser una columna datetime de la entidad (o null para leerla siempre entera).")
    amount = spec.get("amount")
    if amount is not None and (amount not in by_name or by_name[amount].type != "money"):
        fail("amount", f"`amount: {amount}` debe ser una columna money de la entidad.")
    return Entity(
        name=name, model=spec["model"], columns=tuple(columns), change=change, deletes=spec.get("deletes", "tombstone"), amount=amount,
        domain=tuple(tuple(term) if isinstance(term, list) else term for term in spec.get("domain", ())), context=spec.get("context", {}),
        file=file, line=line,
    )
