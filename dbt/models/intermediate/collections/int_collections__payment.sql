-- Money in (inbound) and money given back (outbound: reversals and refunds), with keys and labels resolved, before allocation.
-- Sector, route and user type are those that the contract had on the day of the payment.
-- Grain: one row per payment that left draft. `payment_amount` is signed, and 0 when the payment was cancelled or rejected.
{% set touched %}{% raw %}
select p.id as payment_key from {{ source('odoo', 'account_payment') }} as p
where {{ is_new_in_raw('p') }}
union
select t.payment_key from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
inner join {{ this }} as t on t.contract_key = c.contract_key and t.paid_on >= c.period_month
union
-- what pointed at nobody may have found its contract or customer
select t.payment_key from {{ this }} as t
where t.contract_key = {{ unassigned_key() }}
union
select t.payment_key from {{ this }} as t
where t.customer_key = {{ unassigned_key() }}
{% for entity, key in [('collector', 'collector_key'), ('journal', 'channel_key'), ('payment_method', 'payment_method_key')] %}
union
select t.payment_key from {{ source('odoo', entity) }} as c
inner join {{ this }} as t on t.{{ key }} in (c.id, {{ unassigned_key() }})
where {{ is_new_in_raw('c') }}
{% endfor %}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['payment_key'], 'keys': ['payment_key'],
        'log': [
            {'row': 'payment_key', 'contract': 'contract_key', 'month': 'paid_on'},
            {'topic': 'entry', 'row': 'coalesce(move_id, -payment_key)'},
            {'topic': 'session', 'row': 'cash_session_id'},
        ],
    }},
    indexes=[
        {'columns': ['payment_key'], 'unique': true}, {'columns': ['contract_key', 'paid_on', 'payment_key']}, {'columns': ['move_id']},
        {'columns': ['customer_key']}, {'columns': ['paid_on']}, {'columns': ['journal_id', 'paid_on']}, {'columns': ['cash_session_id']},
        {'columns': ['is_effective', 'payment_type']},
    ],
) }}

with payments as (
    select * from {{ ref('stg_odoo__account_payment') }}
    where state <> 'draft'
        {% if is_incremental() %}and payment_id in (select payment_key from touched){% endif %}
),

contracts as (
    select * from {{ ref('int_core__contract_version') }}
),

customers as (
    select * from {{ ref('stg_odoo__customer') }}
),

collectors as (
    select * from {{ ref('stg_odoo__collector') }}
),

journals as (
    select * from {{ ref('stg_odoo__journal') }}
),

methods as (
    select * from {{ ref('stg_odoo__payment_method') }}
),

resolved as (
    select
        p.payment_id as payment_key,
        p.move_id,
        p.journal_id,
        p.cash_session_id,
        p.reversal_of_payment_id,
        coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
        coalesce(c.contract_version_key, {{ unassigned_key() }}) as contract_version_key,
        coalesce(cu.customer_id, {{ unassigned_key() }}) as customer_key,
        coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
        coalesce(c.municipality_key, {{ unassigned_key() }}) as municipality_key,
        coalesce(c.user_type_key, {{ unassigned_key() }}) as user_type_key,
        coalesce(co.collector_id, {{ unassigned_key() }}) as collector_key,
        coalesce(co.collector_name, {{ unassigned_name() }}) as collector_name,
        coalesce(j.journal_id, {{ unassigned_key() }}) as channel_key,
        coalesce(j.journal_name, {{ unassigned_name() }}) as channel,
        coalesce(pm.payment_method_id, {{ unassigned_key() }}) as payment_method_key,
        coalesce(pm.payment_form, 'sin_asignar') as payment_form,
        p.paid_on,
        p.paid_at,
        case
            when p.state in ('canceled', 'cancelled', 'rejected') then 0
            when p.payment_type = 'outbound' then -p.payment_amount
            else p.payment_amount
        end as payment_amount,
        p.payment_amount as written_amount,
        p.state,
        p.payment_type,
        p.state not in ('canceled', 'cancelled', 'rejected') as is_effective,
        p.reversal_of_payment_id is not null as is_reversal
    from payments as p
    left join contracts as c on {{ version_of('c', 'p.contract_id', 'p.paid_on') }}
    left join customers as cu on cu.customer_id = p.customer_id
    left join collectors as co on co.collector_id = p.collector_id
    left join journals as j on j.journal_id = p.journal_id
    left join methods as pm on pm.payment_method_id = p.payment_method_id
)

select * from resolved
