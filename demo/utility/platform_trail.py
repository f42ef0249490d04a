"""The trail that mail.thread leaves of tracked changes: one notification a change, with a tracking value for each field.

What changed is told by the tables already written: cut orders, closures, corrections of customers, meters replaced, cancelled documents.
Each trail ends in what its record says today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from psycopg import Connection, sql

from demo.odoo import schema
from demo.utility import copying as out
from demo.utility.catalogue import ENDS_AT, TODAY
from demo.utility.platform_people import PARTNER_OF
from demo.utility.platform_registry import field_ids
from demo.utility.stamps import ids_from

NOTE, COMMENT = 1, 2  # subtypes
MOVED_POINTS, UNTRACKED = 0.015, 0.15
_SINCE = date(2025, 10, 1)  # contracts that began since then still have the message of their creation
_REMARKS = ["Se llamó al cliente; pide copia de la factura.", "Cliente informa que el medidor está detrás de la verja.",
            "Entregó copia de la cédula en la oficina de Moca.", "Se le explicó el recargo por mora."]


@dataclass
class Change:
    """One write() on a record, as its tracking tells it: field → (before, after). Nothing tracked: an ordinary message."""

    model: str
    record: int
    at: datetime
    user: int
    values: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    body: str | None = None
    kind: str = "notification"


@dataclass(frozen=True)
class Named:
    """What a many2one points at."""

    id: int
    name: str


def write_trail(conn: Connection, rows: dict[str, int], rng: np.random.Generator) -> None:
    """COPY mail_message and mail_tracking_value; who wrote the changed records last, and when, follows from them."""
    users = dict(conn.execute("select login, id from res_users").fetchall())
    changes = [*_contracts(conn, users, rng), *_customers(conn, users, rng), *_supply_points(conn, users, rng), *_meters(conn, users),
               *_cancellations(conn, users, rng), *_messages(conn, users, rng), *_holders(conn, users), *_frauds(conn, users)]
    changes.sort(key=lambda c: (c.at, c.model, c.record))
    _written(conn, changes)
    ids = np.cumsum(1 + (rng.random(len(changes)) < 0.02))
    when = [c.at.isoformat(sep=" ") for c in changes]
    authors = [str(c.user) for c in changes]
    rows["mail_message_subtype"] = out.copy_rows(conn, "mail_message_subtype", {
        "id": ids_from(2), "create_date": str(datetime(2019, 3, 4, 14, 21)), "write_date": str(datetime(2019, 3, 4, 14, 21)),
        "name": [out.translated("Nota", "Note"), out.translated("Conversaciones", "Discussions")], "internal": ["t", "f"]})
    rows["mail_message"] = out.copy_rows(conn, "mail_message", {
        "id": out.integers(ids), "create_date": when, "write_date": when, "create_uid": authors, "write_uid": authors,
        "date": [str(c.at.replace(microsecond=0)) for c in changes], "body": out.texts([c.body for c in changes]), "model": [c.model for c in changes],
        "res_id": [str(c.record) for c in changes], "message_type": [c.kind for c in changes],
        "subtype_id": [str(COMMENT if c.kind == "comment" else NOTE) for c in changes], "author_id": [str(c.user + PARTNER_OF) for c in changes],
        "is_internal": "t",
    })
    values = [(message, change, name, *pair) for message, change in zip(ids.tolist(), changes, strict=True) for name, pair in change.values.items()]
    columns: dict[str, list[str | None]] = {f"{side}_value_{kind}": [] for side in ("old", "new") for kind in ("integer", "char", "datetime")}
    for _, change, name, before, after in values:
        for side, value in (("old", before), ("new", after)):
            told = _told(schema.models()[change.model].fields[name], change.model, value)
            for kind in ("integer", "char", "datetime"):
                columns[f"{side}_value_{kind}"].append(told.get(kind))
    when = [v[1].at.isoformat(sep=" ") for v in values]
    authors = [str(v[1].user) for v in values]
    rows["mail_tracking_value"] = out.copy_rows(conn, "mail_tracking_value", {
        "id": ids_from(len(values)), "create_date": when, "write_date": when, "create_uid": authors, "write_uid": authors,
        "mail_message_id": [str(v[0]) for v in values], "field_id": [str(field_ids()[v[1].model, v[2]]) for v in values],
        **{name: out.texts(column) for name, column in columns.items()},
    })


def _told(field_: schema.Field, model: str, value: Any) -> dict[str, str | None]:
    """Column kind → value, as mail.tracking.value keeps one of this field."""
    if field_.type == "boolean":
        return {"integer": str(int(value))}
    if value is None:
        return {}
    if field_.type == "many2one":
        return {"integer": str(value.id), "char": value.name}
    if field_.type == "selection":
        return {"char": dict(schema.selections()[model][field_.name])[value]}
    if field_.type == "date":
        return {"datetime": str(datetime.combine(value, time.min))}
    return {"char": value}


def _written(conn: Connection, changes: list[Change]) -> None:
    """The last change of a record is its last write(), unless something else was written later."""
    last = {(c.model, c.record): c for c in changes if c.values}
    for model in sorted({model for model, _ in last}):
        mine = [c for (name, _), c in last.items() if name == model]
        conn.execute(sql.SQL("""update {} as t set write_date = m.moment, write_uid = m.who from unnest(%s::int[], %s::timestamp[], %s::int[]) as m(id, moment, who)
                                where t.id = m.id and t.write_date <= m.moment""").format(sql.Identifier(schema.models()[model].table)),
                     [[c.record for c in mine], [c.at for c in mine], [c.user for c in mine]])


def _one_of(users: dict[str, int], rng: np.random.Generator, *logins: str) -> int:
    return users[logins[int(rng.random() * len(logins))]]


def _contracts(conn: Connection, users: dict[str, int], rng: np.random.Generator) -> Iterator[Change]:
    """active → cut → active → closed, on the days of the executed orders and of the closure; moments are those of the contract's write_date."""
    orders: dict[int, list[tuple[str, date]]] = {}
    for contract, kind, day in conn.execute("select contract_id, kind, executed_on from water_cut_order where state = 'done' "
                                            "order by contract_id, executed_on, ordered_on, id"):
        orders.setdefault(contract, []).append((kind, day))
    for contract, ended in conn.execute("select id, date_end from water_contract order by id").fetchall():
        state = "active"
        for kind, day in orders.get(contract, []):
            after = "cut" if kind == "cut" else "active"
            if after == state or (ended and day > ended):
                continue
            at = datetime.combine(day, time(17)) + timedelta(microseconds=contract - 1)
            yield Change("water.contract", contract, at, _one_of(users, rng, "cobros1", "cobros2"), {"state": (state, after)})
            state = after
        if ended:
            yield Change("water.contract", contract, datetime.combine(ended, time(18)) + timedelta(microseconds=7),
                         _one_of(users, rng, "servicio1", "servicio2", "servicio3"), {"state": (state, "closed"), "date_end": (None, ended)})


