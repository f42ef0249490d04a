-- The receivable rolled forward, against the balance of its account. Grain: closed month × receivable account, dense.
with subledger as (
    select * from {{ ref('int_accounting__subledger') }}
    where section = 'por_cobrar'
),

ledger as (
    select * from {{ ref('int_accounting__ledger_month') }}
    where section = 'por_cobrar'
),

closed_months as (
    select * from {{ ref('int_core__closed_month') }}
),

accounts as (
    select * from {{ ref('stg_odoo__account') }}
),

-- adjustments exist in the ledger only: what was billed, credited and collected comes from the commercial system
movements as (
    select
        account_id,
        period_month,
        sum(subledger_amount) filter (where movement_kind = 'billed') as billed_amount,
        -sum(subledger_amount) filter (where movement_kind = 'credited') as credited_amount,
        -sum(subledger_amount) filter (where movement_kind = 'collected') as collected_amount,
        null::numeric as adjusted_amount,
        null::numeric as ledger_amount
    from subledger
    group by account_id, period_month

    union all

    select
        account_id,
        period_month,
        null,
        null,
        null,
        sum(ledger_amount) filter (where movement_kind = 'adjusted'),
        sum(ledger_amount)
    from ledger
    group by account_id, period_month
),

receivables as (
    select distinct account_id from movements
),

grid as (
    select m.period_month, a.account_id
    from closed_months as m
    cross join receivables as a
),

rolled as (
    select
        g.period_month,
        g.account_id,
        coalesce(sum(coalesce(v.billed_amount, 0) - coalesce(v.credited_amount, 0) - coalesce(v.collected_amount, 0) + coalesce(v.adjusted_amount, 0))
            filter (where v.period_month < g.period_month), 0) as opening_amount,
        coalesce(sum(v.billed_amount) filter (where v.period_month = g.period_month), 0) as billed_amount,
        coalesce(sum(v.credited_amount) filter (where v.period_month = g.period_month), 0) as credited_amount,
        coalesce(sum(v.collected_amount) filter (where v.period_month = g.period_month), 0) as collected_amount,
        coalesce(sum(v.adjusted_amount) filter (where v.period_month = g.period_month), 0) as adjusted_amount,
        coalesce(sum(v.ledger_amount), 0) as ledger_closing_amount
    from grid as g
    left join movements as v on v.account_id is not distinct from g.account_id and v.period_month <= g.period_month
    group by g.period_month, g.account_id
)

select
    r.period_month,
    coalesce(a.account_code, {{ unassigned_code() }}) as account_code,
    coalesce(a.account_name, {{ unassigned_name() }}) as account_name,
    r.opening_amount::numeric(18, 2) as opening_amount,
    r.billed_amount::numeric(18, 2) as billed_amount,
    r.credited_amount::numeric(18, 2) as credited_amount,
    r.collected_amount::numeric(18, 2) as collected_amount,
    r.adjusted_amount::numeric(18, 2) as adjusted_amount,
    (r.opening_amount + r.billed_amount - r.credited_amount - r.collected_amount + r.adjusted_amount)::numeric(18, 2) as closing_amount,
    r.ledger_closing_amount::numeric(18, 2) as ledger_closing_amount,
    (r.opening_amount + r.billed_amount - r.credited_amount - r.collected_amount + r.adjusted_amount - r.ledger_closing_amount)::numeric(18, 2)
        as difference_amount
from rolled as r
left join accounts as a on a.account_id = r.account_id
