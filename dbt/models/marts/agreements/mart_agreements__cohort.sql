-- What became of the agreements signed in each month, month after month. Grain: signing month × months since × sector × route × user type,
-- where agreements were signed, up to the last closed month and twenty-four months on.
with agreements as (
    select * from {{ ref('fct_agreement') }}
),

followed as (
    select
        {{ month_of('a.signed_on') }} as signed_month,
        m.period_month,
        (extract(year from age(m.period_month, {{ month_of('a.signed_on') }})) * 12
            + extract(month from age(m.period_month, {{ month_of('a.signed_on') }})))::integer as months_since_signing,
        a.sector_key,
        a.route_key,
        a.user_type_key,
        a.agreed_amount,
        a.broken_on <= m.month_end_on as is_broken,
        a.fulfilled_on <= m.month_end_on as is_fulfilled
    from agreements as a
    inner join {{ ref('int_core__closed_month') }} as m
        on m.period_month between {{ month_of('a.signed_on') }} and {{ month_of('a.signed_on') }} + interval '24 months'
)

select
    f.signed_month,
    f.months_since_signing,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    count(*) as signed_agreements,
    sum(f.agreed_amount) as signed_amount,
    count(*) filter (where f.is_broken) as broken_agreements,
    count(*) filter (where f.is_fulfilled) as fulfilled_agreements
from followed as f
inner join {{ ref('int_core__sector') }} as s on s.sector_key = f.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = f.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = f.user_type_key
group by 1, 2, 3, 4, 5, 6, 7, 8
