-- How many each segment would reach, and why the others are not reached: no consent, or no way to write to them.
-- Grain: segment × sector × route served, dense.
with served as (
    select distinct sector_key, route_key from {{ ref('int_contact__candidate') }}
),

counted as (
    select
        sector_key,
        route_key,
        {%- for s in contact_segments() %}
        count(*) filter (where {{ s.when }} and has_consent and channel_code <> 'none') as contacts_{{ loop.index }},
        count(*) filter (where {{ s.when }} and not has_consent) as no_consent_{{ loop.index }},
        count(*) filter (where {{ s.when }} and has_consent and channel_code = 'none') as unreachable_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_contact__candidate') }}
    group by sector_key, route_key
)

select
    contact_segments.segment_order,
    contact_segments.segment_code,
    contact_segments.segment_name,
    sec.municipality_code,
    sec.municipality_name,
    sec.sector_code,
    sec.sector_name,
    r.route_code,
    case contact_segments.segment_order {% for s in contact_segments() %}when {{ loop.index }} then contacts_{{ loop.index }} {% endfor %}end as contacts_count,
    case contact_segments.segment_order {% for s in contact_segments() %}when {{ loop.index }} then no_consent_{{ loop.index }} {% endfor %}end
        as without_consent_count,
    case contact_segments.segment_order {% for s in contact_segments() %}when {{ loop.index }} then unreachable_{{ loop.index }} {% endfor %}end
        as unreachable_count
from served
cross join {{ contact_segment_rows() }}
inner join counted using (sector_key, route_key)
inner join {{ ref('int_core__sector') }} as sec on sec.sector_key = served.sector_key
inner join {{ ref('int_core__route') }} as r on r.route_key = served.route_key
