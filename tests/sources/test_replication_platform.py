"""Odoo's own tables in raw: what changes without write_date, what the source throws away, what is never read."""

from __future__ import annotations

from sources.odoo import mapping
from tests.sources.compare import assert_same

ENTITIES = {e.name: e for e in mapping.load(mapping.path_of("demo"))}


def test_a_group_given_or_taken_arrives_although_write_date_stays(lab) -> None:
    (user, written) = lab.source("select id, write_date from res_users where login = 'servicio1'")[0]
    lab.source("insert into res_groups_users_rel (uid, gid) values (%s, 8)", [user])
    lab.one("user")
    assert 8 in lab.warehouse("select group_ids from raw.odoo_user where id = %s", [user])[0][0]
    lab.source("delete from res_groups_users_rel where uid = %s", [user])
    result = lab.one("user")
    assert (result.updated, lab.warehouse("select group_ids from raw.odoo_user where id = %s", [user])) == (1, [([],)])
    assert lab.source("select write_date from res_users where id = %s", [user]) == [(written,)]
    assert_same(lab, ENTITIES["user"], "res_users")


def test_log_ins_that_the_daily_job_deletes_stay(lab) -> None:
    before = lab.warehouse("select count(*) from raw.odoo_user_login")[0][0]
    lab.source("delete from res_users_log where id in (select id from res_users_log order by id limit 10)")
    lab.source("insert into res_users_log (create_uid, write_uid, create_date, write_date) values (2, 2, '2026-11-15 22:29', '2026-11-15 22:29')")
    result = lab.one("user_login")
    assert (result.inserted, result.deleted) == (1, 0)
    assert lab.warehouse("select count(*), count(_deleted_at) from raw.odoo_user_login") == [(before + 1, 0)]


def test_a_concepts_account_is_the_companys_value_or_its_default(lab) -> None:
    routes = dict(lab.warehouse("select c.default_code, a.code from raw.odoo_concept c join raw.odoo_account a on a.id = c.income_account_id"))
    assert routes == {"AGUA": "41010100", "ALCA": "41010200", "OTRO": "41010300", "MORA": "41020100", "RECO": "41010400"}
    lab.touch("product_product", [1], """property_account_income_id = '{"1": 4, "2": 3}'""")
    lab.one("concept")
    assert lab.warehouse("select income_account_id from raw.odoo_concept where id = 1") == [(4,)]
    assert_same(lab, ENTITIES["concept"], "product_product")


def test_only_what_the_domain_says_is_read(lab) -> None:
    assert lab.warehouse("select distinct message_type from raw.odoo_message") == [("notification",)]
    assert lab.source("select count(*) from mail_message where message_type = 'comment'")[0][0] > 0
    assert lab.warehouse("select distinct res_model from raw.odoo_customer_document") == [("res.partner",)]
    fields = lab.warehouse("select count(*) from raw.odoo_model_field where model not in ('res.partner', 'water.contract', 'water.supply.point', "
                           "'water.meter', 'account.move', 'water.reading', 'res.users')")
    assert fields == [(0,)]


def test_every_change_in_raw_leads_to_its_field_and_its_message(lab) -> None:
    assert lab.warehouse("""select count(*) from raw.odoo_tracking_value v left join raw.odoo_message m on m.id = v.mail_message_id
                            left join raw.odoo_model_field f on f.id = v.field_id and f.model = m.model where f.id is null""") == [(0,)]
    codes = lab.warehouse("""select distinct s.value from raw.odoo_tracking_value v join raw.odoo_model_field f on f.id = v.field_id and f.name = 'state'
                             and f.model = 'water.contract' join raw.odoo_field_selection s on s.field_id = f.id and s.name = v.new_value_char order by 1""")
    assert codes == [("active",), ("closed",), ("cut",)]


def test_no_secret_and_no_content_is_mapped() -> None:
    fields = {f"{e.model}.{c.source}" for e in ENTITIES.values() for c in e.read}
    assert not {f for f in fields if any(word in f for word in ("password", "key", "totp", "datas", "raw", "body", "token"))}
