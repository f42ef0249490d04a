with source as (
    select * from {{ source('odoo', 'concept') }}
),

renamed as (
    select
        ---------- ids
        id as concept_id,
        ---------- text
        default_code as concept_code,
        name as concept_name,
        concept_type
    from source
    where _deleted_at is null
)

select * from renamed
