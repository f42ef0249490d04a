-- Grain: metric × closed month × (whole utility | sector) with a value.
-- A view over what `caudal build` computes from the finished marts by the semantic layer (caudal/scorecard.py) and writes as it publishes them;
-- straight over the source, as mart_data_status is and for the same reason.
{{ config(materialized='view') }}

with metric as (
    select * from {{ source('ops', 'metric') }}
),

-- twice below: without this the planner knows nothing of the months and metrics that are asked
value as not materialized (
    select * from {{ source('ops', 'metric_value') }}
),

target as (
    select * from {{ ref('mart_kpi__target') }}
),

sector as (
    select
        place.sector_code,
        place.sector_name,
        town.municipality_code,
        place.municipality_name
    from {{ ref('dim_commercial_sector') }} as place
    inner join {{ ref('dim_municipality') }} as town on town.municipality_key = place.municipality_key
),

compared as (
    select
        value.metric_name,
        metric.label_es,
        metric.folder,
        metric.owner,
        metric.is_reserved,
        metric.unit,
        metric.format,
        metric.direction,
        value.period_month,
        case when value.sector_code is null then 'Empresa' else 'Sector' end as scope,
        sector.municipality_code,
        sector.municipality_name,
        value.sector_code,
        sector.sector_name,
        value.value,
        year_ago.value as last_year_value,
        target.target_value,
        case metric.direction when 'up' then value.value < metric.warn when 'down' then value.value > metric.warn else false end as is_beyond_warn,
        case metric.direction when 'up' then value.value < metric.critical when 'down' then value.value > metric.critical else false end as is_beyond_critical,
        metric.warn is null and metric.critical is null as has_no_threshold
    from value
    inner join metric on metric.metric_name = value.metric_name
    left join sector on sector.sector_code = value.sector_code
    left join value as year_ago
        on
            year_ago.metric_name = value.metric_name
            and year_ago.period_month = (value.period_month - interval '1 year')::date
            and year_ago.sector_code is not distinct from value.sector_code
    left join target
        on
            target.metric_name = value.metric_name
            and target.period_month = value.period_month
            and target.sector_code is not distinct from value.sector_code
),

measured as (
    select
        *,
        -- where less is better, the plan over the figure: 1 or more is always a target met
        case
            when direction <> 'down' and target_value > 0 then round(value / target_value, 4)
            when direction = 'down' and value > 0 then round(target_value / value, 4)
            when direction = 'down' and value = 0 and target_value >= 0 then 1
        end::numeric(18, 4) as attainment,
        case direction when 'up' then value >= target_value when 'down' then value <= target_value end as is_on_target
    from compared
)

select
    metric_name,
    label_es,
    folder,
    owner,
    is_reserved,
    unit,
    direction,
    period_month,
    scope,
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    value::numeric(24, 8) as value,
    last_year_value::numeric(24, 8) as last_year_value,
    target_value,
    attainment,
    is_on_target,
    case
        when is_beyond_critical then 'critical'
        when is_beyond_warn then 'warn'
        when not has_no_threshold then 'good'
    end as status,
    {{ written('value', 'unit', 'format') }} as value_text,
    {{ written('last_year_value', 'unit', 'format') }} as last_year_text,
    {{ written('target_value', 'unit', 'format') }} as target_text,
    case
        when unit = '%' then to_char(100 * (value - last_year_value), 'FMSG999,990.0') || ' puntos'
        when last_year_value <> 0 then to_char(100 * (value - last_year_value) / abs(last_year_value), 'FMSG999,990.0') || ' %'
    end as change_text,
    case
        when is_beyond_critical then 'Crítico'
        when is_beyond_warn then 'Alerta'
        when has_no_threshold then 'Sin umbral'
        else 'Bien'
    end as status_text,
    (attainment is not null)::int as targets_measured,
    (is_on_target is not null)::int as targets_set,
    coalesce(is_on_target, false)::int as targets_met,
    coalesce(is_beyond_warn or is_beyond_critical, false)::int as kpis_off
from measured
