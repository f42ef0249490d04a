with source as (
    select * from {{ source('odoo', 'support_team') }}
),

renamed as (
    select
        ---------- ids
        id as support_team_id,
        ---------- text
        name as support_team_name,
        ---------- booleans
        coalesce(active, true) as is_active
    from source
    where _deleted_at is null
)

select * from renamed
