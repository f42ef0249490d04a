{# Hours of the working week (seed working_hours, local time) between two moments, as a scalar subquery; NULL when either is missing. #}
{% macro working_hours_between(from_at, to_at) -%}
    case
        when {{ from_at }} is not null and {{ to_at }} is not null then coalesce((
            select sum(extract(epoch from
                least({{ to_at }} at time zone '{{ business_timezone() }}', d.day_on + w.closes_at)
                - greatest({{ from_at }} at time zone '{{ business_timezone() }}', d.day_on + w.opens_at)
            )) / 3600
            from generate_series({{ business_date(from_at) }}::timestamp, {{ business_date(to_at) }}::timestamp, interval '1 day') as d (day_on)
            inner join {{ ref('working_hours') }} as w on w.iso_weekday = extract(isodow from d.day_on)::integer
            where least({{ to_at }} at time zone '{{ business_timezone() }}', d.day_on + w.closes_at)
                > greatest({{ from_at }} at time zone '{{ business_timezone() }}', d.day_on + w.opens_at)
        ), 0)::numeric(12, 2)
    end
{%- endmacro %}

{# If a moment (timestamptz) falls outside the working week. #}
{% macro is_outside_hours(moment) -%}
    not exists (
        select from {{ ref('working_hours') }} as w
        where w.iso_weekday = extract(isodow from {{ moment }} at time zone '{{ business_timezone() }}')::integer
            and ({{ moment }} at time zone '{{ business_timezone() }}')::time >= w.opens_at
            and ({{ moment }} at time zone '{{ business_timezone() }}')::time < w.closes_at
    )
{%- endmacro %}
