-- Lists for mass mailing: customers who consented to be written to and can be reached. Personal data: for caudal_pii only.
-- Grain: contract × segment.
with candidates as (
    select * from {{ ref('int_contact__candidate') }}
    where has_consent and channel_code <> 'none'
)

select
    s.segment_code,
    s.segment_name,
    c.contract_key,
    c.contract_code,
    c.customer_key,
    coalesce(c.customer_name, 'Sin nombre') as customer_name,
    c.phone,
    c.email,
    c.channel_code,
    {{ spoken('c.channel_code', {'email': 'Correo electrónico', 'whatsapp': 'WhatsApp', 'phone': 'Teléfono'}) }} as channel_name,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    u.user_type_name,
    c.next_due_on,
    c.next_due_amount,
    c.oldest_due_on,
    c.days_overdue,
    {{ ageing_bucket_name(ageing_bucket_order('c.days_overdue')) }} as overdue_level,
    c.overdue_amount,
    c.has_open_claim
from candidates as c
cross join lateral {{ contact_segment_rows() }}
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
inner join {{ ref('int_core__user_type') }} as u on u.user_type_key = c.user_type_key
where s.is_member
