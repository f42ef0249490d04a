-- Customers without what identifies them (Ley 172-13). Grain: one row per customer, and the member "Sin asignar".
with customers as (
    select * from {{ ref('stg_odoo__customer') }}
),

identification_types as (
    select * from {{ ref('stg_odoo__identification_type') }}
),

identified as (
    select
        c.*,
        coalesce(t.identification_type_code, 'ninguna') as identification_type,
        regexp_replace(coalesce(c.identification_number, ''), '[^0-9A-Za-z]', '', 'g') as identification_digits
    from customers as c
    left join identification_types as t on t.identification_type_id = c.identification_type_id
),

masked as (
    select
        customer_id as customer_key,
        coalesce({{ masked_name('customer_name') }}, 'Sin nombre') as customer_name_masked,
        identification_type,
        nullif({{ masked_identification('identification_digits') }}, '') as identification_masked,
        is_company,
        case identification_type
            when 'cedula' then {{ is_valid_cedula('identification_digits') }}
            when 'rnc' then {{ is_valid_rnc('identification_digits') }} or {{ is_valid_cedula('identification_digits') }}
            else identification_digits <> ''
        end as is_valid_identification,
        has_fraud_flag,
        is_active,
        is_deleted
    from identified

    union all

    select {{ unassigned_key() }}, {{ unassigned_name() }}, 'ninguna', null, false, false, false, false, false
)

select * from masked