def _customers(conn: Connection, users: dict[str, int], rng: np.random.Generator) -> Iterator[Change]:
    """Corrections of name, phone and number, on the customers that were written after they were created; a few corrected twice."""
    for partner, name, vat, phone, mobile, created, written in conn.execute(
            "select id, name, vat, phone, mobile, create_date, write_date from res_partner "
            "where customer_rank > 0 and write_date > create_date order by id").fetchall():
        draw = rng.random(6)
        if draw[0] < UNTRACKED:
            continue  # a field that is not tracked
        now = {"name": name, "vat": vat, "phone": phone, "mobile": mobile}
        wanted = "name" if draw[1] < 0.3 else "vat" if draw[1] < 0.5 else "phone" if draw[1] < 0.8 else "mobile"
        chosen = wanted if now[wanted] else "name"
        user = _one_of(users, rng, "servicio1", "servicio2", "servicio3", "servicio4", "facturacion")
        before = _wrong(chosen, now[chosen], draw[2])
        if draw[3] < 0.15 and before is not None:
            first = created + (written - created) * (0.2 + 0.6 * draw[4])
            yield Change("res.partner", partner, first, user, {chosen: (_wrong(chosen, before, draw[5]), before)})
        yield Change("res.partner", partner, written, user, {chosen: (before, now[chosen])})


def _holders(conn: Connection, users: dict[str, int]) -> Iterator[Change]:
    """Contracts that passed from one customer to another: the last request for it that was granted, on the day that it was."""
    people = conn.execute("select id, name from res_partner where customer_rank > 0 and company_id is distinct from 2 order by id").fetchall()
    names = dict(people)
    for contract, partner, closed in conn.execute("""
            select distinct on (c.id) c.id, c.partner_id, r.closed_at from water_service_request r join water_contract c on c.id = r.contract_id
            where r.kind = 'holder_change' and r.state = 'done' and c.partner_id is not null order by c.id, r.closed_at desc""").fetchall():
        before = people[(contract * 7_919 + partner) % len(people)]
        if before[0] != partner:
            yield Change("water.contract", contract, closed, users["servicio2"], {"partner_id": (Named(*before), Named(partner, names[partner]))})


def _frauds(conn: Connection, users: dict[str, int]) -> Iterator[Change]:
    """Marks of fraud: set once, set again after they had been lifted, or lifted for good."""
    customers = "select id, x_fraud_flag, create_date from res_partner where customer_rank > 0 order by id"
    for partner, marked, created in conn.execute(customers).fetchall():
        begin = max(created, datetime(2024, 1, 1))
        steps: list[tuple[float, bool]] = []
        if marked:
            steps = [(0.25, True), (0.45, False), (0.7, True)] if partner % 4 == 0 else [(0.2 + partner % 7 / 10, True)]
        elif partner % 211 == 30:
            steps = [(0.3, True), (0.55, False)]
        for part, value in steps:
            at = begin + (ENDS_AT - timedelta(days=4) - begin) * part
            yield Change("res.partner", partner, at, users["supervisor1"], {"x_fraud_flag": (not value, value)})


