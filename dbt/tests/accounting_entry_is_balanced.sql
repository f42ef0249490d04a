-- The month's entry balances to the cent, in each kind of movement, and says what the KPI marts say was billed, credited and collected.
with entry as (
    select
        period_month,
        movement_kind,
        sum(debit_amount) as debit_amount,
        sum(credit_amount) as credit_amount
    from {{ ref('mart_accounting__journal_entry') }}
    group by period_month, movement_kind
),

accounting as (
    select
        period_month,
        sum(subledger_amount) filter (where section = 'ingresos') as billed_amount,
        -sum(subledger_amount) filter (where section = 'ingresos' and movement_kind = 'credited') as credited_amount,
        sum(subledger_amount) filter (where section = 'cobros') as collected_amount
    from {{ ref('mart_accounting__month') }}
    group by period_month
),

commercial as (
    select
        period_month,
        sum(billed_amount) as billed_amount,
        sum(credited_amount) as credited_amount,
        sum(collected_amount) as collected_amount
    from {{ ref('mart_commercial__month') }}
    group by period_month
)

select period_month, 'asiento ' || movement_kind as thing, debit_amount as one_amount, credit_amount as other_amount
from entry
where debit_amount <> credit_amount

union all

{% for measure in ['billed_amount', 'credited_amount', 'collected_amount'] -%}
select period_month, '{{ measure }}', coalesce(a.{{ measure }}, 0), c.{{ measure }}
from commercial as c
left join accounting as a using (period_month)
where coalesce(a.{{ measure }}, 0) <> c.{{ measure }}
{{ 'union all' if not loop.last }}
{% endfor %}
