-- Grain: one row per attempt to hand a bill to its customer.
{% set touched %}{% raw %}
select c.row_key as delivery_key from {{ changes_of(ref('int_delivery__attempt')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['delivery_key'], 'keys': ['delivery_key'],
        'log': [{'row': 'delivery_key', 'contract': 'contract_key', 'month': 'coalesce(issued_on, sent_on)'}],
    }},
    indexes=[{'columns': ['invoice_key']}],
) }}

select
    delivery_key,
    invoice_key,
    contract_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    channel_code,
    channel_name,
    state,
    is_delivered,
    is_failed,
    failure_reason,
    failure_reason_name,
    courier,
    issued_on,
    sent_at,
    sent_on,
    delivered_at,
    delivered_on,
    delivery_hours
from {{ ref('int_delivery__attempt') }}
{% if is_incremental() %}where delivery_key in (select delivery_key from touched){% endif %}
