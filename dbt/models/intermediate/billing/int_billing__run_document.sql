-- Invoices that bill a contract's consumption of a period: those of a billing run, and those by hand that bill water. Drafts of a run too.
-- A bill for other services (a connection, a fine) is none, whatever its period. Grain: one row per document.
{% set touched %}{% raw %}
select m.id as invoice_key from {{ source('odoo', 'account_move') }} as m
where {{ is_new_in_raw('m') }}
union
select t.invoice_key from {{ changes_of(ref('int_core__contract'), 'place') }} as c
inner join {{ this }} as t on t.contract_key = c.contract_key
union
select t.invoice_key from {{ this }} as t
where t.contract_key = {{ unassigned_key() }}
union
-- by its type a document may be a debit note, and then none of these
select m.id from {{ source('odoo', 'document_type') }} as t
inner join {{ source('odoo', 'account_move') }} as m on m.l10n_latam_document_type_id = t.id
where {{ is_new_in_raw('t') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_key'], 'keys': ['invoice_key'],
        'log': [
            {'row': 'invoice_key', 'contract': 'contract_key', 'month': 'period_month'},
            {'topic': 'cycle', 'row': 'billing_cycle_id', 'of': [
                'billing_cycle_id', 'sector_key', 'route_key', 'state', 'issued_on', 'untaxed_amount', 'ecf_outcome']},
            {'topic': 'period', 'month': 'period_month', 'of': ['contract_key', 'period_month', 'billing_cycle_id']},
        ],
    }},
    indexes=[
        {'columns': ['invoice_key'], 'unique': true}, {'columns': ['contract_key', 'period_month']},
        {'columns': ['billing_cycle_id']}, {'columns': ['period_month']},
    ],
) }}

with moves as (
    select * from {{ ref('stg_odoo__account_move') }}
    where move_type = 'out_invoice' and state in ('draft', 'posted') and debit_origin_move_id is null
        {% if is_incremental() %}and move_id in (select invoice_key from touched){% endif %}
),

document_types as (
    select * from {{ ref('stg_odoo__document_type') }}
)

select
    m.move_id as invoice_key,
    coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
    m.billing_cycle_id,
    {{ month_of('m.billing_period') }} as period_month,
    m.state,
    m.issued_on,
    m.fiscal_number,
    m.untaxed_amount,
    m.total_amount,
    coalesce(m.residual_amount, 0) as residual_amount,
    coalesce(m.billed_m3, 0) as billed_m3,
    {{ ecf_outcome('dt.document_type_code', 'm.ecf_state') }} as ecf_outcome
from moves as m
left join document_types as dt on dt.document_type_id = m.document_type_id
left join {{ ref('int_core__contract') }} as c on c.contract_key = m.contract_id
where (m.billing_cycle_id is not null or m.billed_m3 > 0)
    -- by id, not by the code of the outer join: the planner would take the result for one row and loop over all contracts for each
    and (m.document_type_id is null or m.document_type_id not in (select document_type_id from document_types where document_type_code in ('E33', 'B03')))
