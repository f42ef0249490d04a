-- The 607: forms of payment add up to the total with taxes, line by line; and detail + summary is all that was issued in each closed month:
-- in a daily run, in those of which a document changed.
{% set changing = [[ref('fct_invoice'), 'sums'], ref('int_billing__607_document')] %}
{% set months = untested_months(changing) %}

with declared as (
    select period_month, count(*) as n, sum(billed_amount) as billed_amount, sum(itbis_billed_amount) as itbis_amount
    from {{ ref('mart_dgii__607') }}
    where {{ is_in_months('period_month', months) }}
    group by 1

    union all

    select period_month, documents_count, billed_amount, itbis_billed_amount
    from {{ ref('mart_dgii__607_summary') }}
    where {{ is_in_months('period_month', months) }}
),

declared_by_month as (
    select period_month, sum(n) as n, sum(billed_amount) as billed_amount, sum(itbis_amount) as itbis_amount
    from declared
    group by 1
),

issued as (
    select {{ month_of('issued_on') }} as period_month, count(*) as n, sum(untaxed_amount) as billed_amount, sum(tax_amount) as itbis_amount
    from {{ ref('fct_invoice') }}
    where state = 'posted' and {{ month_of('issued_on') }} in (select period_month from {{ ref('int_core__closed_month') }})
        and {{ is_in_months('issued_on', months) }}
    group by 1
)

{% set forms = 'cash_amount + bank_amount + card_amount + credit_amount + voucher_amount + barter_amount + other_forms_amount' %}

select 'detalle' as part, period_month, line_number::bigint as line_number
from {{ ref('mart_dgii__607') }}
where {{ forms }} <> billed_amount + itbis_billed_amount or least(cash_amount, bank_amount, card_amount, credit_amount, other_forms_amount) < 0

union all

select 'resumen', period_month, null
from {{ ref('mart_dgii__607_summary') }}
where {{ forms }} <> billed_amount + itbis_billed_amount

union all

select 'mes', coalesce(i.period_month, d.period_month), null
from issued as i
full join declared_by_month as d on d.period_month = i.period_month
where (
    coalesce(i.n, 0) <> coalesce(d.n, 0)
    or coalesce(i.billed_amount, 0) <> coalesce(d.billed_amount, 0)
    or coalesce(i.itbis_amount, 0) <> coalesce(d.itbis_amount, 0)
)
and coalesce(i.period_month, d.period_month) >= {{ kept_from() }}
