-- For every contract and every closed month end, to the cent: what was billed = what was paid + what was credited + what is owed.
{% set recent %}
{% if not tests_everything() %}
in (
    {% for model in [ref('fct_invoice'), ref('fct_payment_allocation'), ref('fct_receivable_month')] -%}
    {{ untested(model, 'contract_key') }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
)
{% endif %}
{% endset %}

with movements as (
    select contract_key, {{ month_of('issued_on') }} as period_month, total_amount as billed, 0 as paid, 0 as credited
    from {{ ref('fct_invoice') }}
    where state = 'posted' and sign = 1
        {% if recent | trim %}and contract_key {{ recent }}{% endif %}

    union all

    select
        contract_key,
        {{ month_of('allocated_on') }},
        0,
        case when allocation_kind = 'pago' then allocated_amount else 0 end,
        case when allocation_kind <> 'pago' then allocated_amount else 0 end
    from {{ ref('fct_payment_allocation') }}
    {% if recent | trim %}where contract_key {{ recent }}{% endif %}
),

monthly as (
    select contract_key, period_month, sum(billed) as billed, sum(paid) as paid, sum(credited) as credited
    from movements
    group by contract_key, period_month
),

contract_months as (
    select c.contract_key, m.period_month
    from (select contract_key, min(period_month) as first_month from monthly group by contract_key) as c
    inner join {{ ref('int_core__closed_month') }} as m on m.period_month >= c.first_month
),

accumulated as (
    select
        cm.contract_key,
        cm.period_month,
        sum(m.billed) over until_then as billed,
        sum(m.paid) over until_then as paid,
        sum(m.credited) over until_then as credited
    from contract_months as cm
    left join monthly as m on m.contract_key = cm.contract_key and m.period_month = cm.period_month
    window until_then as (partition by cm.contract_key order by cm.period_month)
),

owed as (
    select contract_key, period_month, sum(receivable_amount) as owed
    from {{ ref('fct_receivable_month') }}
    {% if recent | trim %}where contract_key {{ recent }}{% endif %}
    group by contract_key, period_month
)

select
    contract_key,
    period_month,
    billed,
    paid,
    credited,
    owed
from accumulated
full join owed using (contract_key, period_month)
where coalesce(billed, 0) <> coalesce(paid, 0) + coalesce(credited, 0) + coalesce(owed, 0)
