-- Payments that Odoo applied otherwise than the rule says (surcharges first, then capital, oldest due first), how much, and why as far as
-- the data tells. Grain: one row per payment and day of application that deviates.
{% set touched %}{% raw %}
select c.row_key as payment_key from {{ changes_of(ref('int_collections__expected_allocation')) }} as c
union
-- what else settled one of its invoices says why
select e.payment_key from {{ changes_of(ref('int_receivables__reconciliation'), 'invoice') }} as c
inner join {{ ref('int_collections__expected_allocation') }} as e on e.invoice_key = c.row_key
union
-- and so does the reason of a note that did
select e.payment_key from {{ changes_of(ref('int_billing__document')) }} as c
inner join {{ ref('int_receivables__reconciliation') }} as r on r.credit_invoice_key = c.row_key
inner join {{ ref('int_collections__expected_allocation') }} as e on e.invoice_key = r.debit_invoice_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['payment_key', 'applied_on'], 'keys': ['payment_key']}},
    indexes=[{'columns': ['payment_key', 'applied_on'], 'unique': true}],
) }}

with deviating as (
    select distinct payment_key, applied_on from {{ ref('int_collections__expected_allocation') }}
    where applied_amount <> expected_amount and {{ is_touched('payment_key') }}
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
    payment_key,
    applied_on,
    contract_key,
    available_amount,
    owed_amount,
    expected_amount,
    applied_amount,
    misallocated_amount,
    unapplied_amount,
    surcharge_skipped_amount,
    skipped_due_on,
    case
        when other_contract_amount > 0 then 'otro_contrato'
        when skipped_has_concession then 'concesion'
        when skipped_has_note then 'nota_credito'
        when skipped_has_adjustment then 'ajuste'
        when skipped_due_on is not null then 'manual'
        when unapplied_amount > 0 then 'sin_aplicar'
        else 'recargo_pospuesto'
    end as deviation_reason
from applications
where misallocated_amount > 0 or unapplied_amount > 0
