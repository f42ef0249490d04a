-- Versions of customers that hold or held a contract, as quality looks at them. Grain: one row per customer and version.
with types as (
    select distinct on (identification_type_name) identification_type_name, identification_type_code
    from {{ ref('stg_odoo__identification_type') }}
    order by identification_type_name, identification_type_id
),

versions as (
    select
        h.customer_key,
        {{ business_date('h.valid_from') }} as valid_from_on,
        {{ business_date('h.valid_to') }} as valid_to_on,
        h.customer_name,
        h.identification_number,
        coalesce(h.mobile, h.phone) as phone_any,
        h.phone,
        h.mobile,
        h.email,
        h.street,
        h.city,
        h.identification_type,
        t.identification_type_code,
        nullif(regexp_replace(coalesce(h.identification_number, ''), '[^0-9A-Za-z]', '', 'g'), '') as identification_digits,
        o.contract_key
    from {{ ref('dim_customer_history') }} as h
    inner join {{ ref('int_customers__home') }} as o on o.customer_key = h.customer_key
    left join types as t on t.identification_type_name = h.identification_type
    where h.is_active and not h.is_deleted
)

select
    *,
    case identification_type_code
        when 'cedula' then {{ is_valid_cedula('identification_digits') }}
        when 'rnc' then {{ is_valid_rnc('identification_digits') }} or {{ is_valid_cedula('identification_digits') }}
    end as has_valid_number
from versions
