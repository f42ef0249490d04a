-- Receipts of external collectors by the month in which their deposit arrived: what the median of days to settle stands on.
-- Grain: one row per receipt deposited in a closed month.
{% set touched %}{% raw %}
select c.row_key as payment_key from {{ changes_of(ref('int_collections__collector_receipt')) }} as c
union
select r.payment_key from {{ newly_closed_months() }} as m
inner join {{ ref('int_collections__collector_receipt') }} as r on {{ is_in_month('r.deposited_on', 'm.period_month') }}
union
-- a catalogue changed: all are named again
select t.payment_key from {{ this }} as t
where {{ any_is_new_in_raw([source('odoo', 'sector'), source('odoo', 'municipality'), source('odoo', 'route'), source('odoo', 'user_type')]) }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['payment_key'], 'keys': ['payment_key'], 'log': [{'row': 'payment_key', 'month': 'period_month'}]}},
    indexes=[{'columns': ['period_month']}],
) }}

select
    r.payment_key,
    {{ month_of('r.deposited_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    u.user_type_name,
    r.collector_name,
    r.paid_on,
    r.deposited_on,
    r.days_to_settle,
    r.receipt_amount
from {{ ref('int_collections__collector_receipt') }} as r
inner join {{ ref('int_core__sector') }} as s on s.sector_key = r.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = r.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = r.user_type_key
where {{ month_of('r.deposited_on') }} <= {{ last_closed_month() }}
    {% if is_incremental() %}and r.payment_key in (select payment_key from touched){% endif %}
