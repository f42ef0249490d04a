"""What becomes of an entity when the source's fields are no longer those that the mapping, or the last good run, knew.

`drift: freeze` (default): a new field is told, a missing one stops the entity. `drift: evolve`: new fields become columns, missing ones
are no longer written and keep their last values. Whatever the policy, the key and the change column cannot be lost, and a value never
goes into a column that would lose a part of it. All of it is kept in `ops.schema_drift`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from sources.contract import Column, ColumnType, Entity, FieldInfo, MappingError
from sources.odoo import mapping

# Odoo's type → the column type that holds all of it; what is not here is never brought by itself (binary, one2many, json, properties, …)
COLUMN_TYPES: dict[str, ColumnType] = {
    "char": "text", "text": "text", "html": "text", "selection": "text", "reference": "text", "integer": "integer", "float": "quantity",
    "monetary": "money", "boolean": "boolean", "date": "date", "datetime": "datetime", "many2one": "many2one",
    "many2one_reference": "many2one", "many2many": "many2many",
}
WIDENED = {("money", "integer")}  # column and field types that `mapping.ODOO_TYPES` does not list, and that lose nothing
SECRET = re.compile(r"passw|passphrase|contrase|secret|token|api_?key|private_?key|credential|otp|totp|\bclave\b|(^|_)(pin|cvv|cvc|clave)(_|$)", re.IGNORECASE)
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")


@dataclass(frozen=True)
class Change:
    """One row of `ops.schema_drift`: `field` in the source's name, what happened to it, and what was done (see the table's comments)."""

    field: str
    change: str
    action: str
    old_type: str | None = None
    new_type: str | None = None
    new_field: str | None = None


@dataclass
class Review:
    """The entity as it can be read today, what has changed, what to tell (Spanish), and the reason to stop, if there is one."""

    entity: Entity
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    new_fields: list[str] = field(default_factory=list)
    error: str | None = None


def pending(conn: psycopg.Connection, source: str, entity: Entity) -> list[Change]:
    """What earlier runs found and is still so."""
    rows = conn.execute(
        """select field, change, action, old_type, new_type, new_field from ops.schema_drift
           where source = %s and entity = %s and resolved_at is null order by id""", [source, entity.name])
    return [Change(*row) for row in rows]


def review(entity: Entity, fields: Mapping[str, FieldInfo], known: Mapping[str, FieldInfo] | None, earlier: Sequence[Change]) -> Review:
    """Compare the fields that the source has with the mapping, with those `known` at the last good run and with what was found before."""
    found = Review(entity)
    fresh = mapping.new_fields(entity, fields, None if known is None else list(known))
    told = {c.field: c for c in earlier if c.change == "new" and c.field in fields and c.field not in entity.fields}
    renamed = {c.field: c.new_field for c in earlier if c.change == "renamed"}
    gone = dict.fromkeys(c.source for c in entity.read if c.source not in fields)
    unused = [name for name, c in told.items() if c.action != "added"]
    names = {source: renamed[source] if renamed.get(source) in fields
             else _new_name(source, fields, known, fresh) or _new_name(source, fields, known, unused) for source in gone}
    brought: list[str] = []
    for source, name in names.items():
        _missing(found, source, name, fields, known)
        if name is not None and entity.drift == "evolve":
            brought.append(name)
    _retyped(found, fields, known)
    for name in dict.fromkeys([*fresh, *told]):
        if name in names.values():
            continue
        before = told.get(name)
        action = _new(found.entity, name, fields[name])
        found.changes.append(Change(name, "new", action, None, fields[name].type))
        if action == "added":
            brought.append(name)
        if before is None or before.action != action:
            found.new_fields.append(name)
    _tell_new(found)
    _lost_again(found, fields, earlier)
    added = [Column(name, COLUMN_TYPES[fields[name].type], name, entity.line) for name in dict.fromkeys(brought)
             if _new(found.entity, name, fields[name]) == "added"]
    found.entity = replace(found.entity, columns=(*found.entity.columns, *added))
    return found


def _new_name(source: str, fields: Mapping[str, FieldInfo], known: Mapping[str, FieldInfo] | None, fresh: Sequence[str]) -> str | None:
    """What a field that is gone is probably called now: a new one of the same type and relation, with its label or the only such one."""
    old = (known or {}).get(source)
    if old is None:
        return None
    alike = [name for name in dict.fromkeys(fresh) if (fields[name].type, fields[name].relation) == (old.type, old.relation)]
    same_label = [name for name in alike if fields[name].label == old.label]
    for candidates in (same_label, alike):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _missing(found: Review, source: str, name: str | None, fields: Mapping[str, FieldInfo], known: Mapping[str, FieldInfo] | None) -> None:
    """A mapped field is not there: stop, or go on without it."""
    entity = found.entity
    columns = [c for c in entity.read if c.source == source]
    vital = any(c.name in (entity.key, entity.change) for c in columns)
    where = f"{entity.file}:{columns[0].line}: {entity.name}.{columns[0].name}"
    old = (known or {}).get(source)
    kind = Change(source, "renamed" if name else "dropped", "refused" if vital or entity.drift == "freeze" else "kept",
                  old.type if old else None, fields[name].type if name else None, name)
    found.changes.append(kind)
    hint = f"{columns[0].name}: {{type: {columns[0].type}, field: {name}}}"
    if kind.action == "refused":
        if name:
            found.error = found.error or (
                f"{where}: el campo {source!r} ya no existe en {entity.model}; parece que ahora se llama {name!r} (mismo tipo). "
                f"Escriba en esa línea `{hint}`, o quite la columna del mapeo.")
        return  # a dropped one is told by mapping.check
    if name:
        found.warnings.append(
            f"{entity.name}: el campo {source!r} de {entity.model} parece llamarse ahora {name!r}. La columna {columns[0].name} conserva sus últimos "
            f"valores y los nuevos van a {name}. Para unirlas, escriba en {entity.file}:{columns[0].line} `{hint}`.")
    else:
        found.warnings.append(
            f"{entity.name}: el campo {source!r} ya no existe en {entity.model} o el usuario de Odoo no puede verlo. La columna "
            f"{columns[0].name} conserva sus últimos valores y ya no se actualiza.")
    lost = {c.name for c in columns}
    found.entity = replace(
        entity, columns=tuple(replace(c, absent=True) if c.name in lost else c for c in entity.columns),
        amount=None if entity.amount in lost else entity.amount, day=None if entity.day in lost else entity.day,
        state=None if entity.state in lost else entity.state)


def _retyped(found: Review, fields: Mapping[str, FieldInfo], known: Mapping[str, FieldInfo] | None) -> None:
    """A mapped field is of another type than before, or points at another model."""
    entity = found.entity
    for column in entity.read:
        old, new = (known or {}).get(column.source), fields.get(column.source)
        if old is None or new is None or (old.type, old.relation) == (new.type, new.relation):
            continue
        before, after = (f"{i.type} ({i.relation})" if i.relation else i.type for i in (old, new))
        fits = new.type in mapping.ODOO_TYPES[column.type] or (entity.drift == "evolve" and (column.type, new.type) in WIDENED)
        found.changes.append(Change(column.source, "retyped", "accepted" if fits else "refused", before, after))
        if fits:
            found.warnings.append(
                f"{entity.name}: el campo {column.source!r} de {entity.model} era {before} y ahora es {after}; la columna {column.name} lo recibe "
                "sin pérdida. Revise que signifique lo mismo.")
        else:
            fitting = COLUMN_TYPES.get(new.type)
            advice = (f"Déle otra columna, con otro nombre: `{column.name}_2: {{type: {fitting}, field: {column.source}}}` (la anterior conserva sus valores)"
                      if fitting else "Quite la columna del mapeo")
            found.error = found.error or (
                f"{entity.file}:{column.line}: {entity.name}.{column.name}: el campo {column.source!r} de {entity.model} era {before} y ahora es "
                f"{after}, que no cabe sin pérdida en una columna {column.type}. {advice}.")


def _new(entity: Entity, name: str, info: FieldInfo) -> str:
    """What to do with a field that the mapping does not use."""
    if entity.drift == "freeze":
        return "warned"
    taken = {c.name for c in entity.columns}
    brings = (info.stored and info.type in COLUMN_TYPES and NAME.fullmatch(name) and name not in taken
              and not SECRET.search(name) and not SECRET.search(info.label))
    return "added" if brings else "excluded"


def _lost_again(found: Review, fields: Mapping[str, FieldInfo], earlier: Sequence[Change]) -> None:
    """A field that became a column by itself is gone: its column stays too."""
    for c in earlier:
        if c.field in fields or c.field in found.entity.fields or (c.change, c.action) not in (("new", "added"), ("dropped", "kept")):
            continue
        if any(known.field == c.field for known in found.changes):
            continue
        found.changes.append(Change(c.field, "dropped", "kept", c.new_type or c.old_type))
        if c.change == "new":
            found.warnings.append(f"{found.entity.name}: el campo {c.field!r} ya no existe en {found.entity.model}; su columna conserva sus últimos valores.")


def _tell_new(found: Review) -> None:
    entity, by_action = found.entity, {c.field: c.action for c in found.changes if c.change == "new"}
    for action, text in (
            ("warned", f"campos nuevos en {entity.model} que el mapeo no usa"),
            ("added", f"campos nuevos en {entity.model}, que desde ahora son columnas de raw.{entity.table}"),
            ("excluded", f"campos nuevos en {entity.model} que no se traen (secretos, binarios, listas inversas o nombres ya usados)")):
        names = [name for name in found.new_fields if by_action[name] == action]
        if names:
            found.warnings.append(f"{entity.name}: {text}: {', '.join(names)}.")


def record(conn: psycopg.Connection, source: str, entity: Entity, run_id: int, changes: Sequence[Change]) -> None:
    """Keep what was found, and close what is no longer so."""
    keys = [(c.field, c.change) for c in changes]
    conn.execute(
        """update ops.schema_drift set resolved_at = clock_timestamp() where source = %s and entity = %s and resolved_at is null
           and not ((field, change) in (select * from unnest(%s::text[], %s::text[])))""",
        [source, entity.name, [k[0] for k in keys], [k[1] for k in keys]])
    for c in changes:
        values: dict[str, Any] = {"source": source, "entity": entity.name, "run": run_id, **vars(c)}
        conn.execute(
            """insert into ops.schema_drift (source, entity, field, change, old_type, new_type, new_field, action, first_seen_run)
               values (%(source)s, %(entity)s, %(field)s, %(change)s, %(old_type)s, %(new_type)s, %(new_field)s, %(action)s, %(run)s)
               on conflict (source, entity, field, change) where resolved_at is null
               do update set action = excluded.action, new_type = excluded.new_type, new_field = excluded.new_field""", values)


def check(found: Review, fields: Mapping[str, FieldInfo]) -> None:
    """Raises MappingError (file and line) when the entity cannot be read as it is now."""
    if found.error:
        raise MappingError(found.error)
    entity = found.entity
    widened = {c.name for c in entity.read if c.source in fields and entity.drift == "evolve" and (c.type, fields[c.source].type) in WIDENED}
    mapping.check(replace(entity, columns=tuple(c for c in entity.columns if c.name not in widened)), fields)
