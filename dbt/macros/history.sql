{#
    Whose history is kept, and of what: entity → the columns of raw.odoo_<entity> whose changes make a new version, with their types.
    Names are canonical (the left side of the mapping). `_deleted_at` is followed too, by the snapshots.
#}
{% macro history_attributes(entity) -%}
    {{ return({
        'customer': {
            'name': 'text', 'vat': 'text', 'phone': 'text', 'mobile': 'text', 'email': 'text', 'street': 'text', 'city': 'text',
            'l10n_latam_identification_type_id': 'bigint', 'is_company': 'boolean', 'fraud_flag': 'boolean', 'active': 'boolean'},
        'contract': {
            'state': 'text', 'partner_id': 'bigint', 'supply_point_id': 'bigint', 'user_type_id': 'bigint', 'date_start': 'date', 'date_end': 'date',
            'is_cuttable': 'boolean', 'excluded_from_billing': 'boolean', 'has_sewer': 'boolean', 'active': 'boolean'},
        'supply_point': {
            'sector_id': 'bigint', 'route_id': 'bigint', 'address': 'text', 'cadastral_code': 'text', 'active': 'boolean'},
        'meter': {
            'serial': 'text', 'supply_point_id': 'bigint', 'installed_on': 'date', 'retired_on': 'date', 'replaced_by_id': 'bigint', 'active': 'boolean'},
    }[entity]) }}
{%- endmacro %}

{% macro history_entities() -%} {{ return(['customer', 'contract', 'supply_point', 'meter']) }} {%- endmacro %}

{# The changes between one snapshot version of an entity and the next: one row for each attribute that differs, values as text. #}
{% macro history_snapshot_changes(entity) -%}
select
    '{{ entity }}' as entity,
    v.id as record_id,
    a.attribute,
    a.old_value,
    a.new_value,
    -- Odoo's own moment when it says one that falls between the two loads; else the moment we saw it
    case when v.is_written then v.write_date else v.dbt_valid_from end as changed_at,
    case when v.is_written then v.write_uid end as changed_by_user_id,
    v.previous_seen_at,
    v.dbt_valid_from as seen_at
from (
    select
        s.*,
        to_jsonb(s) as new_row,
        to_jsonb(lag(s) over versions) as old_row,
        lag(s.dbt_valid_from) over versions as previous_seen_at,
        s.write_date > lag(s.write_date) over versions as is_written
    from {{ ref('snap_odoo__' ~ entity) }} as s
    -- of one that never changed there is nothing to say
    where s.id in (select m.id from {{ ref('snap_odoo__' ~ entity) }} as m where m.dbt_valid_to is not null)
    window versions as (partition by s.id order by s.dbt_valid_from)
) as v
cross join lateral (
    values
    {%- for attribute in history_attributes(entity) %}
    ('{{ attribute }}', v.old_row ->> '{{ attribute }}', v.new_row ->> '{{ attribute }}'),
    {%- endfor %}
    ('is_deleted', (v.old_row ->> '_deleted_at' is not null)::text, (v.new_row ->> '_deleted_at' is not null)::text)
) as a (attribute, old_value, new_value)
where v.old_row is not null and a.old_value is distinct from a.new_value
{%- endmacro %}

{#
    Versions of an entity: one row per record and moment at which something of it changed. The value of an attribute in a version is
    what the last change up to it left; before the first change, what that one found; without any change, today's.
#}
{% macro history_versions(entity) -%}
{%- set attributes = history_attributes(entity) -%}
with record as (
    select r.*, r._deleted_at is not null as is_deleted
    from {{ source('odoo', entity) }} as r
),

change as (
    select * from {{ ref('int_history__change') }}
    where entity = '{{ entity }}'
),

touched as (
    select
        record_id,
        array_agg(distinct attribute) as attributes
    from change
    group by 1
),

moment as (
    select
        record_id,
        changed_at as valid_from,
        array_agg(distinct attribute order by attribute) as changed_attributes,
        max(changed_by_user_id) as changed_by_user_id,
        min(origin) as origin
    from change
    group by 1, 2
    union all
    -- how it began; a record changed before Odoo says that it was created came from another system
    select r.id, least(r.create_date, min(c.changed_at) - interval '1 microsecond'), null::text [], null::bigint, 'alta'
    from record as r
    left join change as c on c.record_id = r.id
    group by r.id, r.create_date
),

version as (
    select
        moment.*,
        row_number() over records as version_number,
        lead(valid_from) over records as valid_to
    from moment
    window records as (partition by record_id order by valid_from)
)

select
    v.record_id,
    {{ history_version_key(entity) }} as version_key,
    v.version_number::integer as version_number,
    v.valid_from,
    v.valid_to,
    v.valid_to is null as is_current,
    v.origin,
    u.user_name as changed_by,
    v.changed_attributes,
    {%- for attribute, type in attributes.items() %}
    case
        when '{{ attribute }}' = any(t.attributes) then (coalesce(
            (
                select array[c.new_value] from {{ ref('int_history__change') }} as c
                where c.entity = '{{ entity }}' and c.record_id = v.record_id and c.attribute = '{{ attribute }}' and c.changed_at <= v.valid_from
                order by c.changed_at desc, c.change_order desc limit 1
            ),
            (
                select array[c.old_value] from {{ ref('int_history__change') }} as c
                where c.entity = '{{ entity }}' and c.record_id = v.record_id and c.attribute = '{{ attribute }}' and c.changed_at > v.valid_from
                order by c.changed_at, c.change_order limit 1
            )
        ))[1]::{{ type }}
        else r.{{ attribute }}
    end as {{ attribute }},
    {%- endfor %}
    r.is_deleted
from version as v
inner join record as r on r.id = v.record_id
left join touched as t on t.record_id = v.record_id
left join {{ ref('stg_odoo__user') }} as u on u.user_id = v.changed_by_user_id
{%- endmacro %}

{# Key of a version that is the same in every build: of the moment at which it began, and of the first one, whose moment may turn out to be
   another when an older change is found, of the record alone. 63 bits of MD5: two of ten million share one with probability 1e-5, and then the build fails. #}
{% macro history_version_key(entity) -%}
    (('x' || left(md5(concat_ws(':', '{{ entity }}', v.record_id, case when v.origin <> 'alta' then extract(epoch from v.valid_from) end)), 16))::bit(64)::bigint
    & 9223372036854775807)
{%- endmacro %}

{# Today's value of each attribute of an entity, as text: (record_id, attribute, value, changed_at, user_id). #}
{% macro history_today(entity) -%}
select
    '{{ entity }}' as entity,
    r.id as record_id,
    a.attribute,
    a.value,
    r.write_date,
    r._loaded_at,
    r.write_uid
from {{ source('odoo', entity) }} as r
cross join lateral (
    values
    {%- for attribute in history_attributes(entity) %}
    ('{{ attribute }}', r.{{ attribute }}::text){{ ',' if not loop.last }}
    {%- endfor %}
) as a (attribute, value)
{%- endmacro %}

{# Versions as facts see them, by day: `valid_from_on` ≤ day < `valid_until_on`; of several that began on a day the last; the first from ever. #}
{% macro versions_by_day(versions) -%}
select
    v.*,
    case when row_number() over records = 1 then date '0001-01-01' else v.began_on end as valid_from_on,
    coalesce(lead(v.began_on) over records, date '9999-12-31') as valid_until_on
from (
    select distinct on (h.record_id, {{ business_date('h.valid_from') }}) h.*, {{ business_date('h.valid_from') }} as began_on
    from {{ versions }} as h
    order by h.record_id, {{ business_date('h.valid_from') }}, h.version_number desc
) as v
window records as (partition by v.record_id order by v.began_on)
{%- endmacro %}
