-- The lists for mass mailing without what identifies a person (Ley 172-13): for whoever plans a mailing and does not send it.
-- Grain: contract × segment, the same rows as mart_contact__segment.
select
    segment_code,
    segment_name,
    contract_key,
    contract_code,
    customer_key,
    {{ masked_name('customer_name') }} as customer_name_masked,
    {{ masked_phone('phone') }} as phone_masked,
    {{ masked_email('email') }} as email_masked,
    channel_code,
    channel_name,
    municipality_code,
    municipality_name,
    sector_code,
    sector_name,
    route_code,
    user_type_name,
    next_due_on,
    next_due_amount,
    oldest_due_on,
    days_overdue,
    overdue_level,
    overdue_amount,
    has_open_claim
from {{ ref('mart_contact__segment') }}
