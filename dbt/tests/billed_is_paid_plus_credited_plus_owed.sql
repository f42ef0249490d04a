-- For every contract and every closed month end, to the cent: what was billed = what was paid + what was credited + what is owed.
-- Said of each month: what was billed in it, less what was paid and credited, is what the debt grew by. Of all months together it is the same.
-- A daily run says it of each contract's months in which a fact changed, and of the months after those of a balance.
{% set bills, payments, balances = [ref('fct_invoice'), 'billed'], ref('fct_payment_allocation'), ref('fct_receivable_month') %}
{% set facts = [bills, payments, balances] %}
{% set months = and_neighbours(untested_months(facts), 1) %}

with movements as (
    select contract_key, {{ month_of('issued_on') }} as period_month, total_amount as billed, 0 as paid, 0 as credited, 0 as owed_more
    from {{ ref('fct_invoice') }}
    where state = 'posted' and sign = 1 and {{ is_in_months('issued_on', months) }}

    union all

    select
        contract_key,
        {{ month_of('allocated_on') }},
        0,
        case when allocation_kind = 'pago' then allocated_amount else 0 end,
        case when allocation_kind <> 'pago' then allocated_amount else 0 end,
        0
    from {{ ref('fct_payment_allocation') }}
    where {{ is_in_months('allocated_on', months) }}

    union all

    -- a balance counts in its month, and is taken off the next
    select contract_key, period_month, 0, 0, 0, receivable_amount
    from {{ ref('fct_receivable_month') }}
    where {{ is_in_months('period_month', months) }}

    union all

    select contract_key, (period_month + interval '1 month')::date, 0, 0, 0, -receivable_amount
    from {{ ref('fct_receivable_month') }}
    where {{ is_in_months('period_month', neighbours(months, -1)) }}
)

select
    contract_key,
    period_month,
    sum(billed) as billed,
    sum(paid) as paid,
    sum(credited) as credited,
    sum(owed_more) as owed_more
from movements
where period_month in (select period_month from {{ ref('int_core__closed_month') }})
    and {{ is_of_untested_contract_month('period_month', facts, carried=[balances]) }}
    and ({{ kept_from() }} = date '0001-01-01' or period_month > {{ kept_from() }})
group by contract_key, period_month
having sum(billed) <> sum(paid) + sum(credited) + sum(owed_more)
