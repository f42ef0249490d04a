"""Odoo's own tables tell the same story as the utility's: trails end in what records say, routes are those of the books, references exist."""

from __future__ import annotations

import ast

import psycopg
import pytest

from demo.odoo import schema
from demo.utility.ddl import relations

# the tracked value as one text, by the type of its field
VALUE = "coalesce(v.{0}_value_char, v.{0}_value_datetime::date::text, v.{0}_value_integer::text)"
TRAIL = f"""
    select m.model, m.res_id, f.name as field, f.ttype, m.create_date, m.author_id, v.id, {VALUE.format('old')} as old, {VALUE.format('new')} as new,
           v.old_value_integer as old_id, v.new_value_integer as new_id
    from mail_tracking_value v join mail_message m on m.id = v.mail_message_id join ir_model_fields f on f.id = v.field_id"""
LAST = f"select distinct on (model, res_id, field) * from ({TRAIL}) t order by model, res_id, field, create_date desc, id desc"


def scalar(conn: psycopg.Connection, query: str, params: object = None):
    return conn.execute(query, params).fetchone()[0]


# ---------- the description of the models

def test_every_field_of_every_model_is_described(source: psycopg.Connection) -> None:
    described = dict(source.execute("select model || '.' || name, ttype || coalesce(' ' || relation, '') from ir_model_fields").fetchall())
    assert described == {f"{m.name}.{f.name}": f.type + (f" {f.relation}" if f.relation else "") for m in schema.models().values() for f in m.fields.values()}
    assert scalar(source, "select count(*) from ir_model") == len(schema.models())


def test_the_description_tells_what_is_a_column(source: psycopg.Connection) -> None:
    """store and ttype say which columns a table has; translate and company_dependent which of them are jsonb."""
    columns = dict(source.execute("select table_name || '.' || column_name, data_type from information_schema.columns where table_schema = 'public'").fetchall())
    rows = source.execute("select model, name, store and ttype not in ('many2many', 'one2many'), translate or company_dependent from ir_model_fields").fetchall()
    for model, name, is_column, is_json in rows:
        table = schema.models()[model].table
        if table:
            found = columns.get(f"{table}.{name}")
            assert (found is not None) == is_column, (model, name)
            assert (found == "jsonb") == is_json, (model, name, found)


def test_a_many2many_is_a_relation_table(source: psycopg.Connection) -> None:
    described = source.execute("select relation_table, column1, column2 from ir_model_fields where ttype = 'many2many'").fetchall()
    assert {table: (one, other) for table, one, other in described} == relations() == {"res_groups_users_rel": ("uid", "gid")}
    assert scalar(source, "select count(*) from res_groups_users_rel r left join res_users u on u.id = r.uid left join res_groups g on g.id = r.gid "
                  "where u.id is null or g.id is null") == 0
    assert scalar(source, "select count(*) from res_users u where not exists (select from res_groups_users_rel where uid = u.id)") == 0


# ---------- the accounting route

ACCOUNT = """coalesce((t.{0} ->> c.id::text)::int, (select d.json_value::int from ir_default d join ir_model_fields f on f.id = d.field_id
             where f.name = '{0}' and (d.company_id = c.id or d.company_id is null) order by d.company_id limit 1))"""


def test_invoices_use_the_accounts_of_the_route(source: psycopg.Connection) -> None:
    wrong = f"""select count(*) from account_move_line l join product_product t on t.id = l.product_id join res_company c on c.id = l.company_id
                where l.account_id <> {ACCOUNT.format('property_account_income_id')}"""
    assert scalar(source, wrong) == 0
    wrong = f"""select count(*) from account_move_line l join res_partner t on t.id = l.partner_id join res_company c on c.id = l.company_id
                where l.display_type = 'payment_term' and l.account_id <> {ACCOUNT.format('property_account_receivable_id')}"""
    assert scalar(source, wrong) == 0


def test_the_route_is_by_value_and_by_default(source: psycopg.Connection) -> None:
    assert scalar(source, "select count(*) from product_product where property_account_income_id is null") == 1
    assert scalar(source, "select count(distinct property_account_income_id) from product_product") == 4
    assert scalar(source, "select count(distinct property_account_receivable_id is null) from res_partner where customer_rank > 0") == 2
    assert scalar(source, "select count(distinct company_id is null) from ir_default") == 2


# ---------- users

