-- The records that break a rule today, with the id by which Odoo finds them, for whoever mends them. Grain: one row per rule and record.
with failing as (
    select
        rule_code,
        entity_name,
        record_id,
        max(valid_from_on) filter (where is_dated) as dated_on,
        min(valid_from_on) filter (where not is_dated) as failing_since_on,
        string_agg(distinct detail_es, '; ' order by detail_es) as detail_es
    from {{ ref('int_quality__failure') }}
    where is_dated or valid_to_on is null
    group by 1, 2, 3
),

located as (
    select
        f.*,
        coalesce(
            h.contract_key, i.contract_key, p.contract_key, r.contract_id, case when f.entity_name = 'contract' then f.record_id end
        ) as contract_key,
        coalesce(m.supply_point_id, case when f.entity_name = 'supply_point' then f.record_id end) as supply_point_key
    from failing as f
    left join {{ ref('int_customers__home') }} as h on f.entity_name = 'customer' and h.customer_key = f.record_id
    left join {{ ref('int_billing__document') }} as i on f.entity_name = 'invoice' and i.invoice_key = f.record_id
    left join {{ ref('int_collections__payment') }} as p on f.entity_name = 'payment' and p.payment_key = f.record_id
    left join {{ ref('stg_odoo__reading') }} as r on f.entity_name = 'reading' and r.reading_id = f.record_id
    left join {{ ref('stg_odoo__meter') }} as m on f.entity_name = 'meter' and m.meter_id = f.record_id
),

-- the model by which Odoo calls the entity
odoo_models as (
    select
        case entity_name when 'account_move' then 'invoice' when 'account_payment' then 'payment' else entity_name end as entity_name,
        min(model_name) as model_name
    from {{ ref('stg_ops__source_column') }}
    where column_name = 'id'
    group by 1
)

select
    l.rule_code,
    q.quality_dimension,
    q.rule_name,
    l.entity_name,
    coalesce(o.model_name, l.entity_name) as model_name,
    l.record_id,
    l.detail_es,
    coalesce(l.dated_on, l.failing_since_on) as since_on,
    coalesce(c.contract_code, {{ unassigned_code() }}) as contract_code,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code
from located as l
inner join {{ ref('int_quality__rule') }} as q on q.rule_code = l.rule_code
left join odoo_models as o on o.entity_name = l.entity_name
left join {{ ref('int_core__contract') }} as c on c.contract_key = l.contract_key
left join {{ ref('stg_odoo__supply_point') }} as sp on sp.supply_point_id = l.supply_point_key
left join {{ ref('int_core__sector') }} as known_sector on known_sector.sector_key = coalesce(c.sector_key, sp.sector_id)
left join {{ ref('int_core__route') }} as known_route on known_route.route_key = coalesce(c.route_key, sp.route_id)
inner join {{ ref('int_core__sector') }} as s on s.sector_key = coalesce(known_sector.sector_key, {{ unassigned_key() }})
inner join {{ ref('int_core__route') }} as ro on ro.route_key = coalesce(known_route.route_key, {{ unassigned_key() }})
