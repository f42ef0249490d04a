-- How many records each rule looks at. Master data: those in force at the month end, from their histories; a version adds one from the month that it
-- began in and takes it away in the month that it ended in, so that the cost is one pass over the versions. Dated data: those of the month
-- (int_quality__dated_population_month).
-- Grain: closed month × population.
with customer_versions as (
    select * from {{ ref('int_quality__customer_version') }}
),

contract_versions as (
    select {{ business_date('valid_from') }} as valid_from_on, {{ business_date('valid_to') }} as valid_to_on
    from {{ ref('dim_contract_history') }}
    where is_active and not is_deleted and status is distinct from 'closed'
),

supply_point_versions as (
    select {{ business_date('valid_from') }} as valid_from_on, {{ business_date('valid_to') }} as valid_to_on
    from {{ ref('dim_supply_point_history') }}
    where is_active and not is_deleted
),

meter_versions as (
    select {{ business_date('valid_from') }} as valid_from_on, {{ business_date('valid_to') }} as valid_to_on
    from {{ ref('dim_meter_history') }}
    where is_active and not is_deleted and retired_on is null
),

versions as (
    select 'customer' as population, valid_from_on, valid_to_on from customer_versions
    union all
    select 'customer_with_number', valid_from_on, valid_to_on from customer_versions
    where identification_digits is not null
    union all
    select 'customer_with_cedula', valid_from_on, valid_to_on from customer_versions
    where identification_digits is not null and identification_type_code = 'cedula'
    union all
    select 'customer_with_rnc', valid_from_on, valid_to_on from customer_versions
    where identification_digits is not null and identification_type_code = 'rnc'
    union all
    select 'contract', valid_from_on, valid_to_on from contract_versions
    union all
    select 'supply_point', valid_from_on, valid_to_on from supply_point_versions
    union all
    select 'meter', valid_from_on, valid_to_on from meter_versions
),

changes as (
    select population, {{ month_of('valid_from_on') }} as changed_month, count(*) as records from versions
    group by 1, 2
    union all
    select population, {{ month_of('valid_to_on') }}, -count(*) from versions
    where valid_to_on is not null
    group by 1, 2
),

in_force as (
    select m.period_month, c.population, sum(c.records) as records
    from {{ ref('int_core__closed_month') }} as m
    inner join changes as c on c.changed_month <= m.period_month
    group by 1, 2
)

select period_month, population, records::bigint as records from in_force
union all
select period_month, population, records from {{ ref('int_quality__dated_population_month') }}
