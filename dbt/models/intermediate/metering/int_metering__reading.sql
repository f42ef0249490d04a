-- Readings with the keys every fact takes from them, the difference of the dial (gone round or not) and the stretch between two readings had.
-- A dial went round when its index is below the earlier one and what that makes is under half of the dial; else the index went back, which is
-- an anomaly. `stretch`: the readings of a contract's meter after one that was had, up to and including the next.
-- Sector, route and user type are those of the contract at the month's end.
-- Of a contract that changed the readings from the month of the change on are rewritten: the earlier ones do not look ahead.
-- Grain: one row per planned reading.
{% set touched %}{% raw %}
with changed as (
    -- the contract's own readings, where they were and where they are
    select c.contract_key, c.period_month as from_month from {{ changes_of(ref('int_consumption__reading')) }} as c
    union all
    select k.contract_key, k.period_month from {{ source('odoo', 'reading') }} as r
    inner join {{ ref('int_consumption__reading') }} as k on k.reading_key = r.id
    where {{ is_new_in_raw('r') }}
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
    union all
    select k.contract_key, date '0001-01-01' from {{ source('odoo', 'meter') }} as m
    inner join {{ source('odoo', 'reading') }} as r on r.meter_id = m.id
    inner join {{ ref('int_consumption__reading') }} as k on k.reading_key = r.id
    where {{ is_new_in_raw('m') }}
    union all
    select t.contract_key, t.period_month from {{ source('odoo', 'route') }} as o
    inner join {{ source('odoo', 'reading') }} as r on r.route_id = o.id
    inner join {{ this }} as t on t.reading_key = r.id
    where {{ is_new_in_raw('o') }} and (t.reading_route_key <> o.id or o._deleted_at is not null)
    union all
    select t.contract_key, t.period_month from {{ source('odoo', 'user') }} as u
    inner join {{ source('odoo', 'reading') }} as r on r.reader_id = u.id
    inner join {{ this }} as t on t.reading_key = r.id
    where {{ is_new_in_raw('u') }} and t.reader_key <> u.id
),

contracts as (
    select contract_key, min(from_month) as from_month from changed
    group by contract_key
)

select c.contract_key, c.from_month, k.reading_key from contracts as c
inner join {{ ref('int_consumption__reading') }} as k on k.contract_key = c.contract_key and k.period_month >= c.from_month
union
select c.contract_key, c.from_month, t.reading_key from contracts as c
inner join {{ this }} as t on t.contract_key = c.contract_key and t.period_month >= c.from_month
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['reading_key'], 'keys': ['reading_key'],
        'log': [
            {'row': 'reading_key', 'contract': 'contract_key', 'month': 'period_month'},
            {'topic': 'meter', 'row': 'meter_key', 'month': 'period_month'},
            {'topic': 'read', 'when': 'is_read and read_on is not null', 'month': 'read_on'},
        ],
    }},
    indexes=[
        {'columns': ['reading_key'], 'unique': true}, {'columns': ['contract_key', 'period_month']}, {'columns': ['meter_key']},
        {'columns': ['contract_key', 'stretch']}, {'columns': ['period_month']}, {'columns': ['read_on']},
    ],
) }}

