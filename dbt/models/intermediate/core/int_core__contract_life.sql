-- The days on which each contract was active: started, not ended, and not cut off (the last executed order was a cut). Odoo keeps only today's
-- state, so the past comes from dates and orders; a closed contract without an end date was never active that we know.
-- Grain: one row per contract with a start.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {'row': ['contract_key'], 'keys': [], 'log': [{'contract': 'contract_key'}]}},
    indexes=[{'columns': ['contract_key'], 'unique': true}],
) }}

with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }} and started_on is not null and not (status = 'closed' and ended_on is null)
),

orders as (
    select
        contract_id,
        order_kind,
        executed_on,
        lead(executed_on) over (partition by contract_id order by executed_on, cut_order_id) as next_executed_on
    from {{ ref('stg_odoo__cut_order') }}
    where state = 'done' and executed_on is not null
),

cuts as (
    select contract_id, range_agg(daterange(executed_on, next_executed_on)) as cut_dates
    from orders
    where order_kind = 'cut'
    group by contract_id
)

select
    c.contract_key,
    -- a contract that ended before it started was never active
    datemultirange(daterange(c.started_on, case when c.ended_on < c.started_on then c.started_on else c.ended_on end))
    - coalesce(cuts.cut_dates, datemultirange()) as active_dates
from contracts as c
left join cuts on cuts.contract_id = c.contract_key
