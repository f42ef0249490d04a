-- Where the debt of each month end, and what was billed since, is at the next one: still owed in a bucket, under an agreement, or gone by
-- payment, credit note or another entry. Grain: closed month × sector × route × user type × source × bucket or exit × under an agreement.
{% set touched %}{% raw %}
{{ changed_months_of([
    ref('int_receivables__debt_month'), ref('int_receivables__reconciliation'), ref('int_receivables__component_movement')
]) }}
union
select m.period_month from {{ newly_closed_months() }} as m
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'sector_key', 'route_key', 'user_type_key', 'from_order', 'end_order', 'is_under_agreement'], 'keys': ['period_month'],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

with debts as (
    select * from {{ touched_months_of(ref('int_receivables__debt_month'), 'period_month') }}
),

allocations as (
    select * from {{ touched_months_of(ref('int_receivables__allocation'), 'allocated_on') }}
    where {{ month_of('allocated_on') }} <= {{ last_closed_month() }}
),

documents as (
    select invoice_key, issued_on, due_on from {{ ref('int_billing__document') }}
    where state = 'posted' and sign = 1
),

flows as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        issued_month,
        due_on,
        {{ ageing_bucket_order(month_end('period_month') ~ ' - due_on') }} as end_order,
        is_under_agreement,
        balance_amount as flow_amount
    from debts

    union all

    select
        {{ month_of('a.allocated_on') }},
        a.sector_key,
        a.route_key,
        a.user_type_key,
        {{ month_of('d.issued_on') }},
        d.due_on,
        ({{ allocation_target_order('a.allocation_kind') }})::smallint,
        false,
        a.allocated_amount
    from allocations as a
    inner join documents as d on d.invoice_key = a.invoice_key
)

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    -- the age it had at the end of the month before; what was billed since then had none
    case
        when issued_month = period_month then -1
        else {{ ageing_bucket_order('(period_month - 1) - due_on') }}
    end::smallint as from_order,
    end_order,
    is_under_agreement,
    sum(flow_amount) as flow_amount
from flows
group by 1, 2, 3, 4, 5, 6, 7
having sum(flow_amount) <> 0
