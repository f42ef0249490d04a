-- Commercial system against Odoo's general ledger. Grain: closed month × section × account × concept × kind of movement.
with subledger as (
    select * from {{ ref('int_accounting__subledger') }}
),

ledger as (
    select * from {{ ref('int_accounting__ledger_month') }}
),

-- coalesce: an amount without an account would otherwise match nothing
both_sides as (
    select
        coalesce(s.period_month, g.period_month) as period_month,
        coalesce(s.section, g.section) as section,
        coalesce(s.account_id, g.account_id) as account_id,
        coalesce(s.concept_code, g.concept_code) as concept_code,
        coalesce(s.concept_name, g.concept_name) as concept_name,
        coalesce(s.movement_kind, g.movement_kind) as movement_kind,
        coalesce(s.subledger_amount, 0) as subledger_amount,
        coalesce(g.ledger_amount, 0) as ledger_amount
    from subledger as s
    full join ledger as g
        on g.period_month = s.period_month
            and g.section = s.section
            and g.account_id = s.account_id
            and g.concept_code = s.concept_code
            and g.movement_kind = s.movement_kind
),

closed_months as (
    select * from {{ ref('int_core__closed_month') }}
),

accounts as (
    select * from {{ ref('stg_odoo__account') }}
)

select
    b.period_month,
    b.section,
    coalesce(a.account_code, {{ unassigned_code() }}) as account_code,
    coalesce(a.account_name, {{ unassigned_name() }}) as account_name,
    a.account_type,
    b.concept_code,
    max(b.concept_name) as concept_name,
    b.movement_kind,
    sum(b.subledger_amount)::numeric(18, 2) as subledger_amount,
    sum(b.ledger_amount)::numeric(18, 2) as ledger_amount,
    sum(b.subledger_amount - b.ledger_amount)::numeric(18, 2) as difference_amount
from both_sides as b
inner join closed_months as m on m.period_month = b.period_month
left join accounts as a on a.account_id = b.account_id
group by b.period_month, b.section, a.account_code, a.account_name, a.account_type, b.concept_code, b.movement_kind
