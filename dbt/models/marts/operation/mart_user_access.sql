-- Grain: user (by their name in Power BI) × sector they may see today, "Sin asignar" included for who sees all of the utility.
-- A view: an access taken away is gone at the next refresh of Power BI, without a build.
{{ config(materialized='view') }}

select
    access.principal,
    sector.sector_code,
    municipality.municipality_code,
    bool_or(access.municipality_code is null and access.sector_code is null) as is_whole_utility
from {{ source('ops', 'current_access') }} as access
inner join {{ ref('dim_municipality') }} as municipality
    on access.municipality_code is null or access.municipality_code = municipality.municipality_code
inner join {{ ref('dim_commercial_sector') }} as sector
    on municipality.municipality_key = sector.municipality_key
    and (access.sector_code is null or access.sector_code = sector.sector_code)
group by access.principal, sector.sector_code, municipality.municipality_code
