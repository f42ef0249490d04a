"""The reference utility in the raw tables, at any size: a tile laid side by side by `insert … select … generate_series`.

Row n of an entity that belongs to a contract becomes N rows, (n − 1) × N + 1 … n × N, one a copy: ids stay in the order in which things were
created, all over the utility, as Odoo gives them. References, codes, fiscal numbers and identifications follow (an identification keeps its
check digit right, or wrong, as it was). What belongs to all (sectors, concepts, journals, cycles, users) stays one; there is a set of routes for
each CONTRACTS_A_ROUTE_SET contracts. The same rows for the same size.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.warehouse import tile
from caudal import warehouse
from demo.odoo import schema
from demo.utility.catalogue import TODAY
from demo.utility.masters import FIRST_CUSTOMER_ID
from sources import tables
from sources.contract import Column, Entity
from sources.odoo import mapping

TILE_CONTRACTS = 1_500
CONTRACTS_A_ROUTE_SET = 18_000  # 36 routes: 500 contracts each
ROUTE, PARTNER, LOG = "water.route", "res.partner", "auditlog.log"
# what belongs to a contract, a customer or the money of one
OWN = frozenset((
    PARTNER, "water.supply.point", "water.contract", "water.meter", "water.reading", "account.move", "account.move.line", "account.payment",
    "account.partial.reconcile", "mail.message", "mail.tracking.value", LOG, "auditlog.log.line", "water.cut.order", "water.claim", "water.agreement",
    "water.agreement.instalment", "water.meter.event", "water.reading.incident", "water.tariff.change", "pos.session", "water.bank.remittance",
    "water.bank.remittance.line", "ir.attachment", "helpdesk.ticket", "water.work.order", "water.service.request", "water.appointment",
    "water.virtual.office.action", "water.bill.delivery",
))
NUMBERED = frozenset((  # entity.column: text that ends in a number of its own
    "account_move.name", "account_move_line.move_name", "account_payment.name", "supply_point.code", "supply_point.cadastral_code", "contract.code",
    "meter.serial", "agreement.name", "work_order.name", "service_request.name", "support_ticket.ticket_ref", "cash_session.name",
    "bank_remittance.name", "bank_remittance_line.reference",
))
FISCAL = frozenset(("account_move.l10n_do_fiscal_number", "account_move.l10n_do_origin_ncf"))
POINTED = re.compile(r"^(old|new)_value(_text)?$")  # of an audit log line: "(81, 'C-000081')"

# n: copies; k: this copy. Each is one expression that PostgreSQL inlines.
FUNCTIONS = """
create function pg_temp.own(id bigint, n bigint, k bigint) returns bigint language sql immutable as $$ select (id - 1) * n + k + 1 $$;
create function pg_temp.partner(id bigint, n bigint, k bigint) returns bigint language sql immutable as
    $$ select case when id < {first} then id else {first} + (id - {first}) * n + k end $$;
create function pg_temp.route(id bigint, sets bigint, k bigint) returns bigint language sql immutable as $$ select (id - 1) * sets + k % sets + 1 $$;
create function pg_temp.numbered(code text, n bigint, k bigint) returns text language sql immutable as $$
    select case when code ~ '[0-9]$' then rtrim(code, '0123456789') || lpad(
        ((substr(code, length(rtrim(code, '0123456789')) + 1)::bigint - 1) * n + k + 1)::text,
        greatest(length(code) - length(rtrim(code, '0123456789')),
                 length(((substr(code, length(rtrim(code, '0123456789')) + 1)::bigint - 1) * n + k + 1)::text)), '0') else code end $$;
create function pg_temp.fiscal(code text, n bigint, k bigint) returns text language sql immutable as
    $$ select left(code, 3) || lpad(((substr(code, 4)::bigint - 1) * n + k + 1)::text, length(code) - 3, '0') $$;
create function pg_temp.telephone(number text, k bigint) returns text language sql immutable as $$
    select case when k > 0 and number ~ '^\\d{{3}}-\\d{{3}}-\\d{{4}}$'
        then regexp_replace(lpad(((right(replace(number, '-', ''), 7)::bigint + k * 90007) % 10000000)::text, 7, '0'), '^(...)(....)$', left(number, 4) || '\\1-\\2')
        else number end $$;
create function pg_temp.luhn(base text) returns int language sql immutable as $$
    select (10 - sum(case when i % 2 = 1 then d else (array[0, 2, 4, 6, 8, 1, 3, 5, 7, 9])[d + 1] end)::int % 10) % 10
    from (select i, substr(base, i, 1)::int as d from generate_series(1, 10) as i) as digits $$;
create function pg_temp.rnc(base text) returns int language sql immutable as $$
    select mod(10 - mod(sum((array[7, 9, 8, 6, 5, 4, 3, 2])[i] * substr(base, i, 1)::int)::int, 11), 9) + 1 from generate_series(1, 8) as i $$;
create function pg_temp.shifted(number text, k bigint) returns text language sql immutable as
    $$ select left(number, 2) || lpad(((substr(number, 3)::bigint + k * 7901) % (10 ^ (length(number) - 2))::bigint)::text, length(number) - 2, '0') $$;
