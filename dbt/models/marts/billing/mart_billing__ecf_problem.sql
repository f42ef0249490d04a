-- Posted electronic documents that the tax office rejected, whatever their age, or has not answered for too many days.
-- Grain: one row per document.
with documents as (
    select *, {{ ecf_outcome('document_type_code', 'ecf_state') }} as ecf_outcome
    from {{ ref('fct_invoice') }}
    where state = 'posted'
),

credited as (
    select corrected_invoice_key as invoice_key, sum(total_amount) as credited_amount
    from {{ ref('fct_credit_note') }}
    where corrected_invoice_key is not null
    group by corrected_invoice_key
)

select
    d.invoice_key,
    d.contract_key,
    c.contract_code,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    d.document_kind,
    d.document_type_code,
    d.fiscal_number,
    d.ecf_outcome,
    {{ month_of('d.issued_on') }} as period_month,
    d.issued_on,
    {{ business_today() }} - d.issued_on as days_open,
    d.total_amount,
    coalesce(cr.credited_amount >= d.total_amount, false) as is_credited_whole
from documents as d
inner join {{ ref('int_core__contract') }} as c on c.contract_key = d.contract_key
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = d.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = d.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = d.user_type_key
left join credited as cr on cr.invoice_key = d.invoice_key
where d.ecf_outcome = 'rechazado' or (d.ecf_outcome = 'pendiente' and {{ business_today() }} - d.issued_on > {{ ecf_pending_days() }})
