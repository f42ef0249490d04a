-- Collections by day, channel, form and collector, up to the business date. Grain: day × sector × user type × channel × form × collector.
{% set touched %}{% raw %}
{{ changed_months_of([[ref('fct_payment'), 'sums']]) }}
union
{{ renamed_months([source('odoo', 'sector'), source('odoo', 'municipality'), source('odoo', 'user_type')]) }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['paid_on', 'municipality_name', 'sector_name', 'user_type_name', 'channel', 'payment_form', 'collector_name'], 'keys': ['period_month'],
    }},
) }}

with payments as (
    select * from {{ touched_months_of(ref('fct_payment'), 'paid_on') }}
),

sectors as (
    select * from {{ ref('int_core__sector') }}
),

user_types as (
    select * from {{ ref('dim_user_type') }}
)

select
    p.paid_on,
    {{ month_of('p.paid_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    u.user_type_name,
    p.channel,
    p.payment_form,
    p.collector_name,
    sum(p.payment_amount) as collected_amount,
    count(*) filter (where p.payment_amount > 0) as payments_count
from payments as p
inner join sectors as s on s.sector_key = p.sector_key
inner join user_types as u on u.user_type_key = p.user_type_key
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
