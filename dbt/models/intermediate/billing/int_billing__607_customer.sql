-- Customers as the form 607 declares them: their number without its dashes, and what kind of number it is. A copy that remembers, so that a customer
-- who changed something else does not have all of his documents looked at. Grain: one row per customer.
{% set touched %}{% raw %}
select k.id as customer_key from {{ source('odoo', 'customer') }} as k
where {{ is_new_in_raw('k') }}
union
select k.id from {{ source('odoo', 'identification_type') }} as t
inner join {{ source('odoo', 'customer') }} as k on k.l10n_latam_identification_type_id = t.id
where {{ is_new_in_raw('t') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['customer_key'], 'keys': ['customer_key'], 'log': [{'row': 'customer_key'}]}},
    indexes=[{'columns': ['customer_key'], 'unique': true}],
) }}

select
    c.customer_id as customer_key,
    {{ declared_id('c.identification_number') }} as declared_id,
    t.identification_type_code
from {{ ref('stg_odoo__customer') }} as c
left join {{ ref('stg_odoo__identification_type') }} as t on t.identification_type_id = c.identification_type_id
{% if is_incremental() %}where c.customer_id in (select customer_key from touched){% endif %}