create function pg_temp.identification(number text, k bigint) returns text language sql immutable as $$
    select case when k = 0 then number
        when number ~ '\\D' and number ~ '^[0-9 -]+$' then pg_temp.identification(regexp_replace(number, '\\D', '', 'g'), k)
        when number ~ '^\\d{{11}}$' then pg_temp.shifted(left(number, 10), k)
            || (pg_temp.luhn(pg_temp.shifted(left(number, 10), k)) + right(number, 1)::int - pg_temp.luhn(left(number, 10)) + 10) % 10
        when number ~ '^\\d{{9}}$' and right(number, 1)::int = pg_temp.rnc(left(number, 8))
            then pg_temp.shifted(left(number, 8), k) || pg_temp.rnc(pg_temp.shifted(left(number, 8), k))
        else number end $$;
"""


@dataclass(frozen=True)
class Plan:
    """A size: contracts of the tile, how often it is laid, months, and sets of routes."""

    tile: int
    copies: int
    months: int
    route_sets: int

    @classmethod
    def of(cls, contracts: int, months: int) -> Plan:
        """The fewest copies, two at least, whose tile is small and divides `contracts`. ValueError when there is none."""
        copies = next((n for n in range(2, 1 + contracts // 200) if contracts % n == 0 and contracts // n <= TILE_CONTRACTS), None)
        if copies is None:
            raise ValueError(f"{contracts} contracts are no whole number of tiles of 200 to {TILE_CONTRACTS}")
        return cls(contracts // copies, copies, months, max(1, min(copies, contracts // CONTRACTS_A_ROUTE_SET)))


def signature(contracts: int, months: int) -> str:
    """What the raw tables are made by: another one means that they are to be made anew."""
    code = b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("[dt]*.py")))
    demo = b"".join(p.read_bytes() for folder in ("utility", "odoo/models") for p in sorted((Path(schema.__file__).parents[1] / folder).glob("*.*")))
    return hashlib.sha256(repr((contracts, months)).encode() + code + demo).hexdigest()


def generate(contracts: int, months: int, tell: Callable[[str], None]) -> int:
    """Fill the raw tables of the warehouse of `settings()`, which must hold none. Returns the rows."""
    plan = Plan.of(contracts, months)
    tell(f"tile of {plan.tile:,} contracts × {months} months")
    tile.load(plan.tile, months)
    entities = [e for e in mapping.load(mapping.path_of("demo")) if not e.absent]
    with psycopg.connect(warehouse.settings().warehouse_url("owner"), application_name="caudal:bench") as conn:
        conn.execute("set synchronous_commit = off")
        conn.execute(FUNCTIONS.format(first=FIRST_CUSTOMER_ID))
        conn.execute("create schema tile")
        for entity in entities:
            if entity.model in OWN or entity.model == ROUTE:
                tell(f"{entity.name} × {plan.copies}")
                _lay(conn, entity, plan)
        _rest(conn, plan)
        conn.execute("drop schema tile cascade")
        total = sum(conn.execute(sql.SQL("select count(*) from {}").format(tables.qualified(e))).fetchone()[0] for e in entities)
    with psycopg.connect(warehouse.settings().warehouse_url("owner"), autocommit=True) as conn:
        tell("vacuum")
        conn.execute("vacuum (freeze, analyze)")
    return total


def _lay(conn: psycopg.Connection, entity: Entity, plan: Plan) -> None:
    """Move the tile's table away, make the raw table from the mapping, and fill it."""
    old = sql.Identifier("tile", entity.table)
    conn.execute(sql.SQL("alter table {} set schema tile").format(tables.qualified(entity)))
    conn.execute("set local role caudal_load")  # whose tables the raw ones are, and what it grants by default
    tables.ensure(conn, entity)
    conn.execute("reset role")
    stored = list(tables.stored(conn, entity))
    columns = {c.name: c for c in entity.columns}
    values = sql.SQL(", ").join(_value(entity, columns.get(c), c) for c in stored)
    copies = plan.route_sets if entity.model == ROUTE else plan.copies
    conn.execute(sql.SQL("insert into {} ({}) select {} from {} as t cross join lateral generate_series(0, {}) as k {}").format(
        tables.qualified(entity), sql.SQL(", ").join(map(sql.Identifier, stored)), values, old, sql.Literal(copies - 1), _once(entity)
    ).as_string(conn).replace("$n", str(plan.copies)).replace("$sets", str(plan.route_sets)))


