-- Payments that Odoo applied otherwise than the rule says (surcharges first, then capital, oldest due first), how much, and why as far as
-- the data tells.
-- Grain: one row per payment and day of application that deviates.
with deviating as (
    select distinct payment_key, applied_on from {{ ref('int_collections__expected_allocation') }}
    where applied_amount <> expected_amount
),

-- whole applications, but only those with a debt that got something else than its share: what complies is most of it
components as (
    select c.* from deviating as d
    inner join {{ ref('int_collections__expected_allocation') }} as c on c.payment_key = d.payment_key and c.applied_on = d.applied_on
),

-- credit notes and other entries that ended up settling an invoice
corrections as (
    select
        a.invoice_key,
        bool_or(n.credit_reason = 'acuerdo') as has_concession,
        bool_or(a.allocation_kind = 'nota_credito') as has_note,
        bool_or(a.allocation_kind = 'ajuste') as has_adjustment
    from {{ ref('int_receivables__allocation') }} as a
    left join {{ ref('int_billing__document') }} as n on n.invoice_key = a.credit_invoice_key
    where a.allocation_kind <> 'pago' and a.invoice_key in (select components.invoice_key from components)
    group by a.invoice_key
),

weighed as (
    select
        c.*,
        max(c.due_on) filter (where c.applied_amount > 0) over of_application as newest_settled_due_on,
        sum(c.owed_amount - c.applied_amount) over (partition by c.payment_key, c.applied_on, c.invoice_key) as left_amount
    from components as c
    window of_application as (partition by c.payment_key, c.applied_on)
),

applications as (
    select
        w.payment_key,
        w.applied_on,
        min(w.contract_key) as contract_key,
        min(w.available_amount) as available_amount,
        sum(w.owed_amount) as owed_amount,
        sum(w.expected_amount) as expected_amount,
        sum(w.applied_amount) as applied_amount,
        sum(greatest(0, w.applied_amount - w.expected_amount)) as misallocated_amount,
        sum(w.expected_amount) - sum(w.applied_amount) as unapplied_amount,
        coalesce(sum(greatest(0, w.expected_amount - w.applied_amount)) filter (where w.component = 'recargo'), 0) as surcharge_skipped_amount,
        coalesce(sum(w.applied_amount) filter (where w.invoice_contract_key <> w.contract_key), 0) as other_contract_amount,
        -- a debt left open that fell due before one that was settled
        min(w.due_on) filter (where w.left_amount > 0 and w.due_on < w.newest_settled_due_on) as skipped_due_on,
        coalesce(bool_or(k.has_concession) filter (where w.left_amount > 0 and w.due_on < w.newest_settled_due_on), false) as skipped_has_concession,
        coalesce(bool_or(k.has_note) filter (where w.left_amount > 0 and w.due_on < w.newest_settled_due_on), false) as skipped_has_note,
        coalesce(bool_or(k.has_adjustment) filter (where w.left_amount > 0 and w.due_on < w.newest_settled_due_on), false) as skipped_has_adjustment
    from weighed as w
    left join corrections as k on k.invoice_key = w.invoice_key
    group by w.payment_key, w.applied_on
)

select
    a.payment_key,
    a.applied_on,
    {{ month_of('a.applied_on') }} as period_month,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    r.route_code,
    u.user_type_name,
    c.contract_code,
    p.channel,
    p.collector_name,
    p.paid_on,
    p.payment_amount,
    a.available_amount,
    a.owed_amount,
    a.expected_amount,
    a.applied_amount,
    a.misallocated_amount,
    a.unapplied_amount,
    a.surcharge_skipped_amount,
    a.skipped_due_on,
    case
        when a.other_contract_amount > 0 then 'otro_contrato'
        when a.skipped_has_concession then 'concesion'
        when a.skipped_has_note then 'nota_credito'
        when a.skipped_has_adjustment then 'ajuste'
        when a.skipped_due_on is not null then 'manual'
        when a.unapplied_amount > 0 then 'sin_aplicar'
        else 'recargo_pospuesto'
    end as deviation_reason
from applications as a
inner join {{ ref('int_collections__payment') }} as p on p.payment_key = a.payment_key
inner join {{ ref('int_core__contract') }} as c on c.contract_key = a.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
where a.misallocated_amount > 0 or a.unapplied_amount > 0
