"""The least rights that the transport sql needs in Odoo's database, as SQL: made from the mapping of a site, applied by its administrator.

    python -m sources.odoo.grants > deploy/odoo_grants.sql          # CAUDAL_SITE, or a site's name as argument
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from psycopg import sql

from caudal.settings import settings
from sources.contract import Entity, MappingError
from sources.odoo import mapping
from sources.odoo.sql_catalogue import REGISTRY, table_of

ROLE = "caudal_odoo"
COMPANIES = {"res_users": ("id", "login", "company_id"), "res_company": ("id",)}  # whose companies ODOO_USER may see; which is the main one
NEVER_TABLES = ("res_users_apikeys", "ir_config_parameter", "auth_totp_device", "fetchmail_server", "ir_mail_server")
NEVER_COLUMNS = ("password", "totp_secret", "api_key", "access_token", "signup_token", "oauth_access_token")

HEAD = """\
-- Least rights for Caudal's transport `sql` in Odoo's database (site {site}): what the mapping reads, column by column, and no more.
-- Made by `python -m sources.odoo.grants {site}`; do not edit, make it again when the mapping changes. It may be applied any number of times:
-- it takes back what it gave before.
--
--     psql -v ON_ERROR_STOP=1 --single-transaction -d <odoo database> -f deploy/odoo_grants.sql     # as a superuser or the database's owner
--     psql -d <odoo database> -c '\\password {role}'                                            # then ODOO_SQL_URL in <home>/site.env
--
-- Never granted: passwords, API keys, tokens, ir_config_parameter, nor any column that the mapping does not name.

do $$ begin
    if not exists (select from pg_roles where rolname = '{role}') then
        create role {role} login connection limit 20;
    end if;
    execute format('grant connect on database %I to {role}', current_database());
end $$;
alter role {role} set default_transaction_read_only = on;
alter role {role} set idle_in_transaction_session_timeout = '1h';  -- a snapshot that its reader forgot must not hold vacuum back for ever
revoke all on all tables in schema public from {role};
grant usage on schema public to {role};

-- Sees when other sessions' transactions began, and so which changes are still to be committed. It shows no query's data beyond the text
-- of statements that run. Without it Caudal reads the last 30 minutes again at each run, and a transaction longer than that may be late.
grant pg_read_all_stats to {role};

-- What Odoo says of its own models, and the companies
"""
READ = """
-- What the mapping reads. A field that is another record's (a product's name is its template's) is granted there.
create procedure pg_temp.caudal_read(model_name text, names text[]) language plpgsql as $$
declare
    own text := replace(model_name, '.', '_');
    field_name text;
    f record;
    step record;
begin
    foreach field_name in array names loop
        if exists (select from pg_attribute where attrelid = to_regclass(quote_ident(own)) and attname = field_name and not attisdropped) then
            execute format('grant select (%I) on %I to {role}', field_name, own);
            continue;
        end if;
        select split_part(i.related, '.', 1) as head, substr(i.related, strpos(i.related, '.') + 1) as rest into f
        from ir_model_fields as i where i.model = model_name and i.name = field_name and i.related like '%.%';
        if not found then
            raise exception '% has no column %, nor says whose field it is', own, field_name;
        end if;
        select i.relation into step from ir_model_fields as i where i.model = model_name and i.name = f.head and i.ttype = 'many2one';
        if not found then
            raise exception '%.% is a field of %, which is no many2one', model_name, field_name, f.head;
        end if;
        call pg_temp.caudal_read(model_name, array[f.head]);
        call pg_temp.caudal_read(step.relation, array['id', f.rest]);
    end loop;
end $$;

"""
LINKS = """
-- What only the database knows: the tables of many2many fields, and what the domains of the mapping look at
do $$
declare
    path text[];
    model_name text;
    step text;
    f record;
