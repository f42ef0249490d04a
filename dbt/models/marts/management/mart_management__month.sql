-- Income and costs of operation by account, from Odoo's general ledger. Income is that of the accounts that the commercial cycle bills to; costs
-- are the accounts that Odoo types as expenses. Depreciation stands apart: it is no operating cost in IBNET.
-- Grain: closed month × account, dense.
with accounts as (
    select * from {{ ref('stg_odoo__account') }}
),

income as (
    select period_month, account_code, sum(ledger_amount) as amount
    from {{ ref('mart_accounting__month') }}
    where section = 'ingresos'
    group by 1, 2
),

costs as (
    select l.period_month, a.account_code, l.amount
    from accounts as a
    -- account by account, so that their few lines are found by the index
    cross join lateral (
        select p.period_month, sum(p.balance_amount) as amount
        from {{ ref('int_accounting__posted_line') }} as p
        where p.account_id = a.account_id
        group by 1
    ) as l
    where a.account_type in ('expense', 'expense_direct_cost', 'expense_depreciation')
),

movements as (
    select period_month, account_code, amount from income
    union all
    select period_month, account_code, amount from costs
),

-- an account that moved, and what it is
used as (
    select
        m.account_code,
        coalesce(min(a.account_name), {{ unassigned_name() }}) as account_name,
        case min(a.account_type)
            when 'expense' then 'costo'
            when 'expense_direct_cost' then 'costo'
            when 'expense_depreciation' then 'depreciación'
            else 'ingreso'
        end as account_class
    from movements as m
    left join accounts as a on a.account_code = m.account_code
    group by m.account_code
),

months as (
    select period_month, account_code, sum(amount) as amount
    from movements
    group by 1, 2
)

select
    c.period_month,
    u.account_code,
    u.account_name,
    u.account_class,
    (case when u.account_class = 'ingreso' then coalesce(m.amount, 0) else 0 end)::numeric(18, 2) as operating_revenue_amount,
    (case when u.account_class = 'costo' then coalesce(m.amount, 0) else 0 end)::numeric(18, 2) as operating_cost_amount,
    (case when u.account_class = 'depreciación' then coalesce(m.amount, 0) else 0 end)::numeric(18, 2) as depreciation_amount
from {{ ref('int_core__closed_month') }} as c
cross join used as u
left join months as m on m.period_month = c.period_month and m.account_code = u.account_code
