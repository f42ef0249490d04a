-- Anomalies open at each month end and opened and closed in the month. Dense, because what is open is a balance.
-- Grain: closed month × sector × route × user type × kind, dense.
with grid as (
    select * from {{ ref('int_core__month_grid') }}
),

kinds as (
    select * from (
        values ('high', 'Consumo alto'), ('zero', 'Consumo cero'), ('negative', 'Consumo negativo'), ('estimated', 'Estimado demasiado tiempo'),
        ('night_leak', 'Fuga nocturna en el sector')
    ) as k (anomaly_kind, anomaly_name)
),

anomalies as (
    select * from {{ ref('mart_metering__anomaly') }}
),

counted as (
    select
        m.period_month,
        a.sector_key,
        a.route_key,
        a.user_type_key,
        a.anomaly_kind,
        count(*) filter (where a.closed_on is null or a.closed_on > m.month_end_on) as open_anomalies,
        count(*) filter (where a.opened_on >= m.period_month) as opened_anomalies,
        count(*) filter (where a.closed_on <= m.month_end_on) as closed_anomalies
    from {{ ref('int_core__closed_month') }} as m
    inner join anomalies as a on a.opened_on <= m.month_end_on and (a.closed_on is null or a.closed_on >= m.period_month)
    group by m.period_month, a.sector_key, a.route_key, a.user_type_key, a.anomaly_kind
)

select
    g.period_month,
    g.municipality_code,
    g.municipality_name,
    g.sector_code,
    g.sector_name,
    g.route_code,
    g.user_type_name,
    k.anomaly_kind,
    k.anomaly_name,
    coalesce(c.open_anomalies, 0) as open_anomalies,
    coalesce(c.opened_anomalies, 0) as opened_anomalies,
    coalesce(c.closed_anomalies, 0) as closed_anomalies
from grid as g
cross join kinds as k
left join counted as c
    on c.period_month = g.period_month and c.sector_key = g.sector_key and c.route_key = g.route_key and c.user_type_key = g.user_type_key
        and c.anomaly_kind = k.anomaly_kind