def _value(entity: Entity, column: Column | None, name: str) -> sql.Composable:
    """The expression that gives a column of copy k."""
    plain = sql.SQL("t.{}").format(sql.Identifier(name))
    if name == "_loaded_at":
        return sql.SQL("timestamptz {}").format(sql.Literal(f"{TODAY} 10:00:00+00"))  # before the days to come
    if column is None or column.absent:
        return plain
    field, path = schema.models()[entity.model].fields.get(column.source), f"{entity.name}.{name}"
    if column.type == "id":
        return _moved(entity.model, plain) or plain
    if name in ("res_id", "old_value_integer", "new_value_integer"):
        return _by_model(entity, plain)
    if column.type == "many2one" and field is not None and field.relation:
        return _moved(field.relation, plain) or plain
    if path in NUMBERED:
        return sql.SQL("pg_temp.numbered({}, $n, k)").format(plain)
    if path in FISCAL:
        return sql.SQL("pg_temp.fiscal({}, $n, k)").format(plain)
    special = {
        "customer.vat": "pg_temp.identification({0}, k)", "customer.phone": "pg_temp.telephone({0}, k)", "customer.mobile": "pg_temp.telephone({0}, k)",
        "customer.email": "case when k = 0 then {0} else replace({0}, '@', k || '@') end",
        "customer.street": "{0} || case when k > 0 and {0} <> '' then ' Edificio ' || k else '' end",
        "customer_document.checksum": "md5({0} || k)",
        "account_move.ref": "coalesce(regexp_replace({0}, '(\\D)(\\d+)($|,)', '\\1' || pg_temp.numbered(substring({0} from '(\\d+)(?:$|,)'), $n, k) || '\\3'), {0})",
        "route.code": "{0} || case when k > 0 then chr((64 + k)::int) else '' end", "route.name": "{0} || case when k > 0 then chr((64 + k)::int) else '' end",
        "audit_log.name": "case when {0} ~ ',\\d+$' then rtrim({0}, '0123456789') || t.res_id else {0} end",
    }.get(path)
    if special:
        return sql.SQL(special).format(plain)
    if entity.name == "audit_log_line" and POINTED.match(name):
        return sql.SQL("case when {0} ~ '^\\(\\d+, ' then '(' || pg_temp.own((regexp_match({0}, '\\d+'))[1]::bigint, $n, k) "
                       "|| substr({0}, position(',' in {0})) else {0} end").format(plain)
    return plain


def _moved(model: str, value: sql.Composable) -> sql.Composable | None:
    """The id of copy k of a record of `model`; None when there is one for all."""
    if model == PARTNER:
        return sql.SQL("pg_temp.partner({}, $n, k)").format(value)
    if model == ROUTE:
        return sql.SQL("pg_temp.route({}, $sets, k)").format(value)
    return sql.SQL("pg_temp.own({}, $n, k)").format(value) if model in OWN else None


def _by_model(entity: Entity, value: sql.Composable) -> sql.Composable:
    """An id whose model another column (or the tracked field) tells."""
    kind = {"message": "t.model", "audit_log": "t.model_model", "customer_document": "t.res_model",
            "tracking_value": "(select f.relation from raw.odoo_model_field as f where f.id = t.field_id)"}[entity.name]
    whens = [sql.SQL("when {} then {}").format(sql.Literal(model), _moved(model, value)) for model in sorted(OWN | {ROUTE})]
    return sql.SQL("case when {0} = 0 then 0 else case {1} {2} else {0} end end").format(value, sql.SQL(kind), sql.SQL(" ").join(whens))


def _once(entity: Entity) -> sql.Composable:
    """Records of this entity that there is one of for all copies."""
    own = sql.SQL(", ").join(map(sql.Literal, sorted(OWN)))
    if entity.model == PARTNER:
        return sql.SQL("where k = 0 or t.id >= {}").format(sql.Literal(FIRST_CUSTOMER_ID))
    if entity.name == "audit_log":
        return sql.SQL("where k = 0 or t.model_model in ({})").format(own)
    if entity.name == "audit_log_line":
        return sql.SQL("where k = 0 or (select l.model_model in ({}) from tile.odoo_audit_log as l where l.id = t.log_id)").format(own)
    return sql.SQL("")


def _rest(conn: psycopg.Connection, plan: Plan) -> None:
    """What hangs from the copies in tables that the mapping does not make, and totals of the whole."""
    n, sets = plan.copies, plan.route_sets
    conn.execute("create table tile.located as select * from raw.gis_supply_point; truncate raw.gis_supply_point")
    conn.execute(f"insert into raw.gis_supply_point select pg_temp.own(t.supply_point_id, {n}, k), t.located_sector_code, t.metres_from_sector, t._source, "
                 f"t._loaded_at, t._run_id from tile.located as t cross join lateral generate_series(0, {n - 1}) as k")
    columns = [r[0] for r in conn.execute("select attname from pg_attribute where attrelid = 'raw.gis_route'::regclass and attnum > 0 and not attisdropped "
                                          "order by attnum")]
    others = ", ".join(c for c in columns if c != "route_code")
    conn.execute(f"insert into raw.gis_route (route_code, {others}) select route_code || chr(64 + k), {others} from raw.gis_route, generate_series(1, {sets - 1}) k")
    conn.execute(f"update raw.odoo_billing_cycle_step set documents = documents * {n}")
    conn.execute(f"update raw.telemetry_hour set flow_m3h = flow_m3h * {n}, counter_m3 = counter_m3 * {n}")
    conn.execute(f"update ops.run set rows_read = rows_read * {n}, rows_inserted = rows_inserted * {n} where pipeline = 'replicate'")
    conn.execute(f"update ops.watermark set max_id = max_id * {n}")
