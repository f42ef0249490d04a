with version as (
    {{ history_versions('customer') }}
)

select
    v.version_key as customer_version_key,
    v.record_id as customer_key,
    v.version_number,
    v.valid_from,
    v.valid_to,
    v.is_current,
    v.origin,
    v.changed_by,
    v.changed_attributes,
    v.name as customer_name,
    v.vat as identification_number,
    v.phone,
    v.mobile,
    v.email,
    v.street,
    v.city,
    t.identification_type_name as identification_type,
    coalesce(v.is_company, false) as is_company,
    coalesce(v.fraud_flag, false) as has_fraud_flag,
    coalesce(v.active, true) as is_active,
    v.is_deleted
from version as v
left join {{ ref('stg_odoo__identification_type') }} as t on t.identification_type_id = v.l10n_latam_identification_type_id
