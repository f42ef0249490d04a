-- The records that break a rule, and from when to when. Master data: one row per version that breaks it, so that a month end can be asked for; dated
-- data (invoices, payments, readings): one row each, on its day. What stands in a detail is masked.
-- Grain: one row per rule, record and stretch of time.
with customer_versions as (
    select * from {{ ref('int_quality__customer_version') }}
),

contract_versions as (
    select *, {{ business_date('valid_from') }} as valid_from_on, {{ business_date('valid_to') }} as valid_to_on
    from {{ ref('dim_contract_history') }}
    where is_active and not is_deleted and status is distinct from 'closed'
),

supply_point_versions as (
    select *, {{ business_date('valid_from') }} as valid_from_on, {{ business_date('valid_to') }} as valid_to_on
    from {{ ref('dim_supply_point_history') }}
    where is_active and not is_deleted
),

meter_versions as (
    select *, {{ business_date('valid_from') }} as valid_from_on, {{ business_date('valid_to') }} as valid_to_on
    from {{ ref('dim_meter_history') }}
    where is_active and not is_deleted and retired_on is null
),

-- completeness: a field of the seed, looked up by its name
field_values as (
    select 'customer' as entity_name, customer_key as record_id, valid_from_on, valid_to_on, to_jsonb(v) as fields from customer_versions as v
    union all
    select 'contract', contract_key, valid_from_on, valid_to_on, to_jsonb(v) from contract_versions as v
    union all
    select 'supply_point', supply_point_key, valid_from_on, valid_to_on, to_jsonb(v) from supply_point_versions as v
    union all
    select 'meter', meter_key, valid_from_on, valid_to_on, to_jsonb(v) from meter_versions as v
),

empty_fields as (
    select
        v.entity_name || '_' || f.field_name || '_filled' as rule_code,
        v.record_id,
        v.valid_from_on,
        v.valid_to_on,
        'Vacío: ' || f.field_label as detail_es
    from field_values as v
    inner join {{ ref('mandatory_fields') }} as f on f.entity_name = v.entity_name
    where nullif(btrim(v.fields ->> f.field_name), '') is null
        -- a missing reference is the unassigned member
        or (f.field_name like '%\_key' and v.fields ->> f.field_name = '{{ unassigned_key() }}')
),

-- uniqueness: numbers that two customers ever had, and the days on which they had them together
shared_numbers as (
    select identification_digits from customer_versions
    where has_valid_number
    group by identification_digits
    having count(distinct customer_key) > 1
),

repeated as (
    select
        a.customer_key as record_id,
        greatest(a.valid_from_on, b.valid_from_on) as valid_from_on,
        least(a.valid_to_on, b.valid_to_on) as valid_to_on,
        'Mismo número que el cliente ' || b.customer_key as detail_es
    from shared_numbers as s
    inner join customer_versions as a on a.identification_digits = s.identification_digits and a.has_valid_number
    inner join customer_versions as b on b.identification_digits = s.identification_digits and b.has_valid_number and b.customer_key <> a.customer_key
    where (a.valid_to_on is null or a.valid_to_on > b.valid_from_on) and (b.valid_to_on is null or b.valid_to_on > a.valid_from_on)
),

failures as (
    select rule_code, record_id, valid_from_on, valid_to_on, detail_es from empty_fields

    union all
    select 'customer_is_unique', record_id, valid_from_on, valid_to_on, detail_es from repeated

    union all
    select
        case identification_type_code when 'cedula' then 'customer_cedula_is_valid' else 'customer_rnc_is_valid' end,
        customer_key, valid_from_on, valid_to_on, 'Número ' || {{ masked_identification('identification_digits') }}
    from customer_versions
    where identification_digits is not null and has_valid_number is false

    union all
    select 'customer_identification_type_in_catalogue', customer_key, valid_from_on, valid_to_on, 'Número sin tipo de identificación del catálogo'
    from customer_versions
    where identification_digits is not null and identification_type_code is null

    union all
    select 'contract_customer_exists', v.contract_key, v.valid_from_on, v.valid_to_on, 'Titular ' || nullif(v.customer_key, {{ unassigned_key() }})
    from contract_versions as v
    left join {{ ref('stg_odoo__customer') }} as t on t.customer_id = v.customer_key
    where t.customer_id is null

    union all
    select
        'contract_supply_point_exists', v.contract_key, v.valid_from_on, v.valid_to_on,
        'Punto ' || nullif(v.supply_point_key, {{ unassigned_key() }})
    from contract_versions as v
    left join {{ ref('stg_odoo__supply_point') }} as t on t.supply_point_id = v.supply_point_key
    where t.supply_point_id is null

    union all
    select
        'contract_user_type_in_catalogue', v.contract_key, v.valid_from_on, v.valid_to_on,
        'Tipo de usuario ' || nullif(v.user_type_key, {{ unassigned_key() }})
    from contract_versions as v
    left join {{ ref('stg_odoo__user_type') }} as t on t.user_type_id = v.user_type_key
    where t.user_type_id is null

    union all
    select 'contract_status_in_catalogue', v.contract_key, v.valid_from_on, v.valid_to_on, 'Estado «' || v.status || '»'
    from contract_versions as v
    left join {{ ref('catalogue_values') }} as c on c.catalogue = 'contract_status' and c.value = v.status
    where c.value is null

    union all
    select 'supply_point_sector_exists', v.supply_point_key, v.valid_from_on, v.valid_to_on, 'Sector ' || nullif(v.sector_key, {{ unassigned_key() }})
    from supply_point_versions as v
    left join {{ ref('stg_odoo__sector') }} as t on t.sector_id = v.sector_key
    where t.sector_id is null

    union all
    select 'supply_point_route_exists', v.supply_point_key, v.valid_from_on, v.valid_to_on, 'Ruta ' || nullif(v.route_key, {{ unassigned_key() }})
    from supply_point_versions as v
    left join {{ ref('stg_odoo__route') }} as t on t.route_id = v.route_key
    where t.route_id is null

    union all
    select 'meter_supply_point_exists', v.meter_key, v.valid_from_on, v.valid_to_on, 'Punto ' || nullif(v.supply_point_key, {{ unassigned_key() }})
    from meter_versions as v
    left join {{ ref('stg_odoo__supply_point') }} as t on t.supply_point_id = v.supply_point_key
    where t.supply_point_id is null

    union all
    select rule_code, record_id, dated_on, null, detail_es from {{ ref('int_quality__dated_failure') }}
)

select
    f.rule_code,
    r.entity_name,
    r.population,
    f.record_id::bigint as record_id,
    f.valid_from_on,
    f.valid_to_on,
    r.population in ('invoice', 'payment', 'reading') as is_dated,
    coalesce(f.detail_es, 'Vacío') as detail_es
from failures as f
inner join {{ ref('int_quality__rule') }} as r on r.rule_code = f.rule_code
