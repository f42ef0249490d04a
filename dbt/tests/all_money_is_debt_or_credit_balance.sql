-- At every closed month end: all invoiced − all credit notes − all money received − other entries = debt − credit in favour.
-- It uses no allocation between payments and invoices, so a payment that got lost on its way shows here.
-- Month by month, what moved is what the balance changed by: so a daily run reads only the months that changed, and the balances before them.
{% set facts = [[ref('fct_invoice'), 'sums'], [ref('fct_payment'), 'sums'], ref('fct_payment_allocation'), ref('fct_receivable_month'),
                ref('fct_credit_balance_month')] %}
{% set months = untested_months(facts) %}

with balances as (
    {% for fact, amount in [('fct_receivable_month', 'receivable_amount'), ('fct_credit_balance_month', '-credit_balance_amount')] -%}
    select period_month, sum({{ amount }}) as amount
    from {{ ref(fact) }}
    where {{ is_in_months('period_month', and_neighbours(months, -1)) }}
    group by 1
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

movements as (
    select {{ month_of('issued_on') }} as period_month, sign * total_amount as amount
    from {{ ref('fct_invoice') }}
    where state = 'posted' and {{ is_in_months('issued_on', months) }}

    union all

    select {{ month_of('paid_on') }}, -payment_amount
    from {{ ref('fct_payment') }}
    where {{ is_in_months('paid_on', months) }}

    union all

    select {{ month_of('allocated_on') }}, -allocated_amount
    from {{ ref('fct_payment_allocation') }}
    where allocation_kind = 'ajuste' and {{ is_in_months('allocated_on', months) }}

    union all

    -- a balance counts in its month, and is taken off the next
    select period_month, -amount
    from balances

    union all

    select (period_month + interval '1 month')::date, amount
    from balances
)

select period_month, sum(amount) as unexplained_amount
from movements
where period_month in (select period_month from {{ ref('int_core__closed_month') }})
    and {{ is_in_months('period_month', months) }}
    -- the first month that is kept has no balance before it
    and ({{ kept_from() }} = date '0001-01-01' or period_month > {{ kept_from() }})
group by period_month
having sum(amount) <> 0
