-- Receipts of external collectors and when each stopped being in their hands: the day a remittance with it arrived, or it was given back.
-- Grain: one row per effective payment that an external collector took.
{% set touched %}{% raw %}
select c.row_key as payment_key from {{ changes_of(ref('int_collections__payment')) }} as c
union
select c.row_key from {{ changes_of(ref('int_collections__remittance_line'), 'payment') }} as c
union
select c.row_key from {{ changes_of(ref('int_collections__given_back')) }} as c
union
select p.payment_key from {{ source('odoo', 'collector') }} as c
inner join {{ ref('int_collections__payment') }} as p on p.collector_key = c.id
where {{ is_new_in_raw('c') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['payment_key'], 'keys': ['payment_key'], 'log': [{'row': 'payment_key'}]}},
    indexes=[{'columns': ['payment_key'], 'unique': true}],
) }}

with receipts as (
    select p.*
    from {{ ref('int_collections__payment') }} as p
    inner join {{ ref('int_collections__collector') }} as c on c.collector_key = p.collector_key
    where c.collector_kind = 'externo' and p.payment_type = 'inbound' and p.is_effective
        {% if is_incremental() %}and p.payment_key in (select payment_key from touched){% endif %}
),

deposits as (
    -- the first file that brings it
    select distinct on (payment_key) payment_key, bank_remittance_key, received_on
    from {{ ref('int_collections__remittance_line') }}
    where posted_amount > 0
        {% if is_incremental() %}and payment_key in (select payment_key from touched){% endif %}
    order by payment_key, received_on, bank_remittance_line_key
),

given_back as (
    select * from {{ ref('int_collections__given_back') }}
)

select
    r.payment_key,
    r.contract_key,
    r.sector_key,
    r.route_key,
    r.municipality_key,
    r.user_type_key,
    r.collector_key,
    r.collector_name,
    r.channel,
    r.payment_form,
    r.paid_on,
    r.payment_amount as receipt_amount,
    d.bank_remittance_key,
    d.received_on as deposited_on,
    d.received_on - r.paid_on as days_to_settle,
    g.given_back_on,
    -- after this day he no longer holds it; null: he still does
    least(d.received_on, g.given_back_on) as released_on
from receipts as r
left join deposits as d on d.payment_key = r.payment_key
left join given_back as g on g.payment_key = r.payment_key and g.given_back_amount >= r.payment_amount
