-- Contracts with the sector, reading route, municipality and user type every fact takes from them, and the member "Sin asignar".
-- Grain: one row per contract.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {'row': ['contract_key'], 'keys': [], 'log': [
        {'row': 'contract_key', 'contract': 'contract_key'},
        {'topic': 'place', 'contract': 'contract_key', 'of': ['sector_key', 'route_key']},
    ]}},
    indexes=[{'columns': ['contract_key'], 'unique': true}],
) }}

with contracts as (
    select * from {{ ref('stg_odoo__contract') }}
),

supply_points as (
    select * from {{ ref('stg_odoo__supply_point') }}
),

sectors as (
    select * from {{ ref('int_core__sector') }}
),

routes as (
    select * from {{ ref('int_core__route') }}
),

user_types as (
    select * from {{ ref('int_core__user_type') }}
),

customers as (
    select * from {{ ref('stg_odoo__customer') }}
),

resolved as (
    select
        c.contract_id as contract_key,
        coalesce(c.contract_code, 'C' || c.contract_id) as contract_code,
        coalesce(cu.customer_id, {{ unassigned_key() }}) as customer_key,
        coalesce(sp.supply_point_id, {{ unassigned_key() }}) as supply_point_key,
        coalesce(s.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(r.route_key, {{ unassigned_key() }}) as route_key,
        coalesce(s.municipality_key, {{ unassigned_key() }}) as municipality_key,
        coalesce(ut.user_type_key, {{ unassigned_key() }}) as user_type_key,
        c.status,
        c.started_on,
        c.ended_on,
        c.is_cuttable,
        c.is_excluded_from_billing,
        c.has_sewer
    from contracts as c
    left join supply_points as sp on sp.supply_point_id = c.supply_point_id
    left join sectors as s on s.sector_key = sp.sector_id
    left join routes as r on r.route_key = sp.route_id
    left join user_types as ut on ut.user_type_key = c.user_type_id
    left join customers as cu on cu.customer_id = c.customer_id

    union all

    select
        {{ unassigned_key() }}, {{ unassigned_code() }}, {{ unassigned_key() }}, {{ unassigned_key() }}, {{ unassigned_key() }},
        {{ unassigned_key() }}, {{ unassigned_key() }}, {{ unassigned_key() }}, null, null, null, false, false, false
)

select * from resolved
