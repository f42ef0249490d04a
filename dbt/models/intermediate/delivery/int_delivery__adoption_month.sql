-- Contracts, active at month end, that get their bill by e-mail and that use the virtual office, added up. By e-mail: the month's bill went out that
-- way. Virtual office: an action that went well within the twelve months up to then. A month of which anything changed is added up again, and only that.
-- Grain: closed month × sector × route × user type with a contract.
{% set touched %}{% raw %}{{ changed_months_of([ref('int_core__contract_month'), ref('int_delivery__bill')]) }}
union
select m.period_month from {{ changes_of(ref('int_service__virtual_office_use')) }} as c
inner join {{ ref('int_core__closed_month') }} as m on m.period_month >= c.period_month and m.period_month < c.period_month + interval '12 months'
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month']}},
    indexes=[{'columns': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'unique': true}],
) }}

with contracts as (
    select contract_key, period_month, sector_key, route_key, user_type_key
    from {{ touched_months_of(ref('int_core__contract_month'), 'period_month') }}
),

by_mail as (
    select distinct contract_key, period_month
    from {{ ref('int_delivery__bill') }}
    where channel_code = 'email' {% if is_incremental() %}and period_month in (select period_month from touched){% endif %}
),

used as (
    select distinct contract_key, period_month from {{ ref('int_service__virtual_office_use') }}
),

-- a month of use counts at the ends of twelve months
in_use as (
    select distinct used.contract_key, m.period_month
    from used
    inner join {{ ref('int_core__closed_month') }} as m
        on m.period_month >= used.period_month and m.period_month < used.period_month + interval '12 months'
    {% if is_incremental() %}where m.period_month in (select period_month from touched){% endif %}
)

select
    c.period_month,
    c.sector_key,
    c.route_key,
    c.user_type_key,
    count(*) as adoption_contracts,
    count(b.contract_key) as ebill_contracts,
    count(v.contract_key) as virtual_office_contracts
from contracts as c
left join by_mail as b using (contract_key, period_month)
left join in_use as v using (contract_key, period_month)
group by 1, 2, 3, 4
