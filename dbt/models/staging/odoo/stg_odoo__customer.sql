select
    ---------- ids
    id as customer_id,
    l10n_latam_identification_type_id as identification_type_id,
    ---------- text
    name as customer_name,
    vat as identification_number,
    phone,
    mobile,
    email,
    street,
    city,
    ---------- booleans
    coalesce(is_company, false) as is_company,
    coalesce(fraud_flag, false) as has_fraud_flag,
    coalesce(einvoice_by_mail, false) as is_ebill,
    coalesce(mailing_consent, false) as has_mailing_consent,
    coalesce(active, true) as is_active,
    _deleted_at is not null as is_deleted
from {{ source('odoo', 'customer') }}
