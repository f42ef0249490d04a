-- Bills of a contract and period that has an earlier one: to be credited, or to be explained. A bill that was credited whole is none.
-- Grain: one row per bill after the first.
with credited as (
    select corrected_invoice_key as invoice_key, sum(total_amount) as credited_amount
    from {{ ref('fct_credit_note') }}
    where corrected_invoice_key is not null
    group by corrected_invoice_key
),

standing as (
    select d.*, coalesce(c.credited_amount, 0) as credited_amount
    from {{ ref('int_billing__repeated_document') }} as r
    inner join {{ ref('int_billing__run_document') }} as d on d.invoice_key = r.invoice_key
    left join credited as c on c.invoice_key = r.invoice_key
    where coalesce(c.credited_amount, 0) < d.total_amount
),

ranked as (
    select
        *,
        row_number() over bills as bill_number,
        first_value(invoice_key) over bills as first_invoice_key,
        first_value(fiscal_number) over bills as first_fiscal_number,
        first_value(issued_on) over bills as first_issued_on,
        first_value(total_amount) over bills as first_total_amount,
        first_value(residual_amount) over bills as first_residual_amount
    from standing
    window bills as (partition by contract_key, period_month order by issued_on, invoice_key)
)

select
    d.invoice_key,
    d.contract_key,
    c.contract_code,
    d.period_month,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    coalesce(cu.customer_name_masked, {{ unassigned_name() }}) as customer_name_masked,
    d.fiscal_number,
    d.issued_on,
    d.total_amount,
    d.residual_amount,
    d.credited_amount::numeric(18, 2) as credited_amount,
    d.bill_number::integer as bill_number,
    d.first_invoice_key,
    d.first_fiscal_number,
    d.first_issued_on,
    d.first_total_amount,
    d.first_residual_amount,
    d.total_amount = d.first_total_amount as is_same_amount
from ranked as d
inner join {{ ref('int_core__contract') }} as c on c.contract_key = d.contract_key
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
left join {{ ref('dim_customer') }} as cu on cu.customer_key = c.customer_key
where d.bill_number > 1
