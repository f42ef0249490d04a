select
    ---------- ids
    id as move_id,
    partner_id as customer_id,
    contract_id,
    reversed_entry_id as reversed_move_id,
    debit_origin_id as debit_origin_move_id,
    l10n_latam_document_type_id as document_type_id,
    cycle_id as billing_cycle_id,
    ---------- text
    move_type,
    state,
    l10n_do_fiscal_number as fiscal_number,
    l10n_do_origin_ncf as modified_fiscal_number,
    l10n_do_income_type as income_type,
    l10n_do_cancellation_type as cancellation_type,
    ecf_state,
    credit_reason,
    ---------- numerics
    amount_untaxed as untaxed_amount,
    amount_tax as tax_amount,
    amount_total as total_amount,
    amount_residual as residual_amount,
    billed_m3,
    ---------- dates
    billing_period,
    coalesce(invoice_date, date) as issued_on,
    coalesce(invoice_date_due, invoice_date, date) as due_on
from {{ source('odoo', 'account_move') }}
where _deleted_at is null
