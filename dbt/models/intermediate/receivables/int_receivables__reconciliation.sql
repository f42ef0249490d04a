-- Which document or payment each partial reconciliation takes from (credit side) and settles (debit side).
-- Odoo reconciles move lines: line → move → invoice, credit note, payment, or another entry (a write-off, say).
-- It carries of the settled document its places and dates, by which the settlements of a month are added up without looking for each document.
-- Grain: one row per partial reconciliation between live sides. Cancelled documents and payments settle nothing.
{% set touched %}{% raw %}
with moves as (
    select m.id as move_id from {{ source('odoo', 'account_move') }} as m
    where {{ is_new_in_raw('m') }}
    union
    select p.move_id from {{ source('odoo', 'account_payment') }} as p
    where {{ is_new_in_raw('p') }}
),

lines as (
    select l.id from {{ source('odoo', 'account_move_line') }} as l
    where {{ is_new_in_raw('l') }}
    union
    select l.id from moves
    inner join {{ source('odoo', 'account_move_line') }} as l on l.move_id = moves.move_id
),

documents as (
    select c.row_key from {{ changes_of(ref('int_billing__document')) }} as c
),

payments as (
    select c.row_key from {{ changes_of(ref('int_collections__payment')) }} as c
)

select r.id as reconcile_id from {{ source('odoo', 'account_partial_reconcile') }} as r
where {{ is_new_in_raw('r') }}
union
select r.id from lines
inner join {{ source('odoo', 'account_partial_reconcile') }} as r on r.debit_move_id = lines.id
union
select r.id from lines
inner join {{ source('odoo', 'account_partial_reconcile') }} as r on r.credit_move_id = lines.id
{% for side in ['debit', 'credit'] %}
union
select t.reconcile_id from documents
inner join {{ this }} as t on t.{{ side }}_invoice_key = documents.row_key
union
select t.reconcile_id from payments
inner join {{ this }} as t on t.{{ side }}_payment_key = payments.row_key
{% endfor %}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['reconcile_id'], 'keys': ['reconcile_id'],
        'log': [
            {'row': 'reconcile_id', 'contract': 'debit_contract_key', 'month': 'reconciled_on'},
            {'topic': 'invoice', 'row': 'debit_invoice_key'},
            {'topic': 'note', 'row': 'credit_invoice_key'},
            {'topic': 'payment', 'row': 'credit_payment_key'},
            {'topic': 'payment', 'row': 'debit_payment_key'},
            {'topic': 'credit', 'contract': 'credit_contract_key', 'month': 'reconciled_on'},
            {'topic': 'credit', 'contract': 'debit_contract_key', 'month': 'reconciled_on'},
        ],
    }},
    indexes=[
        {'columns': ['reconcile_id'], 'unique': true}, {'columns': ['debit_invoice_key']}, {'columns': ['credit_invoice_key']},
        {'columns': ['debit_payment_key']}, {'columns': ['credit_payment_key']}, {'columns': ['credit_contract_key', 'reconciled_on']},
        {'columns': ['reconciled_on']},
    ],
) }}

with partials as (
    select * from {{ ref('stg_odoo__account_partial_reconcile') }}
    {% if is_incremental() %}where reconcile_id in (select reconcile_id from touched){% endif %}
),

lines as {{ found_by_key() }} (
    select move_line_id, move_id from {{ ref('stg_odoo__account_move_line') }}
),

documents as (
    select * from {{ ref('int_billing__document') }}
),

payments as (
    select * from {{ ref('int_collections__payment') }}
),

{% if is_incremental() -%}
ends as (
    select debit_move_line_id as move_line_id from partials
    union
    select credit_move_line_id from partials
),

{% endif -%}
entries as (
    select move_id, issued_on, state from {{ ref('stg_odoo__account_move') }}
    {% if is_incremental() %}where move_id in (select lines.move_id from lines inner join ends on ends.move_line_id = lines.move_line_id){% endif %}
),

sides as (
    select
        e.move_id,
        d.invoice_key,
        p.payment_key,
        coalesce(d.contract_key, p.contract_key) as contract_key,
        d.sector_key,
        d.route_key,
        d.user_type_key,
        d.issued_on,
        d.due_on,
        coalesce(d.issued_on, p.paid_on, e.issued_on) as dated_on,
        case
            when d.invoice_key is not null then case when d.sign = 1 then 'factura' else 'nota_credito' end
            when p.payment_key is not null then 'pago'
            else 'asiento'
        end as side_kind
    from entries as e
    left join documents as d on d.invoice_key = e.move_id
    left join payments as p on p.move_id = e.move_id
    where e.state = 'posted' and coalesce(p.is_effective, true)
),

matched as (
    select
        pr.reconcile_id,
        debit.side_kind as debit_kind,
        debit.invoice_key as debit_invoice_key,
        debit.payment_key as debit_payment_key,
        debit.contract_key as debit_contract_key,
        debit.sector_key as debit_sector_key,
        debit.route_key as debit_route_key,
        debit.user_type_key as debit_user_type_key,
        debit.issued_on as debit_issued_on,
        debit.due_on as debit_due_on,
        credit.side_kind as credit_kind,
        credit.invoice_key as credit_invoice_key,
        credit.payment_key as credit_payment_key,
        credit.contract_key as credit_contract_key,
        -- Odoo's max_date is the later of both lines' dates; never let money settle a document that did not exist yet
        greatest(pr.reconciled_on, debit.dated_on, credit.dated_on) as reconciled_on,
        pr.reconciled_amount
    from partials as pr
    inner join lines as debit_line on debit_line.move_line_id = pr.debit_move_line_id
    inner join sides as debit on debit.move_id = debit_line.move_id
    inner join lines as credit_line on credit_line.move_line_id = pr.credit_move_line_id
    inner join sides as credit on credit.move_id = credit_line.move_id
)

select * from matched
