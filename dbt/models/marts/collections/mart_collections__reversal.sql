-- Payments that did not stand: money given back (a reversal of a payment, or a refund of none) and payments cancelled in Odoo.
-- Grain: one row per outbound payment or cancelled payment.
-- They are some in a hundred of the payments: found by their index, and so is what they undo.
with payments as not materialized (
    select * from {{ ref('int_collections__payment') }}
),

undone as (
    select
        p.payment_key,
        p.contract_key,
        p.channel,
        p.payment_form,
        p.collector_name,
        case when not p.is_effective then 'anulado' when p.is_reversal then 'reversa' else 'devolucion' end as reversal_kind,
        case when p.is_effective then o.payment_key else p.payment_key end as reversed_payment_key,
        case when p.is_effective then o.paid_on else p.paid_on end as paid_on,
        case when p.is_effective then p.paid_on end as reversed_on,
        p.written_amount as reversed_amount
    from payments as p
    left join payments as o on o.payment_key = p.reversal_of_payment_id
    where not p.is_effective or (p.is_effective and p.payment_type = 'outbound')
)

select
    x.payment_key,
    x.reversal_kind,
    x.reversed_payment_key,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    c.contract_code,
    x.channel,
    x.payment_form,
    x.collector_name,
    x.paid_on,
    x.reversed_on,
    x.reversed_on - x.paid_on as days_to_reverse,
    x.reversed_amount,
    f.filed_on is not null as is_in_a_remittance
from undone as x
inner join {{ ref('int_core__contract') }} as c on c.contract_key = x.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
left join lateral (
    select min(l.received_on) as filed_on
    from {{ ref('int_collections__remittance_line') }} as l
    where l.payment_key = x.reversed_payment_key
) as f on true
