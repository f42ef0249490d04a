"""When the key that a transport comes in with ends: told before it happens, and kept in `ops.source_credential`, which the alerts read."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from caudal import warehouse
from caudal.settings import settings
from sources.contract import SourceError, Transport

WARN_DAYS = 14


def note(transport: Transport) -> list[str]:
    """Keep when the transport's key ends, for the alerts; and what `warnings` says."""
    try:
        ends = expires_on(transport)
    except SourceError:  # a source that does not answer is no news here: each entity will say so
        return []
    with warehouse.connect("load", autocommit=True) as conn:
        conn.execute(
            """insert into ops.source_credential (source, expires_on) values (%s, %s)
               on conflict (source) do update set expires_on = excluded.expires_on, checked_at = now()
               where ops.source_credential.expires_on is distinct from excluded.expires_on""", [transport.source, ends])
    return _warnings(transport, ends)


def warnings(transport: Transport) -> list[str]:
    """One line in Spanish, naming the day, when a key of the user ends within 14 days; nothing otherwise, or where a transport cannot say.

    By the source's own clock. A source that does not answer is no news here.
    """
    try:
        return _warnings(transport, expires_on(transport))
    except SourceError:
        return []


def expires_on(transport: Transport) -> date | None:
    """The first day on which the transport's key no longer opens; None when it has no end, or where nobody can say."""
    ask = getattr(transport, "expires_on", None)  # a password has no end, and a transport of somebody else's need not know
    return ask() if ask else None


def _warnings(transport: Transport, ends: date | None) -> list[str]:
    now = transport.clock() if ends is not None else None
    if ends is None or now is None:
        return []
    days = (ends - now.astimezone(ZoneInfo(settings().timezone)).date()).days
    if days > WARN_DAYS:
        return []
    when = {0: "hoy", 1: "mañana"}.get(days, f"en {days} días")
    warning = (
        f"La clave de API con que se lee Odoo vence el {ends:%d/%m/%Y} ({when}): después no habrá réplica. Genere otra en Odoo "
        "(Preferencias, Seguridad de la cuenta), póngala donde está la actual (ODOO_API_KEY u ODOO_PASSWORD) y borre la anterior."
    )
    return [warning]
