-- Contracts that began, ended, or passed to another customer. The beginning and the end are the contract's own dates; an end without a date is
-- the day on which its history closed it. A change of holder is a version whose holder is another than the one before.
-- Grain: one row per contract, kind and day.
with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }}
),

versions as (
    select
        contract_key,
        valid_from,
        status,
        customer_key,
        lag(status) over history as previous_status,
        lag(customer_key) over history as previous_customer_key,
        version_number
    from {{ ref('dim_contract_history') }}
    window history as (partition by contract_key order by version_number)
),

closures as (
    select contract_key, {{ business_date('max(valid_from)') }} as closed_on
    from versions
    where status = 'closed' and previous_status is distinct from 'closed'
    group by contract_key
),

-- the last of the day stands
holder_changes as (
    select distinct on (v.contract_key, {{ business_date('v.valid_from') }})
        v.contract_key,
        {{ business_date('v.valid_from') }} as changed_on,
        v.previous_customer_key,
        v.customer_key
    from versions as v
    inner join contracts as c on c.contract_key = v.contract_key
    where v.version_number > 1
        and v.customer_key <> v.previous_customer_key
        and {{ unassigned_key() }} not in (v.customer_key, v.previous_customer_key)
    order by v.contract_key, {{ business_date('v.valid_from') }}, v.version_number desc
)

select contract_key, 'alta' as event_kind, started_on as event_on, null::bigint as from_customer_key, null::bigint as to_customer_key
from contracts
where started_on is not null

union all

select c.contract_key, 'baja', coalesce(c.ended_on, x.closed_on), null, null
from contracts as c
left join closures as x on x.contract_key = c.contract_key
where c.status = 'closed' and coalesce(c.ended_on, x.closed_on) is not null

union all

select contract_key, 'cambio_titular', changed_on, previous_customer_key, customer_key
from holder_changes
