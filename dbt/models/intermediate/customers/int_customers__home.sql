-- Where a customer belongs, so that customers add up by sector: the contract that is not closed, the oldest of several; "Sin asignar" without any.
-- Grain: one row per customer that is or was the holder of a contract.
select distinct on (customer_key)
    customer_key,
    contract_key,
    contract_code,
    sector_key,
    route_key,
    municipality_key,
    user_type_key
from {{ ref('int_core__contract') }}
where customer_key <> {{ unassigned_key() }}
order by customer_key, status is not distinct from 'closed', started_on, contract_key
