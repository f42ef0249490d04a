-- The month's entry for the utility's accounting program: what was billed, credited and collected, from the commercial system's own amounts.
-- Adjustments that people booked in Odoo by hand are not in it. Grain: closed month × line of the entry; it balances by month and kind.
with subledger as (
    select * from {{ ref('int_accounting__subledger') }}
),

closed_months as (
    select * from {{ ref('int_core__closed_month') }}
),

accounts as (
    select * from {{ ref('stg_odoo__account') }}
),

lines as (
    select
        s.period_month,
        s.movement_kind,
        s.section,
        coalesce(a.account_code, {{ unassigned_code() }}) as account_code,
        coalesce(a.account_name, {{ unassigned_name() }}) as account_name,
        s.concept_code,
        max(s.concept_name) as concept_name,
        sum({{ accounting_signed('s.section', 's.subledger_amount') }}) as amount
    from subledger as s
    inner join closed_months as m on m.period_month = s.period_month
    left join accounts as a on a.account_id = s.account_id
    group by s.period_month, s.movement_kind, s.section, a.account_code, a.account_name, s.concept_code
)

select
    period_month,
    row_number() over (
        partition by period_month
        order by case movement_kind when 'billed' then 1 when 'credited' then 2 else 3 end, amount < 0, account_code, concept_code, section
    )::integer as line_number,
    movement_kind,
    account_code,
    account_name,
    concept_code,
    concept_name,
    greatest(amount, 0)::numeric(18, 2) as debit_amount,
    greatest(-amount, 0)::numeric(18, 2) as credit_amount,
    case movement_kind when 'billed' then 'Facturación' when 'credited' then 'Notas de crédito' else 'Recaudación' end
    || ' de ' || {{ month_label_long_es('period_month') }} || ': ' || concept_name as description_es
from lines
where amount <> 0
