-- Grain: one row per payment agreement.
with agreements as (
    select * from {{ ref('int_agreements__agreement') }}
),

recovered as (
    select agreement_key, sum(recovered_amount) as recovered_amount
    from {{ ref('int_agreements__recovery') }}
    group by agreement_key
)

select
    a.agreement_key,
    a.agreement_name,
    a.contract_key,
    a.sector_key,
    a.route_key,
    a.municipality_key,
    a.user_type_key,
    a.signed_on,
    a.agreed_amount,
    a.down_payment_amount,
    a.instalments_amount,
    a.instalments_count::integer as instalments_count,
    a.paid_instalments_count::integer as paid_instalments_count,
    a.paid_instalments_amount,
    coalesce(r.recovered_amount, 0) as recovered_amount,
    a.agreement_state,
    a.fulfilled_on,
    a.broken_on,
    a.closed_on,
    a.broken_reason,
    a.broken_instalment_number::integer as broken_instalment_number,
    a.broken_instalment_due_on,
    a.broken_on - a.broken_instalment_due_on as broken_days_late,
    coalesce(a.odoo_state, 'sin_estado') as odoo_state
from agreements as a
left join recovered as r on r.agreement_key = a.agreement_key
