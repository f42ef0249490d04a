-- The times during which a contract was excluded from billing, as its history tells: versions that follow each other are one.
-- `from_on` is empty where it was so from the start: the first version reaches back to the contract's beginning, since it may have been
-- entered in Odoo later. `until_on` is the first day on which it no longer was; empty while it is. Grain: contract × time.
with versions as (
    select
        contract_key, version_number, valid_from, valid_to, origin, changed_by, is_excluded_from_billing,
        -- versions that are alike in this, in a row, have the same number
        version_number - row_number() over (partition by contract_key, is_excluded_from_billing order by version_number) as run_number
    from {{ ref('dim_contract_history') }}
)

select
    contract_key,
    case when min(version_number) > 1 then {{ business_date('min(valid_from)') }} end as from_on,
    case when count(*) = count(valid_to) then {{ business_date('max(valid_to)') }} end as until_on,
    (array_agg(origin order by version_number))[1] as origin,
    (array_agg(changed_by order by version_number))[1] as changed_by
from versions
where is_excluded_from_billing
group by contract_key, run_number
