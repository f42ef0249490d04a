with source as (
    select * from {{ source('odoo', 'meter') }}
),

renamed as (
    select
        ---------- ids
        id as meter_id,
        supply_point_id,
        replaced_by_id as replaced_by_meter_id,
        ---------- text
        serial as meter_serial,
        ---------- dates
        installed_on,
        retired_on
    from source
    where _deleted_at is null
)

select * from renamed
