"""The role of deploy/odoo_grants.sql reads everything that the mapping names, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from caudal.settings import ROOT
from sources.contract import Column, Entity, MappingError, SourceError
from sources.odoo import grants, mapping
from tests.sources.by_sql import as_role, by_sql, connected

FILE = ROOT / "deploy" / "odoo_grants.sql"
ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo")) if not e.absent}
PASSWORD = "de-la-prueba"


@pytest.fixture(scope="module")
def url(module_lab) -> str:
    """The source as the role of the file, which is applied twice: it may be."""
    script = FILE.read_text()
    with psycopg.connect(module_lab.source_dsn) as conn:
        conn.execute(script)
        conn.execute(script)
        conn.execute(f"alter role {grants.ROLE} password '{PASSWORD}'")
    return as_role(module_lab.source_dsn, grants.ROLE, PASSWORD)


@pytest.fixture(scope="module")
def role(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn


def test_the_file_is_current() -> None:
    assert FILE.read_text() == grants.grants(list(ENTITIES.values()), "demo"), "python -m sources.odoo.grants demo > deploy/odoo_grants.sql"


def test_everything_is_replicated_with_these_rights_alone(lab, url: str) -> None:
    with by_sql(url):
        results = lab.replicate(full=True, clients=3)
    wrong = {name: (r.error, r.warnings) for name, r in results.items() if r.status != "ok" or r.warnings}
    assert wrong == {} and {results[name].reconciliation for name in ENTITIES} == {"ok"}


@pytest.mark.parametrize("query", ["select password from res_users", "select * from res_users", "table res_users_apikeys"])
def test_passwords_and_keys_are_refused(role: psycopg.Connection, query: str) -> None:
    assert role.execute("select count(login) from res_users").fetchone()[0] > 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute(query)


def test_no_column_that_the_mapping_does_not_name_can_be_read(lab, role: psycopg.Connection) -> None:
    named = {(t, c) for t, columns in (grants.REGISTRY | grants.COMPANIES).items() for c in columns}
    for entity in ENTITIES.values():
        table = entity.model.replace(".", "_")
        named |= {(table, c.source) for c in entity.read} | {(table, "company_id"), *((table, leaf[0]) for leaf in entity.domain)}
    every = lab.source("""select c.relname, a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid
                          where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped""")
    links = {row[0] for row in lab.source("select relation_table from ir_model_fields where ttype = 'many2many'")}
    others = {(t, c) for t, c in every if (t, c) not in named and t not in links}
    assert len(others) > 100
    readable = {(t, c) for t, c in others if role.execute("select has_column_privilege(%s, %s, 'select')", [t, c]).fetchone()[0]}
    assert readable == set()


def test_nothing_can_be_written(role: psycopg.Connection) -> None:
    role.execute("set default_transaction_read_only to off")
    for statement in ("update account_move set ref = 'x'", "delete from res_partner", "create table public.mine (id int)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role.execute(statement)


def test_a_right_that_is_missing_is_named_with_its_grant(lab, url: str) -> None:
    lab.source(f"revoke select on account_journal from {grants.ROLE}; grant select (id, name, create_date, write_date) on account_journal to {grants.ROLE}")
    with by_sql(url):
        result = lab.replicate("journal", "claim")
    assert result["claim"].status == "ok"
    assert f"GRANT SELECT (active, code, company_id, type) ON account_journal TO {grants.ROLE};" in result["journal"].error
    lab.source(FILE.read_text())


def test_without_sight_of_open_transactions_it_is_told_and_the_overlap_stands_in(lab, url: str) -> None:
    lab.source(f"revoke pg_read_all_stats from {grants.ROLE}")
    try:
        with connected(url) as transport:
            resume = transport.resume_from(ENTITIES["claim"])
            latest = lab.source("select max(write_date)::timestamptz - interval '30 min' from water_claim")[0][0]
            assert resume == latest
            (warning,) = transport.warnings(ENTITIES["claim"])
            assert "pg_read_all_stats" in warning
            transport.release(ENTITIES["claim"])
        with by_sql(url):
            assert any("pg_read_all_stats" in w for w in lab.one("claim").warnings)
    finally:
        lab.source(f"grant pg_read_all_stats to {grants.ROLE}")


def test_row_security_is_told(lab, url: str) -> None:
    lab.source(f"alter table water_claim enable row level security; create policy even on water_claim to {grants.ROLE} using (id % 2 = 0)")
    try:
        with connected(url) as transport:
            assert transport.hidden(ENTITIES["claim"]) is None and transport.hidden(ENTITIES["meter"]) == 0
            assert "RLS" in transport.warnings(ENTITIES["claim"])[0]
    finally:
        lab.source("drop policy even on water_claim; alter table water_claim disable row level security")


def test_secrets_cannot_be_mapped() -> None:
    entity = Entity("user", "res.users", (Column("id", "id", "id"), Column("secret", "text", "password", 12)), file="x.yml")
    with pytest.raises(MappingError, match=r"^x\.yml:12: res_users\.password"):
        grants.grants([entity], "x")


def test_a_wrong_password_is_told_and_not_shown(url: str) -> None:
    with connected(url.replace(PASSWORD, "s3creta-mala")) as transport, pytest.raises(SourceError, match="no acepta") as error:
        transport.clock()
    assert "s3creta" not in str(error.value) and grants.ROLE in str(error.value)