def _wrong(name: str, value: str, u: float) -> str | None:
    """What stood there before it was corrected."""
    if name != "name" and u < 0.35:
        return None
    if name == "name":
        k = 1 + int(u * (len(value) - 2))
        return value[:k] + value[k + 1:]
    digits = [i for i, c in enumerate(value) if c.isdigit()]
    k = digits[int(u * len(digits))]
    return value[:k] + str((int(value[k]) + 1) % 10) + value[k + 1:]


def _supply_points(conn: Connection, users: dict[str, int], rng: np.random.Generator) -> Iterator[Change]:
    """Supply points that were on another route, or in another sector."""
    routes = {i: (Named(i, name), sector) for i, name, sector in conn.execute("select id, name, sector_id from water_route order by id")}
    sectors = {i: Named(i, name) for i, name in conn.execute("select id, name from water_sector order by id")}
    points = conn.execute("select id, sector_id, route_id, create_date from water_supply_point "
                          "where sector_id is not null and create_date < %s order by id", [datetime(2026, 6, 1)]).fetchall()
    for k in np.sort(rng.choice(len(points), max(4, round(len(points) * MOVED_POINTS)), replace=False)).tolist():
        point, sector, route, created = points[k]
        draw = rng.random(3)
        same = [i for i, (_, s) in routes.items() if s == sector and i != route]
        others = [i for i, (_, s) in routes.items() if s != sector]
        old = (same if same and draw[0] < 0.5 else others)[int(draw[1] * 1e6) % len(same if same and draw[0] < 0.5 else others)]
        begin = max(created, datetime(2024, 1, 1))
        at = begin + (ENDS_AT - timedelta(days=4) - begin) * draw[2]
        values = {"route_id": (routes[old][0], routes[route][0])}
        if routes[old][1] != sector:
            values = {"sector_id": (sectors[routes[old][1]], sectors[sector]), **values}
        yield Change("water.supply.point", point, at, _one_of(users, rng, "supervisor1", "supervisor2"), values)


def _meters(conn: Connection, users: dict[str, int]) -> Iterator[Change]:
    """The retirement of a meter with the one that took its place, and the installation of that one, entered some minutes before as in store."""
    for old, retired, written, new, serial, installed, created, point, code in conn.execute("""
            select m.id, m.retired_on, m.write_date, n.id, n.serial, n.installed_on, n.create_date, n.supply_point_id, p.code
            from water_meter m join water_meter n on n.id = m.replaced_by_id left join water_supply_point p on p.id = n.supply_point_id
            order by m.id""").fetchall():
        user = users["supervisor2"]
        yield Change("water.meter", old, written, user, {"retired_on": (None, retired), "replaced_by_id": (None, Named(new, serial)), "active": (True, False)})
        values: dict[str, tuple[Any, Any]] = {"installed_on": (None, installed)}
        if point is not None:
            values["supply_point_id"] = (None, Named(point, code))
        yield Change("water.meter", new, created + timedelta(minutes=40), user, values)


def _cancellations(conn: Connection, users: dict[str, int], rng: np.random.Generator) -> Iterator[Change]:
    """Invoices that were issued with an error, cancelled the same morning."""
    for move, created in conn.execute("select id, create_date from account_move where state = 'cancel' and move_type <> 'entry' order by id").fetchall():
        at = created + timedelta(hours=5, minutes=int(rng.random() * 240), seconds=int(rng.random() * 60))
        yield Change("account.move", move, at, _one_of(users, rng, "facturacion", "supervisor1"), {"state": ("posted", "cancel")})


def _messages(conn: Connection, users: dict[str, int], rng: np.random.Generator) -> Iterator[Change]:
    """What is in the same table and tracks nothing: creations of contracts, and remarks that people wrote about customers."""
    for contract, created in conn.execute("select id, create_date from water_contract where date_start >= %s order by id", [_SINCE]).fetchall():
        yield Change("water.contract", contract, created, users["servicio1"], body="<p>Contrato creado</p>")
    partners = [row[0] for row in conn.execute("select distinct partner_id from water_contract where partner_id is not null order by 1")]
    for partner in rng.choice(partners, len(partners) // 25, replace=False).tolist():
        at = datetime.combine(TODAY, time(14)) - timedelta(days=rng.random() * 300)
        yield Change("res.partner", partner, at, _one_of(users, rng, "servicio1", "servicio2"),
                     body=f"<p>{_REMARKS[partner % len(_REMARKS)]}</p>", kind="comment")
