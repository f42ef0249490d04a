-- Which contracts were active at each closed month end, and which of them got an invoice that month.
-- Active: started by then, not ended by then, and not cut off that day (the last executed order was a cut). Odoo keeps only today's
-- state, so the past comes from dates and orders; a closed contract without an end date is never active.
-- Grain: contract × closed month, active only.
with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }} and started_on is not null and not (status = 'closed' and ended_on is null)
),

months as (
    select * from {{ ref('int_core__closed_month') }}
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
    select * from orders
    where order_kind = 'cut'
),

invoiced as (
    select distinct contract_key, {{ month_of('issued_on') }} as period_month
    from {{ ref('int_billing__document') }}
    where state = 'posted' and document_kind = 'factura'
)

select
    c.contract_key,
    m.period_month,
    c.sector_key,
    c.route_key,
    c.user_type_key,
    i.contract_key is not null as is_billed
from contracts as c
inner join months as m on c.started_on <= m.month_end_on and (c.ended_on is null or c.ended_on > m.month_end_on)
left join invoiced as i on i.contract_key = c.contract_key and i.period_month = m.period_month
where not exists (
    select from cuts
    where cuts.contract_id = c.contract_key
        and cuts.executed_on <= m.month_end_on
        and (cuts.next_executed_on is null or cuts.next_executed_on > m.month_end_on)
)
