-- Which cycle bills a sector in a period: the source lists the codes of a cycle's sectors in a text. A sector that two cycles of a period
-- list belongs to the first of them. Grain: billing period × sector.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {
        'row': ['period_month', 'sector_key'], 'keys': [],
        'log': [{'month': 'period_month', 'of': ['billing_cycle_id']}],
    }},
    indexes=[{'columns': ['period_month', 'sector_key'], 'unique': true}],
) }}

with cycles as (
    select * from {{ ref('stg_odoo__billing_cycle') }}
    where billing_period is not null
),

listed as (
    select
        {{ month_of('c.billing_period') }} as period_month,
        c.billing_cycle_id,
        c.cycle_name,
        c.cycle_number,
        c.issued_on as planned_issue_on,
        c.state as cycle_state,
        btrim(code.sector_code) as sector_code
    from cycles as c
    cross join lateral regexp_split_to_table(coalesce(c.sector_group, ''), '[,;]') as code (sector_code)
)

select distinct on (l.period_month, s.sector_key)
    l.period_month,
    s.sector_key,
    l.billing_cycle_id,
    l.cycle_name,
    l.planned_issue_on,
    -- issued: its bills were confirmed, whatever the tax office answered
    coalesce(l.cycle_state = 'done' or exists (
        select from {{ ref('stg_odoo__billing_cycle_step') }} as st
        where st.billing_cycle_id = l.billing_cycle_id and st.step = 'confirmation' and st.state = 'done'
    ), false) as is_issued
from listed as l
inner join {{ ref('int_core__sector') }} as s on s.sector_code = l.sector_code
order by l.period_month, s.sector_key, l.planned_issue_on, l.billing_cycle_id
