-- Customer documents that exist for the tax office: posted and cancelled invoices, credit and debit notes, with their keys resolved.
-- Sector, route and user type are those that the contract had when the document was issued.
-- Grain: one row per document. Drafts are not documents yet.
{% set touched %}{% raw %}
select m.id as invoice_key from {{ source('odoo', 'account_move') }} as m
where {{ is_new_in_raw('m') }}
union
select d.invoice_key from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
inner join {{ this }} as d on d.contract_key = c.contract_key and d.issued_on >= c.period_month
union
-- what pointed at nobody may have found its contract or customer
select d.invoice_key from {{ this }} as d
where d.contract_key = {{ unassigned_key() }}
union
select d.invoice_key from {{ this }} as d
where d.customer_key = {{ unassigned_key() }}
union
select d.invoice_key from {{ source('odoo', 'document_type') }} as t
inner join {{ this }} as d on d.document_type_key in (t.id, {{ unassigned_key() }})
where {{ is_new_in_raw('t') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_key'], 'keys': ['invoice_key'],
        'log': [
            {'row': 'invoice_key', 'contract': 'contract_key', 'month': 'issued_on'},
            {'topic': 'debt', 'row': 'invoice_key', 'contract': 'contract_key', 'month': 'issued_on', 'of': [
                'contract_key', 'sector_key', 'route_key', 'user_type_key', 'issued_on', 'due_on', 'total_amount', 'sign', 'state']},
            {'topic': 'period', 'contract': 'contract_key', 'month': 'billing_period', 'of': [
                'contract_key', 'billing_period', 'issued_on', 'document_kind', 'state']},
        ],
    }},
    indexes=[
        {'columns': ['invoice_key'], 'unique': true}, {'columns': ['contract_key', 'issued_on']},
        {'columns': ['customer_key']}, {'columns': ['issued_on']}, {'columns': ['billing_period']},
    ],
) }}

with moves as (
    select * from {{ ref('stg_odoo__account_move') }}
    where move_type in ('out_invoice', 'out_refund') and state in ('posted', 'cancel')
        {% if is_incremental() %}and move_id in (select invoice_key from touched){% endif %}
),

document_types as (
    select * from {{ ref('stg_odoo__document_type') }}
),

contracts as (
    select * from {{ ref('int_core__contract_version') }}
),

customers as (
    select * from {{ ref('stg_odoo__customer') }}
),

documents as (
    select
        m.move_id as invoice_key,
        coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
        coalesce(c.contract_version_key, {{ unassigned_key() }}) as contract_version_key,
        coalesce(cu.customer_id, {{ unassigned_key() }}) as customer_key,
        coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
        coalesce(c.municipality_key, {{ unassigned_key() }}) as municipality_key,
        coalesce(c.user_type_key, {{ unassigned_key() }}) as user_type_key,
        case
            when m.move_type = 'out_refund' then 'nota_credito'
            -- Odoo has no move type for debit notes: they are invoices that say which document they charge again
            when m.debit_origin_move_id is not null or dt.document_type_code in ('E33', 'B03') then 'nota_debito'
            else 'factura'
        end as document_kind,
        m.fiscal_number,
        coalesce(dt.document_type_id, {{ unassigned_key() }}) as document_type_key,
        dt.document_type_code,
        m.modified_fiscal_number,
        m.income_type,
        m.ecf_state,
        m.billing_period,
        m.issued_on,
        m.due_on,
        m.untaxed_amount,
        m.tax_amount,
        m.total_amount,
        m.residual_amount,
        (case when m.move_type = 'out_refund' then -1 else 1 end)::smallint as sign,
        m.credit_reason,
        m.reversed_move_id as reversed_invoice_key,
        m.billed_m3,
        m.cancellation_type,
        m.state
    from moves as m
    left join document_types as dt on dt.document_type_id = m.document_type_id
    left join contracts as c on {{ version_of('c', 'm.contract_id', 'm.issued_on') }}
    left join customers as cu on cu.customer_id = m.customer_id
)

select * from documents