with readings as (
    select r.*, k.contract_key
    from {{ ref('stg_odoo__reading') }} as r
    inner join {{ ref('int_consumption__reading') }} as k on k.reading_key = r.reading_id
    {% if is_incremental() %}where r.reading_id in (select reading_key from touched){% endif %}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

meters as (
    select * from {{ ref('stg_odoo__meter') }}
),

routes as (
    select * from {{ ref('int_core__route') }}
),

users as (
    select * from {{ ref('stg_odoo__user') }}
),

keyed as (
    select
        r.reading_id as reading_key,
        r.contract_key,
        coalesce(m.meter_id, {{ unassigned_key() }}) as meter_key,
        coalesce(u.user_id, {{ unassigned_key() }}) as reader_key,
        coalesce(ro.route_key, {{ unassigned_key() }}) as reading_route_key,
        v.sector_key,
        v.route_key,
        v.municipality_key,
        v.user_type_key,
        {{ month_of('r.billing_period') }} as period_month,
        r.read_at,
        {{ business_date('r.read_at') }} as read_on,
        r.previous_value_m3,
        r.value_m3,
        coalesce(r.consumption_m3, 0) as consumption_m3,
        r.reading_kind,
        coalesce(r.incident, 'none') as incident,
        r.value_m3 is not null and r.reading_kind <> 'estimated' as is_read,
        power(10::numeric, m.dial_digits) as dial_m3,
        r.value_m3 < r.previous_value_m3
        and r.value_m3 - r.previous_value_m3 + power(10::numeric, m.dial_digits) <= power(10::numeric, m.dial_digits) / 2 as is_round
    from readings as r
    inner join versions as v on {{ version_of('v', 'r.contract_key', month_end(month_of('r.billing_period'))) }}
    left join meters as m on m.meter_id = r.meter_id
    left join routes as ro on ro.route_key = r.route_id
    left join users as u on u.user_id = r.reader_id
),

{% if is_incremental() -%}
-- of each meter, what the readings before the touched ones come to: the last of them knows
carried as (
    select
        m.contract_key,
        m.meter_key,
        case when b.is_read then greatest(b.previous_read_on, b.read_on) else b.previous_read_on end as previous_read_on,
        b.stretch + b.is_read::int as stretch
    from (
        select distinct n.contract_key, n.meter_key, k.from_month
        from keyed as n
        inner join (select distinct contract_key, from_month from touched) as k on k.contract_key = n.contract_key
    ) as m
    cross join lateral (
        select t.previous_read_on, t.read_on, t.is_read, t.stretch
        from {{ this }} as t
        where t.contract_key = m.contract_key and t.meter_key = m.meter_key and t.period_month < m.from_month
        order by t.period_month desc, t.reading_key desc
        limit 1
    ) as b
),

{% endif -%}
placed as (
    select
        reading_key,
        contract_key,
        meter_key,
        reader_key,
        reading_route_key,
        sector_key,
        route_key,
        municipality_key,
        user_type_key,
        period_month,
        read_at,
        read_on,
        -- the last day on which this meter was read before
        max(read_on) filter (where is_read) over earlier as previous_read_on,
        previous_value_m3,
        value_m3,
        consumption_m3,
        reading_kind,
        incident,
        is_read,
        is_read and coalesce(is_round, false) as has_rolled_over,
        case when is_read then value_m3 - previous_value_m3 + case when is_round then dial_m3 else 0 end end::numeric(18, 3) as index_difference_m3,
        count(*) filter (where is_read) over earlier as stretch
    from keyed
    window earlier as (
        partition by contract_key, meter_key order by period_month, reading_key rows between unbounded preceding and 1 preceding
    )
)

select
    p.reading_key,
    p.contract_key,
    p.meter_key,
    p.reader_key,
    p.reading_route_key,
    p.sector_key,
    p.route_key,
    p.municipality_key,
    p.user_type_key,
    p.period_month,
    p.read_at,
    p.read_on,
    {{ 'greatest(p.previous_read_on, c.previous_read_on)' if is_incremental() else 'p.previous_read_on' }} as previous_read_on,
    p.previous_value_m3,
    p.value_m3,
    p.consumption_m3,
    p.reading_kind,
    p.incident,
    p.is_read,
    p.has_rolled_over,
    p.index_difference_m3,
    {{ 'p.stretch + coalesce(c.stretch, 0)' if is_incremental() else 'p.stretch' }} as stretch
from placed as p
{% if is_incremental() %}left join carried as c on c.contract_key = p.contract_key and c.meter_key = p.meter_key{% endif %}
