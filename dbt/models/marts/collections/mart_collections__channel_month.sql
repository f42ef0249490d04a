-- What came in by each channel and form of payment. Flows only, so no rows of zeros: only combinations with some payment.
-- Grain: closed month × sector × route × user type × channel × form of payment.
{% set touched %}{% raw %}
{{ changed_months_of([[ref('fct_payment'), 'sums']]) }}
union
select m.period_month from {{ newly_closed_months() }} as m
union
{{ renamed_months([source('odoo', 'sector'), source('odoo', 'municipality'), source('odoo', 'route'), source('odoo', 'user_type')]) }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'municipality_code', 'sector_code', 'route_code', 'user_type_name', 'channel', 'payment_form'], 'keys': ['period_month'],
    }},
) }}

with payments as (
    select
        {{ month_of('paid_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        channel,
        payment_form,
        sum(payment_amount) as channel_collected_amount,
        coalesce(sum(payment_amount) filter (where payment_amount > 0), 0) as channel_received_amount,
        count(*) filter (where payment_amount > 0) as channel_payments_count,
        coalesce(-sum(payment_amount) filter (where payment_amount < 0), 0) as given_back_amount,
        count(*) filter (where payment_amount < 0) as given_back_count,
        -- a cancelled payment is worth nothing, and Odoo does not say when it was cancelled: it counts in its own month
        count(*) filter (where payment_amount = 0) as cancelled_count
    from {{ touched_months_of(ref('fct_payment'), 'paid_on') }}
    group by 1, 2, 3, 4, 5, 6
)

select
    p.period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    p.channel,
    p.payment_form,
    p.channel_collected_amount,
    p.channel_received_amount,
    p.channel_payments_count,
    p.given_back_amount,
    p.given_back_count,
    p.cancelled_count,
    p.given_back_count + p.cancelled_count as reversed_payments_count,
    p.channel_payments_count + p.cancelled_count as registered_payments_count
from payments as p
inner join {{ ref('int_core__sector') }} as s on s.sector_key = p.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = p.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = p.user_type_key
where p.period_month <= {{ last_closed_month() }}
