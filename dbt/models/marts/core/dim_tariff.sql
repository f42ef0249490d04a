-- Tariffs and their prices through time (SCD2): a version for each date on which any block of the tariff changes.
-- Grain: tariff × version, and the member "Sin asignar". The first version also holds for what is older.
with tariffs as (
    select * from {{ ref('stg_odoo__tariff') }}
),

blocks as (
    select * from {{ ref('stg_odoo__tariff_block') }}
),

user_types as (
    select * from {{ ref('int_core__user_type') }}
),

moments as (
    select tariff_id, coalesce(valid_from_on, date '0001-01-01') as began_on from blocks
    union
    select tariff_id, valid_to_on + 1 from blocks
    where valid_to_on is not null
    union
    -- a tariff without prices is a tariff all the same
    select t.tariff_id, date '0001-01-01' from tariffs as t
    where not exists (select from blocks where blocks.tariff_id = t.tariff_id)
),

versions as (
    select
        tariff_id,
        began_on,
        lead(began_on) over tariff as next_on,
        row_number() over tariff as version_number
    from moments
    window tariff as (partition by tariff_id order by began_on)
)

select
    t.tariff_id * 1000 + v.version_number as tariff_version_key,
    t.tariff_id as tariff_key,
    v.version_number::integer as version_number,
    coalesce(t.tariff_code, 'T' || t.tariff_id) as tariff_code,
    coalesce(t.tariff_name, t.tariff_code, 'Tarifa ' || t.tariff_id) as tariff_name,
    coalesce(u.user_type_key, {{ unassigned_key() }}) as user_type_key,
    v.began_on as valid_from_on,
    v.next_on - 1 as valid_to_on,
    v.next_on is null as is_current,
    t.minimum_m3,
    count(b.tariff_block_id)::integer as blocks_count,
    min(b.price_amount) as lowest_price_amount,
    max(b.price_amount) as highest_price_amount,
    string_agg(
        trim_scale(b.from_m3) || '-' || coalesce(trim_scale(b.to_m3)::text, 'más') || ' m³: RD$ ' || b.price_amount, '; ' order by b.from_m3, b.block_number
    ) as blocks_es,
    coalesce(t.is_active, true) as is_active
from versions as v
inner join tariffs as t on t.tariff_id = v.tariff_id
left join user_types as u on u.user_type_key = t.user_type_id
left join blocks as b
    on b.tariff_id = v.tariff_id and coalesce(b.valid_from_on, date '0001-01-01') <= v.began_on and (b.valid_to_on is null or b.valid_to_on >= v.began_on)
group by t.tariff_id, t.tariff_code, t.tariff_name, u.user_type_key, v.began_on, v.next_on, v.version_number, t.minimum_m3, t.is_active

union all

select
    {{ unassigned_key() }}, {{ unassigned_key() }}, 1, {{ unassigned_code() }}, {{ unassigned_name() }}, {{ unassigned_key() }}, date '0001-01-01', null, true,
    null, 0, null, null, null, false
