-- What duplicates are looked for by: the number without punctuation and whether its check digit is right, the words of the name in capitals without
-- accents, the last ten digits of the telephone, the address. Grain: one row per customer that holds or held a contract and was not deleted.
with customers as (
    select * from {{ ref('stg_odoo__customer') }}
    where not is_deleted
),

checked as (
    select * from {{ ref('dim_customer') }}
),

homes as (
    select * from {{ ref('int_customers__home') }}
)

select
    c.customer_id as customer_key,
    d.identification_type,
    case
        when d.is_valid_identification and d.identification_type in ('cedula', 'rnc')
            then regexp_replace(c.identification_number, '[^0-9A-Za-z]', '', 'g')
    end as valid_number,
    {{ name_words('c.customer_name') }} as name_words,
    nullif(right(regexp_replace(coalesce(c.mobile, c.phone, ''), '\D', '', 'g'), 10), '') as phone_digits,
    nullif(array_to_string({{ name_words("concat_ws(' ', c.street, c.city)") }}, ' '), '') as address_words,
    h.contract_key
from customers as c
inner join checked as d on d.customer_key = c.customer_id
inner join homes as h on h.customer_key = c.customer_id
