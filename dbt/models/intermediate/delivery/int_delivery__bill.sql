-- How each issued bill ended: delivered, if any attempt got through; else as its last attempt. Bills older than the first attempt on
-- record are left out: the source purges its deliveries, and nothing can be said of them. Grain: one row per invoice.
with attempts as (
    select * from {{ ref('fct_delivery') }}
    where invoice_key is not null
),

recorded as (
    select {{ month_of('min(issued_on)') }} as first_month from attempts
),

outcomes as (
    select distinct on (invoice_key) invoice_key, channel_code, channel_name, is_delivered, is_failed, delivery_key
    from attempts
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
from {{ ref('fct_invoice') }} as i
inner join recorded as r on {{ month_of('i.issued_on') }} >= r.first_month
left join outcomes as o on o.invoice_key = i.invoice_key
where i.document_kind = 'factura' and i.state = 'posted'