def test_users_have_partners_and_unusable_passwords(source: psycopg.Connection) -> None:
    assert scalar(source, "select count(*) from res_users u left join res_partner p on p.id = u.partner_id where p.name is distinct from u.name") == 0
    active, archived = source.execute("select count(*) filter (where active), count(*) filter (where not active) from res_users").fetchone()
    assert active >= 18 and archived >= 3
    assert scalar(source, "select count(*) from res_users where login like 'servicio%' and password not like '!unusable$%'") == 0


def test_log_ins_are_the_last_of_each_user_but_for_today(source: psycopg.Connection) -> None:
    assert scalar(source, "select count(*) from (select create_uid from res_users_log where create_date < '2026-11-15' group by 1 having count(*) > 1) x") == 0
    assert scalar(source, "select max(n) from (select count(*) as n from res_users_log where create_date >= '2026-11-15' group by create_uid) x") > 1
    assert scalar(source, "select max(create_date) from res_users_log") <= scalar(source, "select ends_at from demo_utility")


# ---------- the trail of changes

def test_every_tracked_value_points_at_a_field_a_message_and_a_record(source: psycopg.Connection) -> None:
    assert scalar(source, """select count(*) from mail_tracking_value v left join mail_message m on m.id = v.mail_message_id
                             left join ir_model_fields f on f.id = v.field_id and f.model = m.model
                             left join res_users u on u.partner_id = m.author_id and u.id = m.create_uid where u.id is null or f.id is null""") == 0
    for model in ("res.partner", "water.contract", "water.supply.point", "water.meter", "account.move"):
        table = schema.models()[model].table
        assert scalar(source, f"select count(*) from ({TRAIL}) t where model = %s", [model]) >= 4, model
        assert scalar(source, f"select count(*) from mail_message m left join {table} r on r.id = m.res_id where m.model = %s and r.id is null", [model]) == 0


def test_a_tracked_change_changes_something_and_begins_where_the_last_one_ended(source: psycopg.Connection) -> None:
    assert scalar(source, f"select count(*) from ({TRAIL}) t where old is not distinct from new") == 0
    followed = f"""select count(*), count(*) filter (where old is distinct from before) from (
        select *, lag(new) over w as before, lag(id) over w as previous from ({TRAIL}) t window w as (partition by model, res_id, field order by create_date, id)) x
        where previous is not null"""
    chained, broken = source.execute(followed).fetchone()
    assert chained >= 5 and broken == 0


def present(source: psycopg.Connection, model: str) -> dict[tuple[int, str], tuple[str | None, int | None]]:
    """(record, field) → what the last tracked change left there."""
    rows = source.execute(f"select res_id, field, new, new_id from ({LAST}) t where model = %s", [model]).fetchall()
    return {(record, name): (new, new_id) for record, name, new, new_id in rows}


@pytest.mark.parametrize("model", ["res.partner", "water.contract", "water.supply.point", "water.meter", "account.move"])
def test_each_trail_ends_in_what_the_record_says(source: psycopg.Connection, model: str) -> None:
    labels = {name: {label: value for value, label in choices} for name, choices in schema.selections().get(model, {}).items()}
    fields = schema.models()[model].fields
    for (record, name), (text, number) in present(source, model).items():
        value = scalar(source, f"select {name} from {schema.models()[model].table} where id = %s", [record])
        kind = fields[name].type
        if kind == "selection":
            assert labels[name][text] == value
        elif kind == "many2one":
            assert number == value
        elif kind == "boolean":
            assert bool(number) == value
        else:
            assert text == (None if value is None else str(value)), (model, record, name)


def test_contracts_changed_state_when_their_orders_were_executed(source: psycopg.Connection) -> None:
    untold = """select count(*) from water_contract c where state <> 'active' and company_id = 1 and not exists (
                select from mail_message m join mail_tracking_value v on v.mail_message_id = m.id where m.model = 'water.contract' and m.res_id = c.id)"""
    assert scalar(source, untold) == 0
    steps = source.execute(f"""
        select t.old, t.new, count(*), count(o.id) from ({TRAIL}) t left join water_cut_order o on o.contract_id = t.res_id and o.state = 'done'
        and o.executed_on = t.create_date::date and o.kind = case t.new when 'Cut' then 'cut' else 'reconnection' end
        where t.model = 'water.contract' and t.field = 'state' group by 1, 2""").fetchall()
    found = {(old, new): (count, with_order) for old, new, count, with_order in steps}
    assert set(found) >= {("Active", "Cut"), ("Cut", "Active"), ("Active", "Closed")}
    assert all(count == with_order for (_, new), (count, with_order) in found.items() if new != "Closed")
    assert scalar(source, f"""select count(*) from ({TRAIL}) t join water_contract c on c.id = t.res_id where t.model = 'water.contract'
                              and t.new = 'Closed' and (c.date_end <> t.create_date::date or c.state <> 'closed')""") == 0


