-- Billed concepts of posted documents, signed. The document's volume goes to its first water line, once.
-- Grain: one row per product line.
with lines as (
    select * from {{ ref('stg_odoo__account_move_line') }}
    where display_type = 'product'
),

documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
),

concepts as (
    select * from {{ ref('stg_odoo__concept') }}
),

signed as (
    select
        l.move_line_id as invoice_line_key,
        d.invoice_key,
        d.contract_key,
        d.sector_key,
        d.route_key,
        d.municipality_key,
        d.user_type_key,
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
