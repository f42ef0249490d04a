-- What every fact takes from its contract, as it was on the fact's date: versions of the contract cut where its supply point changed.
-- Facts are dated by day, so a version counts from the day on which it began; of several in a day the last. The first also holds for what is older.
-- Topic `version`: the month from which a contract is another; that its version before ends there changes nothing of what was before.
-- Grain: contract × span of days (`valid_from_on` ≤ day < `valid_until_on`), with the member "Sin asignar".
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {
        'row': ['contract_key', 'valid_from_on'], 'keys': [],
        'log': [
            {'contract': 'contract_key', 'month': 'valid_from_on'},
            {'topic': 'version', 'contract': 'contract_key', 'month': 'valid_from_on', 'of': [
                'contract_version_key', 'sector_key', 'route_key', 'municipality_key', 'user_type_key']},
        ],
    }},
    indexes=[{'columns': ['contract_key', 'valid_from_on'], 'unique': true}],
) }}

with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }}
),

contract_versions as (
    {{ versions_by_day(ref('int_history__contract_version')) }}
),

supply_point_versions as (
    {{ versions_by_day(ref('int_history__supply_point_version')) }}
),

spans as (
    select
        c.record_id as contract_key,
        c.version_key as contract_version_key,
        greatest(c.valid_from_on, s.valid_from_on) as valid_from_on,
        least(c.valid_until_on, s.valid_until_on) as valid_until_on,
        s.sector_id,
        s.route_id,
        c.user_type_id
    from contract_versions as c
    left join supply_point_versions as s
        on s.record_id = c.supply_point_id and s.valid_from_on < c.valid_until_on and s.valid_until_on > c.valid_from_on
)

select
    v.contract_key,
    v.contract_version_key,
    v.valid_from_on,
    v.valid_until_on,
    coalesce(s.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(r.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(s.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(u.user_type_key, {{ unassigned_key() }}) as user_type_key
from spans as v
inner join contracts as c on c.contract_key = v.contract_key
left join {{ ref('int_core__sector') }} as s on s.sector_key = v.sector_id
left join {{ ref('int_core__route') }} as r on r.route_key = v.route_id
left join {{ ref('int_core__user_type') }} as u on u.user_type_key = v.user_type_id

union all

select
    {{ unassigned_key() }}, {{ unassigned_key() }}, date '0001-01-01', date '9999-12-31',
    {{ unassigned_key() }}, {{ unassigned_key() }}, {{ unassigned_key() }}, {{ unassigned_key() }}