def test_every_cancelled_invoice_tells_who_cancelled_it(source: psycopg.Connection) -> None:
    assert scalar(source, f"""select count(*) from account_move a left join ({TRAIL}) t on t.model = 'account.move' and t.res_id = a.id and t.new = 'Cancel'
                              where a.state = 'cancel' and a.move_type <> 'entry' and (t.id is null or t.create_date <= a.create_date)""") == 0


def test_a_record_was_last_written_at_or_after_its_last_change(source: psycopg.Connection) -> None:
    for model in ("res.partner", "water.contract", "water.supply.point", "water.meter", "account.move"):
        assert scalar(source, f"""select count(*) from ({LAST}) t join {schema.models()[model].table} r on r.id = t.res_id where t.model = %s
                                  and (r.write_date < t.create_date or r.write_date = t.create_date and r.write_uid + 2 <> t.author_id)""", [model]) == 0


def test_what_tracks_nothing_is_there_too(source: psycopg.Connection) -> None:
    kinds = dict(source.execute("select message_type, count(*) from mail_message m where not exists (select from mail_tracking_value where mail_message_id = m.id) "
                                "group by 1").fetchall())
    assert kinds["comment"] >= 3 and kinds["notification"] >= 3


# ---------- auditlog, documents, tickets

def test_deleted_readings_are_those_that_are_missing(source: psycopg.Connection) -> None:
    deleted = {row[0] for row in source.execute("select res_id from auditlog_log where model_model = 'water.reading' and method = 'unlink'")}
    missing = {row[0] for row in source.execute("select generate_series(1, max(id)) from water_reading except select id from water_reading")}
    assert deleted and deleted <= missing
    assert scalar(source, "select count(*) from auditlog_log l left join water_reading r on r.id = l.res_id "
                  "where model_model = 'water.reading' and method = 'write' and r.id is null") == 0
    assert scalar(source, """select count(*) from auditlog_log_line i left join auditlog_log l on l.id = i.log_id
                             left join ir_model_fields f on f.id = i.field_id and f.model = l.model_model where f.name is distinct from i.field_name""") == 0
    assert scalar(source, """select count(*) from auditlog_log_line i join auditlog_log l on l.id = i.log_id
                             where (l.method = 'create') <> (i.old_value is null) or (l.method = 'unlink') <> (i.new_value is null)""") == 0


def test_the_last_groups_in_the_log_are_todays(source: psycopg.Connection) -> None:
    told = dict(source.execute("select distinct on (l.res_id) l.res_id, i.new_value from auditlog_log l join auditlog_log_line i on i.log_id = l.id "
                               "where l.model_model = 'res.users' and i.field_name = 'groups_id' order by l.res_id, l.create_date desc").fetchall())
    today = dict(source.execute("select uid, array_agg(gid order by gid) from res_groups_users_rel group by uid").fetchall())
    assert len(told) >= 12 and all(sorted(ast.literal_eval(groups)) == today[user] for user, groups in told.items())


def test_documents_of_customers_have_no_content_and_are_not_alone(source: psycopg.Connection) -> None:
    assert scalar(source, "select count(*) from ir_attachment where db_datas is not null") == 0
    assert scalar(source, "select count(*) from ir_attachment a left join res_partner p on p.id = a.res_id "
                  "where res_model = 'res.partner' and (p.customer_rank > 0) is not true") == 0
    kinds = source.execute("select count(*) filter (where res_model = 'res.partner' and res_field is null), "
                           "count(*) filter (where res_model = 'res.partner' and res_field is not null), count(*) filter (where res_model <> 'res.partner') "
                           "from ir_attachment").fetchone()
    assert all(kinds)


def test_tickets_are_closed_when_their_stage_is(source: psycopg.Connection) -> None:
    assert scalar(source, "select count(*) from helpdesk_ticket t join helpdesk_stage s on s.id = t.stage_id where s.fold <> (t.close_date is not null) "
                  "or t.write_date > (select ends_at from demo_utility) or t.close_date < t.create_date - interval '1 second'") == 0
    assert scalar(source, "select count(distinct stage_id) from helpdesk_ticket") >= 3
    assert scalar(source, "select count(*) from helpdesk_ticket t join water_contract c on c.id = t.x_contract_id where c.partner_id <> t.partner_id") == 0
