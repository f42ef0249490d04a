"""Passes for dashboards embedded in another page: Superset's guest tokens, of a guest to whom `caudal access` gave rows.

    caudal access grant portal-moca invitado --municipio 0901
    caudal superset guest-token --dashboard morosidad --guest portal-moca
"""

from __future__ import annotations

from dataclasses import dataclass

from caudal import access

from . import sync
from .client import Client, SupersetError
from .context import Context, identifier, load
from .security_names import CODE, GUEST_ROLE, NOTHING


@dataclass(frozen=True)
class Pass:
    """What a page needs to show a dashboard: Superset's address, the embedded dashboard's, and the token (five minutes)."""

    url: str
    embedded: str
    token: str


def issue(
    dashboard: str, guest: str, municipality: str | None = None, sector: str | None = None, client: Client | None = None, context: Context | None = None,
    origins: list[str] | None = None,
) -> Pass:
    """A pass for `guest`, who has accesses of role `invitado`; `municipality` and `sector` narrow them further for this pass.

    `origins` are the pages that may hold the dashboard (none: those that have been set before). Raises SupersetError, in Spanish.
    """
    context = context or load()
    opened = context.dashboards_of(GUEST_ROLE)
    if dashboard not in opened:
        raise SupersetError(f"no hay ningún tablero {dashboard!r} para invitados: {', '.join(opened)}")
    if not any(row.role == GUEST_ROLE for row in access.rows(guest, valid_only=True)):
        raise SupersetError(f"{guest} no tiene accesos de invitado: `caudal access grant {guest} {GUEST_ROLE} --sector <código>`")
    client = client or Client()
    narrowed: list[dict[str, object]] = []
    numbers = sync.numbers(client, "dataset", context.datasets_of(dashboard)) if municipality or sector else {}
    wanted = {"municipality_code": municipality, "sector_code": sector}
    for column, code in wanted.items():
        if code is None:
            continue
        if not CODE.fullmatch(code):
            raise SupersetError(f"{code!r} no puede ser un código de {column}")
        # By dataset: a rule of the token on one that lacks the column would be an error there.
        narrowed += [{"dataset": number, "clause": f"{column} = '{code}'"} for slug, number in numbers.items() if column in context.columns_of(slug)]
    # What says things about the whole utility is of no place that a pass can be narrowed to.
    narrowed += [{"dataset": number, "clause": NOTHING} for slug, number in numbers.items() if context.is_of_the_whole_utility(slug)]
    narrowed += [{"dataset": number, "clause": f"not {column}"} for slug, number in numbers.items() if (column := context.reserved_column(slug))]
    embedded = _embedded(client, dashboard, origins)
    body = {"user": {"username": guest, "first_name": guest, "last_name": ""}, "resources": [{"type": "dashboard", "id": embedded}], "rls": narrowed}
    return Pass(client.url, embedded, client.post("/api/v1/security/guest_token/", json=body)["token"])


def _embedded(client: Client, dashboard: str, origins: list[str] | None) -> str:
    """The embedded dashboard's identifier, made or given its pages where needed."""
    uuid = identifier("dashboard", dashboard)
    number = next((item["id"] for item in client.items("dashboard") if item.get("uuid") == uuid), None)
    if number is None:
        raise SupersetError(f"el tablero {dashboard} no está publicado: ejecute `caudal superset publish`")
    path = f"/api/v1/dashboard/{number}/embedded"
    try:
        there = client.get(path)["result"]
    except SupersetError as error:
        if " 404 " not in str(error):
            raise
        there = None
    if there and (origins is None or sorted(there["allowed_domains"]) == sorted(origins)):
        return there["uuid"]
    return client.post(path, json={"allowed_domains": origins or []})["result"]["uuid"]
