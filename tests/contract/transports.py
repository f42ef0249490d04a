"""The transports under contract and what they read: a real Odoo when ODOO_URL is set, else a small source made on purpose.

A new transport is one more line in TRANSPORTS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import odoorpc
import psycopg
import pytest

from caudal.settings import settings
from sources import transports
from sources.contract import Batch, Column, Encoded, Entity, Transport
from sources.converting import Converting
from tests.contract.odoo_server import Server

WITHOUT_RULES = "18.0, sin reglas de registro"
PAGE_ROWS = 10  # several pages even of a small server's partners
MOST_ROWS = 500  # and no more than these of a large one's


@dataclass(frozen=True)
class Source(Server):
    """A server, and what else a transport may need to read it. `dsn` only where its database is ours."""

    api_key: str = ""
    audit: dict[str, str] = field(default_factory=dict)
    dsn: str = ""


@dataclass(frozen=True)
class Case:
    """A transport, the version of Odoo it is tried on, and the settings it reads."""

    transport: str
    version: str
    settings: Callable[[Source], dict[str, str]]
    rules: bool = True
    """Whether Odoo's record rules hold for it."""

    @property
    def server(self) -> str:
        """Which of the servers under contract it reads: where no rules hold, one that has none is what it is compared with."""
        return self.version if self.rules else WITHOUT_RULES


def _rpc(source: Source) -> dict[str, str]:
    audit = {"ODOO_AUDIT_USER": source.audit["user"], "ODOO_AUDIT_PASSWORD": source.audit["password"]} if source.audit else {}
    return {"ODOO_USER": source.user, "ODOO_PASSWORD": source.password, **audit}


def _json2(source: Source) -> dict[str, str]:
    return {"ODOO_API_KEY": source.api_key, **({"ODOO_AUDIT_API_KEY": source.audit["key"]} if source.audit else {})}


def _sql(source: Source) -> dict[str, str]:
    return {"ODOO_SQL_URL": source.dsn, "ODOO_USER": source.user}


TRANSPORTS = {
    "rpc": Case("rpc", "18.0", _rpc),
    "rpc-19": Case("rpc", "19.0", _rpc),  # the same methods, but for those that 19 replaces
    "json2": Case("json2", "19.0", _json2),
    "sql": Case("sql", "18.0", _sql, rules=False),
}
SETTINGS = ("ODOO_URL", "ODOO_DB", "ODOO_USER", "ODOO_PASSWORD", "ODOO_API_KEY", "ODOO_SQL_URL", "ODOO_AUDIT_USER", "ODOO_AUDIT_PASSWORD",
            "ODOO_AUDIT_API_KEY", "ODOO_TRANSPORT")


@contextmanager
def connected(case: Case, source: Source, **changed: str) -> Iterator[Transport]:
    """The transport, made from settings that hold what the case gives it and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        for name, value in {"ODOO_URL": source.url, "ODOO_DB": source.db, "ODOO_TRANSPORT": case.transport, **case.settings(source),
                            **changed}.items():
            patch.setenv(name, value)
        settings.cache_clear()
        try:
            transport = transports.connect(transports.Options(clients=2, page_rows=PAGE_ROWS))
            try:
                yield transport
            finally:
                transport.close()
        finally:
            settings.cache_clear()


# ---------- values: what would be stored, whatever the transport gives

READ: dict[str, Callable[[str], Any]] = {
    "id": int, "many2one": int, "integer": int, "boolean": {"t": True, "f": False}.__getitem__, "money": Decimal, "quantity": Decimal,
    "datetime": lambda text: datetime.fromisoformat(text).replace(tzinfo=None, microsecond=0),
}


def values(entity: Entity, batches: Iterable[Batch | Encoded]) -> list[dict[str, Any]]:
    """The rows in the order they came, by column; None for NULL."""
    rows = []
    with Converting(entity) as convert:
        for batch in batches:
            encoded = convert(batch)
            assert not encoded.rejections
            for line in encoded.text.decode().split("\n")[:-1]:
                rows.append({c.name: _value(c, text) for c, text in zip(entity.read, line.split("\t"), strict=True)})
    return rows


def _value(column: Column, text: str) -> Any:
    return None if text == "\\N" else READ.get(column.type, _unescaped)(text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(m[1], m[1]), text)


# ---------- the source made on purpose

ROWS = """
insert into res_company (id, name) values (1, 'Agua de Moca'), (2, 'Otra empresa');
insert into res_partner (id, name, active, company_id, create_date, write_date) values
    (1, 'OdooBot', true, null, '2026-01-01', '2026-01-01'), (2, 'Réplica', true, 1, '2026-01-01', '2026-01-01');
