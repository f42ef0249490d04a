-- Sectors with their municipality, and the member "Sin asignar". Grain: one row per sector.
with sectors as (
    select * from {{ ref('stg_odoo__sector') }}
),

municipalities as (
    select * from {{ ref('stg_odoo__municipality') }}
),

named as (
    select
        s.sector_id as sector_key,
        coalesce(s.sector_code, 'S' || s.sector_id) as sector_code,
        coalesce(s.sector_name, s.sector_code, 'Sector ' || s.sector_id) as sector_name,
        coalesce(m.municipality_id, {{ unassigned_key() }}) as municipality_key,
        coalesce(m.municipality_code, {{ unassigned_code() }}) as municipality_code,
        coalesce(m.municipality_name, {{ unassigned_name() }}) as municipality_name
    from sectors as s
    left join municipalities as m on m.municipality_id = s.municipality_id

    union all

    select
        {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }},
        {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_name() }}
)

select * from named
