-- When each contract was cut off by an executed order, and when a cut was ordered and waiting. Grain: one row per contract, kind and span;
-- `from_on` ≤ day < `until_on` (null: still so). A cancelled order never waits: Odoo does not say when it was cancelled.
with orders as (
    select * from {{ ref('fct_cut_order') }}
    where contract_key <> {{ unassigned_key() }}
),

executed as (
    select
        contract_key,
        order_kind,
        executed_on as from_on,
        lead(executed_on) over (partition by contract_key order by executed_on, cut_order_key) as until_on
    from orders
    where executed_on is not null
)

select contract_key, 'cortado' as span_kind, from_on, until_on
from executed
where order_kind = 'corte'

union all

select contract_key, 'corte_pendiente', ordered_on, executed_on
from orders
where order_kind = 'corte' and order_state in ('pendiente', 'ejecutada')