begin
    for path in select string_to_array(p, ' ') from unnest(array[
{paths}
    ]) as p loop
        model_name := path[1];
        foreach step in array string_to_array(path[2], '.') loop
            select * into f from ir_model_fields as i where i.model = model_name and i.name = step;
            if not found then
                raise exception '% has no field %', model_name, step;
            end if;
            if f.ttype = 'many2many' then
                execute format('grant select (%I, %I) on %I to {role}', f.column1, f.column2, f.relation_table);
            elsif f.ttype = 'one2many' then
                execute format('grant select (%I) on %I to {role}', f.relation_field, replace(f.relation, '.', '_'));
            else
                execute format('grant select (id, %I) on %I to {role}', step, replace(model_name, '.', '_'));
            end if;
            if exists (select from pg_attribute where attrelid = to_regclass(quote_ident(replace(model_name, '.', '_'))) and attname = 'company_id') then
                execute format('grant select (company_id) on %I to {role}', replace(model_name, '.', '_'));
            end if;
            model_name := f.relation;
        end loop;
    end loop;
    if to_regclass('res_company_users_rel') is not null then
        grant select (cid, user_id) on res_company_users_rel to {role};
    end if;
end $$;
"""
DONE = "drop procedure pg_temp.caudal_read;\n"
INDEXES = """
-- Optional: without an index by write_date each run reads a table whole to find what changed (a second for some three million rows).
-- Worth its place from about a million rows on. Odoo keeps indexes that it does not know. Not within a transaction:
"""


def grants(entities: Sequence[Entity], site: str) -> str:
    """The SQL for these entities. Raises MappingError for a column that must never be read."""
    paths: dict[str, None] = {}
    for entity in entities:
        table = table_of(entity.model)
        for column in entity.read:
            _refuse_secret(entity, table, column.source, column.line)
        heads = [*(c.source for c in entity.read if c.type == "many2many"), *(leaf[0] for leaf in entity.domain if isinstance(leaf, tuple | list))]
        paths.update(dict.fromkeys(f"{entity.model} {head}" for head in heads))
    models = {table_of(e.model): e.model for e in entities}
    paths.update(dict.fromkeys(f"{model} id" for model in models.values()))  # with it company_id, where the model has one
    read: dict[str, dict[str, None]] = {}
    for entity in entities:
        read.setdefault(entity.model, {}).update(dict.fromkeys(c.source for c in entity.read if c.type != "many2many"))
    calls = "".join(f"call pg_temp.caudal_read({_literal(model)}, {_literal(list(columns))});\n" for model, columns in sorted(read.items()))
    listed = ",\n".join(f"        {_literal(path)}" for path in sorted(paths))
    indexes = "".join(
        f"-- create index concurrently if not exists {table_of(e.model)}_caudal_idx on {table_of(e.model)} ({e.column(e.change).source});\n"
        for e in entities if e.change)
    return (HEAD.format(role=ROLE, site=site) + _statements((REGISTRY | COMPANIES).items()) + READ.replace("{role}", ROLE) + calls + DONE
            + LINKS.format(role=ROLE, paths=listed) + INDEXES + indexes)


def _statements(tables: Iterable[tuple[str, Iterable[str]]]) -> str:
    return "".join(f"grant select ({', '.join(map(_quoted, columns))}) on {_quoted(table)} to {ROLE};\n" for table, columns in tables)


def _literal(value: str | list[str]) -> str:
    return sql.Literal(value).as_string()


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string()


def _refuse_secret(entity: Entity, table: str, column: str, line: int) -> None:
    if table in NEVER_TABLES or column in NEVER_COLUMNS:
        raise MappingError(f"{entity.file}:{line}: {table}.{column} guarda secretos y no se replica. Quítelo del mapeo.")


def main() -> None:
    """Print the grants of a site."""
    site = sys.argv[1] if len(sys.argv) > 1 else settings().site
    entities = [e for e in mapping.load(mapping.path_of(site)) if not e.absent]
    sys.stdout.write(grants(entities, site))


if __name__ == "__main__":
    main()
