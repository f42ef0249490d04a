-- Readings with an incident by its type, and how many of the incidents were solved: what `mart_metering__incident_month` names. A month of which a
-- reading or an incident changed is added up again, and only that. Grain: month × sector × route × user type × incident.
{% set touched %}{% raw %}
{{ changed_months_of([ref('int_metering__reading')]) }}
union
select r.period_month from {{ changes_of(ref('int_metering__incident')) }} as c
inner join {{ ref('int_metering__reading') }} as r on r.reading_key = c.row_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key', 'incident'], 'keys': ['period_month']}},
) }}

with readings as (
    select * from {{ touched_months_of(ref('int_metering__reading'), 'period_month') }}
    where incident <> 'none'
),

reported as (
    select reading_key, min(resolved_at) as resolved_at
    from {{ ref('int_metering__incident') }}
    {% if is_incremental() %}where reading_key in (select reading_key from readings){% endif %}
    group by reading_key
)

select
    r.period_month,
    r.sector_key,
    r.route_key,
    r.user_type_key,
    r.incident,
    count(*) as incident_readings,
    count(i.resolved_at) as resolved_incidents
from readings as r
left join reported as i on i.reading_key = r.reading_key
group by 1, 2, 3, 4, 5
