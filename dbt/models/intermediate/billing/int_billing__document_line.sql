-- Billed concepts of posted documents, signed. The document's volume goes to its first water line, once.
-- Grain: one row per product line.
{% set touched %}{% raw %}
select c.row_key as invoice_key from {{ changes_of(ref('int_billing__document')) }} as c
union
select l.move_id from {{ source('odoo', 'account_move_line') }} as l
where {{ is_new_in_raw('l') }}
union
-- the document of which it was a line before
select t.invoice_key from {{ source('odoo', 'account_move_line') }} as l
inner join {{ this }} as t on t.invoice_line_key = l.id
where {{ is_new_in_raw('l') }}
union
select t.invoice_key from {{ source('odoo', 'concept') }} as p
inner join {{ this }} as t on t.concept_key in (p.id, {{ unassigned_key() }})
where {{ is_new_in_raw('p') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['invoice_line_key'], 'keys': ['invoice_key'],
        'log': [{'row': 'invoice_line_key', 'contract': 'contract_key', 'month': 'issued_on'}, {'topic': 'invoice', 'row': 'invoice_key'}],
    }},
    indexes=[{'columns': ['invoice_line_key'], 'unique': true}, {'columns': ['invoice_key']}],
) }}

with lines as (
    select * from {{ ref('stg_odoo__account_move_line') }}
    where display_type = 'product'
        {% if is_incremental() %}and move_id in (select invoice_key from touched){% endif %}
),

documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
        {% if is_incremental() %}and invoice_key in (select invoice_key from touched){% endif %}
),

concepts as (
    select * from {{ ref('stg_odoo__concept') }}
),

signed as (
    select
        l.move_line_id as invoice_line_key,
        d.invoice_key,
        d.contract_key,
        d.contract_version_key,
        d.sector_key,
        d.route_key,
        d.municipality_key,
        d.user_type_key,
        coalesce(co.concept_id, {{ unassigned_key() }}) as concept_key,
        coalesce(co.concept_code, {{ unassigned_code() }}) as concept_code,
        coalesce(co.concept_type, 'sin_asignar') as concept_type,
        d.issued_on,
        d.billing_period,
        d.sign * l.untaxed_amount as line_amount,
        case
            when co.concept_type = 'agua'
                and row_number() over (partition by d.invoice_key, co.concept_type order by l.move_line_id) = 1
                then d.sign * coalesce(d.billed_m3, 0)
            else 0
        end as billed_m3
    from lines as l
    inner join documents as d on d.invoice_key = l.move_id
    left join concepts as co on co.concept_id = l.concept_id
)

select * from signed
