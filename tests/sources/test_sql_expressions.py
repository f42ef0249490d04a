"""What a field of Odoo becomes in SQL: languages, companies, defaults, floats, many2many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from sources.contract import Column, Entity, MappingError
from sources.odoo import grants, mapping
from tests.sources.by_sql import as_role, connected

COLUMNS = (Column("id", "id", "id"), Column("name", "text", "name"), Column("price", "money", "price"), Column("owner_id", "many2one", "owner_id"),
           Column("flag", "boolean", "flag"), Column("note", "text", "note"), Column("tags", "many2many", "tag_ids"), Column("at", "datetime", "at"))
THING = Entity("thing", "lab.thing", COLUMNS, change=None, amount="price", file="x.yml")
TABLES = """
create table lab_thing (id int primary key, name jsonb, price double precision, owner_id jsonb, flag boolean, note varchar, at timestamp);
create table lab_thing_tag_rel (thing_id int, tag_id int);
insert into ir_model_fields (model, name, ttype, store, translate, company_dependent, relation_table, column1, column2, field_description) values
    ('lab.thing', 'id', 'integer', true, false, false, null, null, null, '{"en_US": "ID"}'),
    ('lab.thing', 'name', 'char', true, true, false, null, null, null, '{"en_US": "Name", "es_DO": "Nombre"}'),
    ('lab.thing', 'price', 'float', true, false, false, null, null, null, '{"en_US": "Price"}'),
    ('lab.thing', 'owner_id', 'many2one', true, false, true, null, null, null, '{"en_US": "Owner"}'),
    ('lab.thing', 'flag', 'boolean', true, false, false, null, null, null, '{"en_US": "Flag"}'),
    ('lab.thing', 'note', 'char', true, false, false, null, null, null, '{"en_US": "Note"}'),
    ('lab.thing', 'at', 'datetime', true, false, false, null, null, null, '{"en_US": "At"}'),
    ('lab.thing', 'tag_ids', 'many2many', true, false, false, 'lab_thing_tag_rel', 'thing_id', 'tag_id', '{"en_US": "Tags"}');
insert into ir_default (field_id, company_id, json_value)
    select id, c, v from ir_model_fields, (values (2, '20'), (null, '30')) as d (c, v) where model = 'lab.thing' and name = 'owner_id';
insert into lab_thing values
    (1, '{"en_US": "Water", "es_ES": "Agua (ES)", "es_DO": "Agua"}', 0.285, '{"1": 7, "2": 8}', true, '', '2026-01-01 10:00:00.123456'),
    (2, '{"en_US": "Water", "es_ES": "Agua (ES)"}', 1234.4849999999997, '{"1": 7}', null, E'a\\tb\\\\c\\nd', null),
    (3, '{"en_US": "Water"}', null, null, false, null, null),
    (4, '{"fr_FR": "Eau"}', 1e15, '{}', false, 'x', null);
