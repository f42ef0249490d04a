-- For every contract and every closed month end, to the cent: what was billed = what was paid + what was credited + what is owed.
-- Said of each month: what was billed in it, less what was paid and credited, is what the debt grew by. Of all months together it is the same.
{% set recent %}
{% if not tests_everything() %}
in (
    {% for model in [ref('fct_invoice'), ref('fct_payment_allocation'), ref('fct_receivable_month')] %}
    {{ untested(model, 'contract_key') }}
    {{ 'union' if not loop.last }}
    {% endfor %}
)
{% endif %}
{% endset %}

with movements as (
    select contract_key, {{ month_of('issued_on') }} as period_month, total_amount as billed, 0 as paid, 0 as credited, 0 as owed_more
    from {{ ref('fct_invoice') }}
    where state = 'posted' and sign = 1
        {% if recent | trim %}and contract_key {{ recent }}{% endif %}

    union all

    select
        contract_key,
        {{ month_of('allocated_on') }},
        0,
        case when allocation_kind = 'pago' then allocated_amount else 0 end,
        case when allocation_kind <> 'pago' then allocated_amount else 0 end,
        0
    from {{ ref('fct_payment_allocation') }}
    {% if recent | trim %}where contract_key {{ recent }}{% endif %}

    union all

    -- a balance counts in its month, and is taken off the next
    select contract_key, period_month, 0, 0, 0, receivable_amount
    from {{ ref('fct_receivable_month') }}
    {% if recent | trim %}where contract_key {{ recent }}{% endif %}

    union all

    select contract_key, (period_month + interval '1 month')::date, 0, 0, 0, -receivable_amount
    from {{ ref('fct_receivable_month') }}
    {% if recent | trim %}where contract_key {{ recent }}{% endif %}
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
    and ({{ kept_from() }} = date '0001-01-01' or period_month > {{ kept_from() }})
group by contract_key, period_month
having sum(billed) <> sum(paid) + sum(credited) + sum(owed_more)
