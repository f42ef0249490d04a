-- Quality of data by rule. Master data is looked at as it was at the month end (from the histories); invoices, payments and readings are those of the
-- month, as they are today. Grain: closed month × rule, dense.
with failed as (
    select m.period_month, f.rule_code, count(distinct f.record_id) as failed_records
    from {{ ref('int_core__closed_month') }} as m
    inner join {{ ref('int_quality__failure') }} as f
        on case
            when f.is_dated then {{ month_of('f.valid_from_on') }} = m.period_month
            else f.valid_from_on <= m.month_end_on and (f.valid_to_on is null or f.valid_to_on > m.month_end_on)
        end
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