insert into lab_thing_tag_rel values (1, 30), (1, 4), (1, 5), (3, 9);
"""


@pytest.fixture(scope="module")
def source(module_lab) -> Iterator[str]:
    module_lab.source(TABLES)
    yield module_lab.source_dsn


def cells(url: str, company: int) -> list[list[str]]:
    with connected(url) as transport:
        text = b"".join(batch.text for stream in transport.changes(replace(THING, companies=(company,)), None) for batch in stream).decode()
    return sorted(line.split("\t") for line in text.splitlines())


def test_texts_languages_floats_and_lists(source: str) -> None:
    assert cells(source, 1) == [
        ["1", "Agua", "0.285", "7", "t", "", "{4,5,30}", "2026-01-01 10:00:00.123456"],
        ["2", "Agua (ES)", "1234.4849999999997", "7", "f", "a\\tb\\\\c\\nd", "{}", "\\N"],
        ["3", "Water", "\\N", "30", "f", "\\N", "{9}", "\\N"],
        ["4", "Eau", "1e+15", "30", "f", "x", "{}", "\\N"],
    ]


def test_a_company_has_its_own_value_then_its_own_default_then_everyones(source: str) -> None:
    assert [row[3] for row in cells(source, 2)] == ["8", "20", "20", "20"]
    assert [row[3] for row in cells(source, 3)] == ["30", "30", "30", "30"]


def test_sums_and_prints_are_of_what_the_raw_table_will_hold(source: str) -> None:
    from sources.prints import SESSION, range_prints, read_prints

    with connected(source) as transport, psycopg.connect(source) as conn:
        cents = Decimal("0.29") + Decimal("1234.48") + Decimal("1000000000000000.00")  # by the decimal that RPC's repr would show
        assert transport.total(THING, THING.column("price")) == cents
        prints = transport.prints(THING, 2)
        conn.execute(SESSION)
        conn.execute("""create temporary table raw (id bigint, name text, price numeric(18,2), owner_id bigint, flag boolean, note text, tags bigint[],
                        at timestamp with time zone)""")
        for stream in transport.changes(THING, None):
            with conn.cursor() as cursor, cursor.copy("copy raw from stdin") as copy:
                for batch in stream:
                    copy.write(batch.text)
        columns = [(c, psycopg.sql.Identifier(c.name)) for c in THING.read]
        query = psycopg.sql.SQL("select {} from raw group by 1").format(range_prints(columns, psycopg.sql.Identifier("id"), 2))
        assert read_prints(conn.execute(query)) == prints and len(prints) == 3
        conn.execute("update raw set note = null where id = 1")  # '' is not NULL
        assert {n for n, p in read_prints(conn.execute(query)).items() if p != prints[n]} == {0}


def test_fields_are_told_with_their_labels(source: str) -> None:
    with connected(source) as transport:
        fields = transport.describe(THING)
        mapping.check(THING, fields)
    assert (fields["name"].label, fields["tag_ids"].type, fields["price"].stored) == ("Nombre", "many2many", True)


INHERITED = """
create table lab_part (id int primary key, thing_id int, boss_id int);
create table lab_boss (id int primary key, label jsonb, fee double precision, is_here boolean, home_id int);
create table lab_home (id int primary key, street varchar, secret varchar);
insert into ir_model_fields (model, name, ttype, store, translate, company_dependent, relation, related, field_description) values
    ('lab.part', 'id', 'integer', true, false, false, null, null, '{"en_US": "ID"}'),
    ('lab.part', 'boss_id', 'many2one', true, false, false, 'lab.boss', null, '{"en_US": "Boss"}'),
    ('lab.part', 'label', 'char', false, true, false, null, 'boss_id.label', '{"en_US": "Label"}'),
    ('lab.part', 'fee', 'float', false, false, false, null, 'boss_id.fee', '{"en_US": "Fee"}'),
    ('lab.part', 'is_here', 'boolean', false, false, false, null, 'boss_id.is_here', '{"en_US": "Here"}'),
    ('lab.part', 'street', 'char', false, false, false, null, 'boss_id.street', '{"en_US": "Street"}'),
    ('lab.part', 'loop', 'char', false, false, false, null, 'boss_id.loop', '{"en_US": "Loop"}'),
    ('lab.boss', 'id', 'integer', true, false, false, null, null, '{"en_US": "ID"}'),
    ('lab.boss', 'label', 'char', true, true, false, null, null, '{"en_US": "Label"}'),
    ('lab.boss', 'fee', 'float', true, false, false, null, null, '{"en_US": "Fee"}'),
    ('lab.boss', 'is_here', 'boolean', true, false, false, null, null, '{"en_US": "Here"}'),
    ('lab.boss', 'home_id', 'many2one', true, false, false, 'lab.home', null, '{"en_US": "Home"}'),
    ('lab.boss', 'street', 'char', false, false, false, null, 'home_id.street', '{"en_US": "Street"}'),
    ('lab.boss', 'loop', 'char', false, false, false, null, 'home_id.loop', '{"en_US": "Loop"}'),
    ('lab.home', 'street', 'char', true, false, false, null, null, '{"en_US": "Street"}');
insert into lab_home values (5, 'Calle Duarte', 's3creto');
insert into lab_boss values (8, '{"en_US": "Ana", "es_DO": "Ana (DO)"}', 0.285, true, 5);
insert into lab_part values (1, 1, 8), (2, 2, null);
"""
PART = Entity("part", "lab.part", (
    Column("id", "id", "id"), Column("label", "text", "label"), Column("fee", "money", "fee"), Column("is_here", "boolean", "is_here"),
    Column("street", "text", "street")), change=None, amount="fee", file="x.yml")


def test_a_field_that_is_another_records_is_read_there_with_no_more_rights_than_it_needs(module_lab, source: str) -> None:
    """As Odoo has a product's name in its template and a user's in his partner."""
    module_lab.source(INHERITED)
    with psycopg.connect(source) as conn:
        conn.execute(grants.grants([PART], "lab"))
        conn.execute(f"alter role {grants.ROLE} password 'x'")
    with connected(as_role(source, grants.ROLE, "x")) as transport:
        fields = transport.describe(PART)
        mapping.check(PART, fields)
        text = b"".join(batch.text for stream in transport.changes(PART, None) for batch in stream).decode()
        assert sorted(text.splitlines()) == ["1\tAna (DO)\t0.285\tt\tCalle Duarte", "2\t\\N\t\\N\tf\t\\N"]
        assert transport.total(PART, PART.column("fee")) == Decimal("0.29")
        assert len(transport.prints(PART, 10)) == 1
        only = replace(PART, domain=(("street", "=", "Calle Duarte"),))
        assert transport.count(only) == 1
        with pytest.raises(MappingError, match=r"part\.loop"):
            transport.describe(replace(PART, columns=(*PART.columns, Column("loop", "text", "loop", 9))))
    with psycopg.connect(as_role(source, grants.ROLE, "x")) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select secret from lab_home")
