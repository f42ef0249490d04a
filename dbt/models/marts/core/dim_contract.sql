-- Grain: one row per contract, and the member "Sin asignar".
select
    contract_key,
    contract_code,
    customer_key,
    supply_point_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    coalesce(status, 'sin_asignar') as status,
    started_on,
    ended_on,
    is_cuttable,
    is_excluded_from_billing,
    has_sewer
from {{ ref('int_core__contract') }}
