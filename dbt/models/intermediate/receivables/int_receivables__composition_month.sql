-- How the debt of each group moved in each month, by what it is for: what `mart_receivables__composition_month` runs up to month ends.
-- A month is added up again when an invoice moved in it, or a contract with debt came or left; and only that.
-- Grain: month × sector × route × user type where debt moved.
{% set touched %}{% raw %}
with movements as (
    select c.contract_key, c.period_month from {{ changes_of(ref('int_receivables__component_movement')) }} as c
),

places as (
    select c.contract_key, c.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
)

select period_month from movements
union
select period_month from places
union
-- what moved in a month goes along when the contract moves later
select {{ month_of('v.valid_from_on') }}
from (select contract_key, period_month from movements union select contract_key, period_month from places) as c
inner join {{ ref('int_core__contract_version') }} as v on v.contract_key = c.contract_key and v.valid_from_on > c.period_month
union
select {{ month_of('m.moved_on') }} from places as c
inner join {{ ref('int_receivables__component_movement') }} as m on m.contract_key = c.contract_key and m.moved_on >= c.period_month
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month']}},
    indexes=[{'columns': ['period_month']}],
) }}

with versions as (
    select * from {{ ref('int_core__contract_version') }}
),

by_contract as (
    select
        contract_key,
        {{ month_of('moved_on') }} as period_month,
        sum(moved_amount) as moved_amount,
        sum(moved_surcharge_amount) as moved_surcharge_amount,
        sum(moved_tax_amount) as moved_tax_amount
    from {{ touched_months_of(ref('int_receivables__component_movement'), 'moved_on') }}
    group by 1, 2
),

-- month ends at which a contract is of another sector, route or user type than at the one before: its whole balance goes along
moves as (
    select
        now.contract_key,
        {{ month_of('now.valid_from_on') }} as period_month,
        now.sector_key,
        now.route_key,
        now.user_type_key,
        before.sector_key as left_sector_key,
        before.route_key as left_route_key,
        before.user_type_key as left_user_type_key
    from versions as now
    inner join versions as before on {{ version_of('before', 'now.contract_key', month_of('now.valid_from_on') ~ ' - 1') }}
    where {{ month_end(month_of('now.valid_from_on')) }} < now.valid_until_on
        and (now.sector_key, now.route_key, now.user_type_key) <> (before.sector_key, before.route_key, before.user_type_key)
        {% if is_incremental() %}and {{ month_of('now.valid_from_on') }} in (select period_month from touched){% endif %}
),

carried as (
    select
        m.contract_key,
        m.period_month,
        sum(b.moved_amount) as moved_amount,
        sum(b.moved_surcharge_amount) as moved_surcharge_amount,
        sum(b.moved_tax_amount) as moved_tax_amount
    from moves as m
    inner join {{ ref('int_receivables__component_movement') }} as b on b.contract_key = m.contract_key and b.moved_on < m.period_month
    group by 1, 2
),

movements as (
    select
        b.period_month,
        v.sector_key,
        v.route_key,
        v.user_type_key,
        b.moved_amount,
        b.moved_surcharge_amount,
        b.moved_tax_amount
    from by_contract as b
    inner join versions as v on {{ version_of('v', 'b.contract_key', month_end('b.period_month')) }}

    union all

    select
        period_month, m.sector_key, m.route_key, m.user_type_key,
        c.moved_amount, c.moved_surcharge_amount, c.moved_tax_amount
    from moves as m
    inner join carried as c using (contract_key, period_month)

    union all

    select
        period_month, m.left_sector_key, m.left_route_key, m.left_user_type_key,
        -c.moved_amount, -c.moved_surcharge_amount, -c.moved_tax_amount
    from moves as m
    inner join carried as c using (contract_key, period_month)
)

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    sum(moved_amount) as moved_amount,
    sum(moved_surcharge_amount) as moved_surcharge_amount,
    sum(moved_tax_amount) as moved_tax_amount
from movements
group by 1, 2, 3, 4