insert into res_users (id, login, name, active, company_id, partner_id) values
    (1, '__system__', 'OdooBot', true, 1, 1), (2, 'caudal', 'Réplica', true, 1, 2), (3, 'lectora', 'Lectora', true, 2, 2);
insert into res_partner (id, name, street, vat, active, is_company, company_id, customer_rank, create_date, write_date)
    select n, 'Cliente ' || n, case when n % 3 > 0 then 'Calle ' || n end, lpad(n::text, 11, '0'), n % 10 > 0, n % 4 = 0,
           case when n % 25 = 0 then 2 when n % 7 > 0 then 1 end, n % 2, '2026-02-01',
           timestamp '2026-03-01 10:00:00.25' + n * interval '1 minute'
    from generate_series(10, 260) as n;
insert into account_move (id, name, move_type, state, partner_id, date, amount_total, amount_residual, company_id, write_date)
    select n, 'FAC/' || n, 'out_invoice', case when n % 9 = 0 then 'cancel' else 'posted' end, 10 + n, date '2026-01-01' + n,
           n * 100.01, case when n % 5 > 0 then n end, case when n % 20 = 0 then 2 else 1 end, timestamp '2026-03-01' + n * interval '1 hour'
    from generate_series(1, 60) as n;
"""
HIDDEN = {"res.partner": [11, 12, 13]}


def make_source(name: str) -> str:
    """A database with the rows above. Returns its DSN."""
    from caudal import warehouse
    from demo.utility import ddl

    warehouse.ensure_database(name)
    dsn = settings().warehouse_url("owner", name)
    with psycopg.connect(dsn) as conn:
        ddl.create_tables(conn)
        conn.execute(ROWS)
        ddl.finish_tables(conn)
    return dsn


# ---------- entities that any Odoo has

def _columns(**types: str) -> tuple[Column, ...]:
    magic = {"id": "id", "create_date": "datetime", "write_date": "datetime"}
    return tuple(Column(name, kind, name) for name, kind in {**magic, **types}.items())


PARTNERS = Entity("partner", "res.partner", _columns(
    name="text", street="text", vat="text", active="boolean", is_company="boolean", company_id="many2one"))
MOVES = Entity("move", "account.move", _columns(
    name="text", state="text", partner_id="many2one", date="date", amount_total="money", amount_residual="money", company_id="many2one"),
    amount="amount_total")


def first_rows(odoo: odoorpc.ODOO, entity: Entity) -> Entity:
    """The entity, but of a large server its first rows only."""
    ids = odoo.execute_kw(entity.model, "search", [[]], {"order": "id", "limit": MOST_ROWS, "context": {"active_test": False}})
    return replace(entity, domain=(("id", "<=", ids[-1]),))


def truth(odoo: odoorpc.ODOO, entity: Entity, domain: list[Any] | None = None) -> dict[int, dict[str, Any]]:
    """What the package odoorpc reads with the same user: by id, False made None where the column is no boolean."""
    rows = odoo.execute_kw(entity.model, "search_read", [[*entity.domain, *(domain or [])]], {
        "fields": entity.fields, "load": None, "order": "id", "context": {"active_test": False, "lang": odoo.env.context.get("lang")}})
    return {row["id"]: {c.name: _plain(c, row[c.source]) for c in entity.columns} for row in rows}


def _plain(column: Column, value: Any) -> Any:
    if value is False and column.type != "boolean":
        return None
    if column.type == "datetime":
        return datetime.fromisoformat(value)
    return Decimal(repr(value)) if column.type in ("money", "quantity") else value
