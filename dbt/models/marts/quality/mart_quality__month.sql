-- Quality of data by rule. Master data is looked at as it was at the month end (from the histories); invoices, payments and readings are those of the
-- month, as they are today. Grain: closed month × rule, dense.
with dated as (
    select {{ month_of('valid_from_on') }} as period_month, rule_code, count(distinct record_id) as records
    from {{ ref('int_quality__failure') }}
    where is_dated
    group by 1, 2
),

-- the months at whose end a record of master data breaks a rule; what breaks it twice at a time does so once
broken as (
    select f.rule_code, unnest(range_agg(daterange({{ month_of('f.valid_from_on') }}, {{ month_of('f.valid_to_on') }}))) as months
    from {{ ref('int_quality__failure') }} as f
    where f.is_dated is not true and f.valid_from_on is not null
        and (f.valid_to_on is null or {{ month_of('f.valid_to_on') }} > {{ month_of('f.valid_from_on') }})
    group by f.rule_code, f.record_id
),

-- one more from the month that it begins in, one less from the month that it ends in: a pass over the failures, not one for each month
changes as (
    select rule_code, lower(months) as changed_month, count(*) as records from broken
    group by 1, 2
    union all
    select rule_code, upper(months), -count(*) from broken
    where upper(months) is not null
    group by 1, 2
),

failed as (
    select period_month, rule_code, records as failed_records from dated
    union all
    select m.period_month, c.rule_code, sum(c.records)::bigint
    from {{ ref('int_core__closed_month') }} as m
    inner join changes as c on c.changed_month <= m.period_month
    group by 1, 2
)

select
    m.period_month,
    r.quality_dimension,
    r.entity_name,
    r.rule_code,
    r.rule_name,
    coalesce(p.records, 0)::bigint as checked_records,
    coalesce(p.records, 0)::bigint - coalesce(f.failed_records, 0) as passed_records,
    coalesce(f.failed_records, 0) as failed_records
from {{ ref('int_core__closed_month') }} as m
cross join {{ ref('int_quality__rule') }} as r
left join {{ ref('int_quality__population_month') }} as p on p.period_month = m.period_month and p.population = r.population
left join failed as f on f.period_month = m.period_month and f.rule_code = r.rule_code
