-- Anomalies of consumption and night flow, open ones and those of the last months that were corrected, for who sends somebody to look.
-- Grain: one row per contract (or sector, for night leaks), kind and episode.
select
    a.anomaly_key,
    a.anomaly_kind,
    case a.anomaly_kind
        when 'high' then 'Consumo alto' when 'zero' then 'Consumo cero' when 'negative' then 'Consumo negativo'
        when 'estimated' then 'Estimado demasiado tiempo' else 'Fuga nocturna en el sector'
    end as anomaly_name,
    a.contract_key,
    a.contract_code,
    a.meter_key,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    a.sector_key,
    a.route_key,
    a.user_type_key,
    a.first_month,
    a.last_month,
    a.months_count::integer as months_count,
    a.observed_m3::numeric(18, 3) as observed_m3,
    a.expected_m3::numeric(18, 3) as expected_m3,
    a.limit_m3::numeric(18, 3) as limit_m3,
    a.observed_m3h::numeric(18, 3) as observed_m3h,
    a.expected_m3h::numeric(18, 3) as expected_m3h,
    a.opened_on,
    a.closed_on,
    a.closed_by,
    a.closed_on is null as is_open
from {{ ref('int_metering__anomaly') }} as a
inner join {{ ref('int_core__sector') }} as s on s.sector_key = a.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = a.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = a.user_type_key
