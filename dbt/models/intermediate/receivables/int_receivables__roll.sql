-- Where the debt of each month end, and what was billed since, is at the next one: still owed in a bucket, under an agreement, or gone by
-- payment, credit note or another entry. What is owed and what is gone are rows of their own, so that a change of one does not have the other read.
-- Grain: closed month × sector × route × user type × source × bucket or exit × under an agreement.
{% set touched %}{% raw %}
select false as is_gone, c.period_month from {{ changes_of(ref('int_receivables__debt_month')) }} as c
union
select true, c.period_month from {{ changes_of(ref('int_receivables__reconciliation')) }} as c
where c.period_month <= {{ last_closed_month() }}
union
select g.is_gone, m.period_month from {{ newly_closed_months() }} as m
cross join (values (false), (true)) as g (is_gone)
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'sector_key', 'route_key', 'user_type_key', 'from_order', 'end_order', 'is_under_agreement'],
        'keys': ['is_gone', 'period_month'],
        'log': [{'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

with flows as (
    select
        period_month,
        sector_key,
        route_key,
        user_type_key,
        issued_month,
        due_on,
        false as is_gone,
        {{ ageing_bucket_order(month_end('period_month') ~ ' - due_on') }} as end_order,
        is_under_agreement,
        balance_amount as flow_amount
    from {{ touched_months_of(ref('int_receivables__debt_month'), 'period_month', 'not is_gone') }}

    union all

    select
        {{ month_of('reconciled_on') }},
        debit_sector_key,
        debit_route_key,
        debit_user_type_key,
        {{ month_of('debit_issued_on') }},
        debit_due_on,
        true,
        ({{ allocation_target_order('credit_kind') }})::smallint,
        false,
        reconciled_amount
    from {{ touched_months_of(ref('int_receivables__reconciliation'), 'reconciled_on', 'is_gone') }}
    where debit_kind = 'factura' and {{ month_of('reconciled_on') }} <= {{ last_closed_month() }}
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
    is_gone,
    is_under_agreement,
    sum(flow_amount) as flow_amount
from flows
group by 1, 2, 3, 4, 5, 6, 7, 8
having sum(flow_amount) <> 0
