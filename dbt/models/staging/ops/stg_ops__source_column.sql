with source as (
    select * from {{ source('ops', 'source_column') }}
),

renamed as (
    select
        ---------- text
        source as source_name,
        entity as entity_name,
        column_name,
        model as model_name,
        field as field_name,
        column_type
    from source
)

select * from renamed
