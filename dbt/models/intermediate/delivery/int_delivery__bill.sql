-- How each issued bill ended: delivered, if any attempt got through; else as its last attempt. Bills older than the first attempt on
-- record are left out: the source purges its deliveries, and nothing can be said of them. Grain: one row per invoice.
{% set touched %}{% raw %}
with recorded as (
    select coalesce({{ month_of('min(issued_on)') }}, 'infinity') as first_month from {{ ref('int_delivery__attempt') }}
)

select c.row_key as invoice_key from {{ changes_of(ref('int_billing__document')) }} as c
union
select c.row_key from {{ changes_of(ref('int_delivery__attempt'), 'bill') }} as c
union
-- the first attempt on record is another
select t.invoice_key from {{ this }} as t
where t.period_month < (select r.first_month from recorded as r)
union
select d.invoice_key from {{ ref('int_billing__document') }} as d
where d.issued_on >= (select r.first_month from recorded as r)
    and d.issued_on < (select coalesce(min(t.period_month), 'infinity') from {{ this }} as t)
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_key'], 'keys': ['invoice_key'],
        'log': [{'row': 'invoice_key', 'contract': 'contract_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['invoice_key'], 'unique': true}, {'columns': ['period_month']}],
) }}

with recorded as (
    select {{ month_of('min(issued_on)') }} as first_month from {{ ref('int_delivery__attempt') }}
),

outcomes as (
    select distinct on (invoice_key) invoice_key, channel_code, channel_name, is_delivered, is_failed
    from {{ ref('int_delivery__attempt') }}
    where invoice_key is not null
        {% if is_incremental() %}and move_id in (select invoice_key from touched){% endif %}
    order by invoice_key, is_delivered desc, sent_at desc nulls last, delivery_key desc
)

select
    i.invoice_key,
    i.contract_key,
    i.sector_key,
    i.route_key,
    i.user_type_key,
    {{ month_of('i.issued_on') }} as period_month,
    coalesce(o.channel_code, 'none') as channel_code,
    coalesce(o.channel_name, {{ delivery_channel_name("'none'") }}) as channel_name,
    coalesce(o.is_delivered, false) as is_delivered,
    coalesce(o.is_failed, false) as is_failed
from {{ ref('int_billing__document') }} as i
inner join recorded as r on {{ month_of('i.issued_on') }} >= r.first_month
left join outcomes as o on o.invoice_key = i.invoice_key
where i.document_kind = 'factura' and i.state = 'posted'
    {% if is_incremental() %}and i.invoice_key in (select invoice_key from touched){% endif %}
