-- How many each segment would reach, and why the others are not reached: no consent, or no way to write to them.
-- Grain: segment × sector × route served, dense.
select
    s.segment_order,
    s.segment_code,
    s.segment_name,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    count(*) filter (where s.is_member and c.has_consent and c.channel_code <> 'none') as contacts_count,
    count(*) filter (where s.is_member and not c.has_consent) as without_consent_count,
    count(*) filter (where s.is_member and c.has_consent and c.channel_code = 'none') as unreachable_count
from {{ ref('int_contact__candidate') }} as c
cross join lateral {{ contact_segment_rows() }}
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = c.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = c.route_key
group by 1, 2, 3, 4, 5, 6, 7, 8
