-- Attempts to hand a bill to its customer. A bill may have several: by e-mail, then printed. The contract is the bill's, with what it was when
-- it was issued; where the bill is not known, the attempt's own, on the day it was sent. Grain: one row per attempt.
{% set touched %}{% raw %}
select d.id as delivery_key from {{ source('odoo', 'bill_delivery') }} as d
where {{ is_new_in_raw('d') }}
union
select d.id from {{ changes_of(ref('int_billing__document')) }} as c
inner join {{ source('odoo', 'bill_delivery') }} as d on d.move_id = c.row_key
union
-- of an unknown bill the attempt's own contract counts, and today where nobody knows when it was sent
select t.delivery_key from {{ this }} as t
where t.invoice_key is null
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['delivery_key'], 'keys': ['delivery_key'],
        'log': [{'row': 'delivery_key', 'contract': 'contract_key', 'month': 'issued_on'}, {'topic': 'bill', 'row': 'move_id'}],
    }},
    indexes=[{'columns': ['delivery_key'], 'unique': true}, {'columns': ['move_id']}, {'columns': ['issued_on']}],
) }}

with deliveries as (
    select * from {{ ref('stg_odoo__bill_delivery') }}
    {% if is_incremental() %}where bill_delivery_id in (select delivery_key from touched){% endif %}
)

select
    d.bill_delivery_id as delivery_key,
    d.move_id,
    i.invoice_key,
    coalesce(i.contract_key, own.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(i.sector_key, own.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(i.route_key, own.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(i.municipality_key, own.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(i.user_type_key, own.user_type_key, {{ unassigned_key() }}) as user_type_key,
    coalesce(d.channel, 'none') as channel_code,
    {{ delivery_channel_name("coalesce(d.channel, 'none')") }} as channel_name,
    d.state,
    coalesce(d.state = 'delivered', false) as is_delivered,
    coalesce(d.state in ('failed', 'bounced'), false) as is_failed,
    case when d.state in ('failed', 'bounced') then coalesce(nullif(btrim(d.failure_reason), ''), 'sin_motivo') end as failure_reason,
    case when d.state in ('failed', 'bounced') then {{ delivery_failure_name("coalesce(nullif(btrim(d.failure_reason), ''), 'sin_motivo')") }} end
        as failure_reason_name,
    d.courier,
    i.issued_on,
    d.sent_at,
    {{ business_date('d.sent_at') }} as sent_on,
    d.delivered_at,
    {{ business_date('d.delivered_at') }} as delivered_on,
    round(extract(epoch from (d.delivered_at - d.sent_at))::numeric / 3600, 2)::numeric(18, 2) as delivery_hours
from deliveries as d
left join {{ ref('int_billing__document') }} as i on i.invoice_key = d.move_id
left join {{ ref('int_core__contract_version') }} as own
    on i.invoice_key is null and {{ version_of_or_todays('own', 'd.contract_id', business_date('d.sent_at')) }}
