-- Sessions of the tills: what each should hold, what was counted, and all that was paid in it. The difference is not in Odoo: it is
-- counted − (opening + cash of the session). Grain: one row per session of a till.
{% set touched %}{% raw %}
select s.id as cash_session_key from {{ source('odoo', 'cash_session') }} as s
left join {{ source('odoo', 'cash_register') }} as r on r.id = s.config_id
where {{ is_new_in_raw('s') }} or {{ is_new_in_raw('r') }}
    or r.collector_id in (select c.id from {{ source('odoo', 'collector') }} as c where {{ is_new_in_raw('c') }})
    or coalesce(s.cash_journal_id, r.journal_id) in (select j.id from {{ source('odoo', 'journal') }} as j where {{ is_new_in_raw('j') }})
union
select c.row_key from {{ changes_of(ref('int_collections__payment'), 'session') }} as c
union
-- a day later it is left open
select t.cash_session_key from {{ this }} as t
where t.state <> 'closed'
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['cash_session_key'], 'keys': ['cash_session_key'], 'log': [{'row': 'cash_session_key'}]}},
) }}

with sessions as (
    select * from {{ ref('stg_odoo__cash_session') }}
    {% if is_incremental() %}where cash_session_id in (select cash_session_key from touched){% endif %}
),

registers as (
    select * from {{ ref('stg_odoo__cash_register') }}
),

collectors as (
    select * from {{ ref('int_collections__collector') }}
),

journals as (
    select * from {{ ref('stg_odoo__journal') }}
),

payments as (
    select
        cash_session_id,
        sum(payment_amount) as collected_amount,
        sum(payment_amount) filter (where payment_form = 'efectivo') as cash_amount,
        count(*) filter (where payment_amount > 0) as payments_count,
        count(*) filter (where payment_amount < 0) as given_back_count
    from {{ ref('int_collections__payment') }}
    where {% if is_incremental() %}cash_session_id in (select cash_session_key from touched){% else %}cash_session_id is not null{% endif %}
    group by cash_session_id
),

resolved as (
    select
        s.cash_session_id as cash_session_key,
        coalesce(s.session_name, 'S' || s.cash_session_id) as session_name,
        coalesce(r.cash_register_id, {{ unassigned_key() }}) as cash_register_key,
        coalesce(r.cash_register_name, {{ unassigned_name() }}) as cash_register_name,
        coalesce(c.collector_key, {{ unassigned_key() }}) as collector_key,
        coalesce(c.collector_name, {{ unassigned_name() }}) as collector_name,
        coalesce(j.journal_name, {{ unassigned_name() }}) as channel,
        s.state,
        s.opened_at,
        s.closed_at,
        {{ business_date('s.opened_at') }} as opened_on,
        {{ business_date('s.closed_at') }} as closed_on,
        coalesce(s.opening_amount, 0) as opening_amount,
        coalesce(p.cash_amount, 0) as cash_amount,
        coalesce(p.collected_amount, 0) as collected_amount,
        coalesce(p.payments_count, 0) as payments_count,
        coalesce(p.given_back_count, 0) as given_back_count,
        coalesce(s.opening_amount, 0) + coalesce(p.cash_amount, 0) as expected_amount,
        s.counted_amount
    from sessions as s
    left join registers as r on r.cash_register_id = s.cash_register_id
    left join collectors as c on c.collector_key = r.collector_id
    left join journals as j on j.journal_id = coalesce(s.journal_id, r.journal_id)
    left join payments as p on p.cash_session_id = s.cash_session_id
)

select
    cash_session_key,
    session_name,
    cash_register_key,
    cash_register_name,
    collector_key,
    collector_name,
    channel,
    state,
    opened_at,
    closed_at,
    opened_on,
    closed_on,
    opening_amount,
    cash_amount,
    collected_amount,
    payments_count,
    given_back_count,
    expected_amount,
    counted_amount,
    counted_amount - expected_amount as difference_amount,
    state <> 'closed' and opened_on < {{ business_today() }} as is_left_open
from resolved
