"""The part of `caudal doctor` that looks at the source: the transport, whether it answers and lets us in, when the key ends, what it lets us read."""

from __future__ import annotations

from typing import Any, NamedTuple

from caudal.settings import settings


class Check(NamedTuple):
    """One thing looked at. `needed`: without it `make demo` (or the tests, where the name says so) cannot work."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True


def source() -> list[Check]:
    """What can be known of the source, as far as it lets itself be looked at: each check needs the one before it."""
    from sources import transports
    from sources.contract import SourceError

    name = settings().odoo_transport
    if settings().odoo_url is None and settings().odoo_sql_url is None:
        remedy = "la demo la define sola; en producción vea docs/operations.md"
        return [Check("Fuente configurada", False, "ni ODOO_URL ni ODOO_SQL_URL están definidas", remedy, needed=False)]
    try:
        transport = transports.connect(transports.Options(clients=1, page_rows=1))
    except SourceError as error:
        return [Check("Transporte de la fuente", False, name, str(error), needed=False)]
    checks = [Check("Transporte de la fuente", True, f"{name} ({transport.source}); hay {', '.join(transports.names())}", needed=False)]
    try:
        clock = transport.clock()  # an answer to somebody who was let in
        checks.append(Check("La fuente responde y acepta la credencial", True, f"su reloj dice {clock:%d/%m/%Y %H:%M} UTC" if clock else "sí", needed=False))
        checks += [_key(transport), _permissions(transport)]
    except SourceError as error:
        checks.append(Check("La fuente responde y acepta la credencial", False, "no", str(error), needed=False))
    finally:
        transport.close()
    return checks


def _key(transport: Any) -> Check:
    from sources import expiry

    warnings = expiry.warnings(transport)
    ends = transport.expires_on() if hasattr(transport, "expires_on") else None
    found = f"vence el {ends:%d/%m/%Y}" if ends else "no se le conoce vencimiento"
    return Check("Vigencia de la clave de Odoo", not warnings, found, " ".join(warnings), needed=False)


def _permissions(transport: Any) -> Check:
    """Whether each entity of the mapping could be read now: its model and fields are there and may be seen."""
    from sources.contract import SourceError
    from sources.odoo import mapping

    name = "Permisos y mapeo"
    try:
        entities = [entity for entity in mapping.load(mapping.path_of(settings().site)) if not entity.absent]
    except SourceError as error:
        return Check(name, False, f"sitio {settings().site}", str(error), needed=False)
    problems = []
    for entity in entities:
        try:
            mapping.check(entity, transport.describe(entity))
            list(transport.rows(entity, [0]))  # no row has this key: the question alone needs every permission
        except SourceError as error:
            problems.append(str(error))
    more = f" (y {len(problems) - 3} más)" if len(problems) > 3 else ""
    found = f"se pueden leer {len(entities) - len(problems)} de {len(entities)} entidades"
    return Check(name, not problems, found, "\n".join(problems[:3]) + more, needed=False)
