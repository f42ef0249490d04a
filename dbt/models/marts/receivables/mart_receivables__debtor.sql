-- Who owes overdue debt today: to drill down to, and to lay out cut routes. Grain: one row per contract with overdue debt.
with debts as (
    select * from {{ ref('int_receivables__contract_today') }}
    where overdue_amount > 0
),

contracts as (
    select * from {{ ref('int_core__contract') }}
),

agreements as (
    select distinct on (contract_key) contract_key, agreement_state
    from {{ ref('int_agreements__agreement') }}
    where signed_on <= {{ business_today() }}
    order by contract_key, signed_on desc, agreement_key desc
),

orders as (
    select
        contract_key,
        max(executed_on) filter (where order_kind = 'corte') as last_cut_on,
        max(executed_on) filter (where order_kind = 'reconexion') as last_reconnection_on
    from {{ ref('fct_cut_order') }}
    group by contract_key
),

spans as (
    select
        contract_key,
        bool_or(span_kind = 'cortado') as is_cut,
        bool_or(span_kind = 'corte_pendiente') as has_pending_cut_order
    from {{ ref('int_receivables__cut_span') }}
    where from_on <= {{ business_today() }} and (until_on is null or until_on > {{ business_today() }})
    group by contract_key
)

select
    d.contract_key,
    c.contract_code,
    cu.customer_name_masked,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    ut.user_type_name,
    sp.supply_point_code,
    sp.latitude,
    sp.longitude,
    coalesce(c.status, 'sin_asignar') as status,
    {{ business_today() }} as as_of_on,
    d.receivable_amount,
    d.overdue_amount,
    d.overdue_surcharge_amount,
    d.overdue_invoices,
    d.overdue_months,
    d.oldest_due_on,
    {{ business_today() }} - d.oldest_due_on as days_past_due,
    {{ ageing_bucket_name(ageing_bucket_order(business_today() ~ ' - d.oldest_due_on')) }} as ageing_bucket,
    {{ ageing_bucket_order(business_today() ~ ' - d.oldest_due_on') }} as ageing_bucket_order,
    p.last_paid_on,
    p.last_paid_amount,
    coalesce(a.agreement_state, 'sin_convenio') as agreement_state,
    c.is_cuttable,
    coalesce(sn.is_cut, false) or coalesce(c.status = 'cut', false) as is_cut,
    coalesce(sn.has_pending_cut_order, false) as has_pending_cut_order,
    o.last_cut_on,
    o.last_reconnection_on
from debts as d
inner join contracts as c on c.contract_key = d.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as ut on ut.user_type_key = c.user_type_key
left join {{ ref('dim_customer') }} as cu on cu.customer_key = c.customer_key
left join {{ ref('dim_supply_point') }} as sp on sp.supply_point_key = c.supply_point_key
left join lateral (
    select t.paid_on as last_paid_on, t.payment_amount as last_paid_amount
    from {{ ref('int_collections__payment') }} as t
    where t.contract_key = d.contract_key and t.payment_amount > 0 and t.is_effective and t.paid_on <= {{ business_today() }}
    order by t.paid_on desc, t.payment_key desc
    limit 1
) as p on true
left join agreements as a on a.contract_key = d.contract_key
left join orders as o on o.contract_key = d.contract_key
left join spans as sn on sn.contract_key = d.contract_key
