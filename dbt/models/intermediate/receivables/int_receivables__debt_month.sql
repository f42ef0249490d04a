-- Debt at each closed month end by when it was billed and when it fell due: what roll rates and loss rates are made of, without going back to
-- the invoices. Grain: closed month × sector × route × user type × month billed × due date × under an agreement, non-zero only.
with open_balances as (
    select * from {{ ref('int_receivables__open_balance') }}
),

documents as (
    select invoice_key, issued_on from {{ ref('int_billing__document') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

-- the agreement that a contract had in force at a month end covers what had been billed when it was signed
agreements as (
    select a.contract_key, m.period_month, max(a.signed_on) as signed_on
    from {{ ref('int_agreements__agreement') }} as a
    inner join {{ ref('int_core__closed_month') }} as m on {{ agreement_in_force('a', 'm.month_end_on') }}
    where a.contract_key <> {{ unassigned_key() }}
    group by 1, 2
),

at_month_end as (
    select
        m.period_month::date as period_month,
        b.contract_key,
        d.issued_on,
        b.due_on,
        b.balance_amount
    from open_balances as b
    inner join documents as d on d.invoice_key = b.invoice_key
    cross join lateral generate_series(
        b.from_month,
        least(b.until_month - interval '1 month', {{ last_closed_month() }}),
        interval '1 month'
    ) as m (period_month)
)

select
    e.period_month,
    v.sector_key,
    v.route_key,
    v.user_type_key,
    {{ month_of('e.issued_on') }} as issued_month,
    e.due_on,
    coalesce(e.issued_on <= a.signed_on, false) as is_under_agreement,
    sum(e.balance_amount) as balance_amount
from at_month_end as e
inner join versions as v on {{ version_of('v', 'e.contract_key', month_end('e.period_month')) }}
left join agreements as a on a.contract_key = e.contract_key and a.period_month = e.period_month
group by 1, 2, 3, 4, 5, 6, 7
having sum(e.balance_amount) <> 0
