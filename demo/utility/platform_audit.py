"""What OCA's auditlog wrote down: readings corrected and deleted, users created and given groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from demo.odoo import schema
from demo.utility import copying as out
from demo.utility.platform_registry import field_ids, model_ids
from demo.utility.stamps import ids_from

PROMOTED = ("supervisor1", "supervisor2")  # users who got a group later than their account


@dataclass
class Entry:
    """One create, write or unlink: field → (value before, value after), each with its text; None where there is none."""

    model: str
    record: int
    name: str
    method: str
    at: datetime
    user: int
    values: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def write_audit(conn: Connection, rows: dict[str, int], rng: np.random.Generator) -> None:
    """COPY auditlog_log and auditlog_log_line."""
    users = dict(conn.execute("select login, id from res_users").fetchall())
    entries = sorted([*_readings(conn, users, rng), *_users(conn, users)], key=lambda e: (e.at, e.model, e.record))
    ids = ids_from(len(entries))
    when, who = [e.at.isoformat(sep=" ") for e in entries], [str(e.user) for e in entries]
    rows["auditlog_log"] = out.copy_rows(conn, "auditlog_log", {
        "id": ids, "create_date": when, "write_date": when, "create_uid": who, "write_uid": who, "name": out.texts([e.name for e in entries]),
        "model_id": [str(model_ids()[e.model]) for e in entries], "model_name": [_title(e.model) for e in entries],
        "model_model": [e.model for e in entries], "res_id": [str(e.record) for e in entries], "user_id": who, "method": [e.method for e in entries],
        "log_type": "full"})
    lines = [(log, e, name, *pair) for log, e in zip(ids, entries, strict=True) for name, pair in e.values.items()]
    when, who = [v[1].at.isoformat(sep=" ") for v in lines], [str(v[1].user) for v in lines]
    rows["auditlog_log_line"] = out.copy_rows(conn, "auditlog_log_line", {
        "id": ids_from(len(lines)), "create_date": when, "write_date": when, "create_uid": who, "write_uid": who,
        "log_id": [v[0] for v in lines], "field_id": [str(field_ids()[v[1].model, v[2]]) for v in lines], "field_name": [v[2] for v in lines],
        "field_description": [schema.label(v[2]) for v in lines],
        "old_value": out.texts([_said(v[3]) for v in lines]), "new_value": out.texts([_said(v[4]) for v in lines]),
        "old_value_text": out.texts([_said(v[3]) for v in lines]), "new_value_text": out.texts([_said(v[4]) for v in lines])})


def _title(model: str) -> str:
    return schema.label(model.replace(".", "_"))


def _said(value: Any) -> str | None:
    """Python's text of the value, as the module writes it."""
    return None if value is None else str(value)


def _readings(conn: Connection, users: dict[str, int], rng: np.random.Generator) -> Iterator[Entry]:
    """The doubled readings made good, and the ids that are missing: readings entered twice and deleted the same day."""
    query = """select r.id, r.contract_id, c.code, r.billing_period, r.value::float, r.consumption_m3::float, r.kind, r.create_date, r.write_date
               from water_reading r join water_contract c on c.id = r.contract_id {} order by r.id"""
    for reading, _, _, _, _, m3, kind, _, written in conn.execute(query.format("where r.write_date > r.create_date")).fetchall():
        yield Entry("water.reading", reading, f"water.reading,{reading}", "write", written, users["supervisor2"],
                    {"consumption_m3": (m3 * 2, m3), "kind": ("real", kind)} if kind != "real" else {"consumption_m3": (m3 * 2, m3)})
    missing = "where not exists (select from water_reading b where b.id = r.id - 1) and r.id > 1"
    for twin, contract, code, period, value, m3, kind, created, _ in conn.execute(query.format(missing)).fetchall():
        values = {"contract_id": ((contract, code), None), "billing_period": (period, None), "consumption_m3": (m3, None), "kind": (kind, None)}
        if value is not None:
            values["value"] = (value, None)
        yield Entry("water.reading", twin - 1, f"water.reading,{twin - 1}", "unlink", created + timedelta(minutes=20 + int(rng.random() * 200)),
                    users["facturacion"], values)


def _users(conn: Connection, users: dict[str, int]) -> Iterator[Entry]:
    """Accounts that the administrator made, and groups given later (which leaves write_date as it was)."""
    groups: dict[int, list[int]] = {}
    for uid, gid in conn.execute("select uid, gid from res_groups_users_rel order by uid, gid"):
        groups.setdefault(uid, []).append(gid)
    for uid, login, name, created in conn.execute("select id, login, name, create_date from res_users where create_uid = 2 order by id").fetchall():
        late = groups[uid][-1:] if login in PROMOTED else []
        first = [gid for gid in groups[uid] if gid not in late]
        yield Entry("res.users", uid, name, "create", created, users["admin"], {"login": (None, login), "name": (None, name), "groups_id": (None, first)})
        if late:
            yield Entry("res.users", uid, name, "write", created + timedelta(days=90), users["admin"], {"groups_id": (first, groups[uid])})
