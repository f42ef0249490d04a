-- Cases, orders and contract events are in the monthly marts as many times as in their facts: what has no sector counts in "Sin asignar".
with closed as (
    select min(period_month) as first_month, max(month_end_on) as last_day from {{ ref('int_core__closed_month') }}
),

facts as (
    select 'casos abiertos' as what, count(*) as n from {{ ref('fct_service_request') }}, closed
    where opened_on between first_month and last_day
    union all
    select 'casos resueltos', count(*) from {{ ref('fct_service_request') }}, closed
    where status = 'resuelta' and closed_on between first_month and last_day
    union all
    select 'órdenes ejecutadas', count(*) from {{ ref('fct_work_order') }}, closed
    where executed_on between first_month and last_day
    union all
    select 'altas y bajas', count(*) from {{ ref('fct_contract_event') }}, closed
    where event_kind in ('alta', 'baja') and event_on between first_month and last_day
    union all
    select 'cambios auditados', count(*) from {{ ref('fct_audit_change') }}, closed
    where changed_on between first_month and last_day
),

marts as (
    select 'casos abiertos' as what, sum(cases_opened) as n from {{ ref('mart_service__month') }}
    union all
    select 'casos abiertos', sum(type_cases_opened) from {{ ref('mart_service__type_month') }}
    union all
    select 'casos resueltos', sum(cases_resolved) from {{ ref('mart_service__month') }}
    union all
    select 'casos resueltos', count(*) from {{ ref('mart_service__resolution') }}
    union all
    select 'órdenes ejecutadas', sum(orders_executed) from {{ ref('mart_operation__month') }}
    union all
    select 'órdenes ejecutadas', sum(kind_orders_executed) from {{ ref('mart_operation__kind_month') }}
    union all
    select 'órdenes ejecutadas', count(*) from {{ ref('mart_operation__execution') }}
    union all
    select 'altas y bajas', sum(new_contracts + ended_contracts) from {{ ref('mart_customers__month') }}
    union all
    select 'cambios auditados', sum(changes_count) from {{ ref('mart_audit__month') }}
)

select facts.what, facts.n as fact_rows, marts.n as mart_rows
from facts
inner join marts on marts.what = facts.what
where facts.n is distinct from marts.n
