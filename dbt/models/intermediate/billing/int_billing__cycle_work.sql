-- What each cycle had to do and did, route by route: readings, incidents, bills, answers of the tax office, deliveries.
-- The routes of a cycle are those of its sectors, and of its documents when their contract has no sector any more; a cycle of which
-- neither is known stands under "Sin asignar". Grain: cycle × sector × route.
with cycles as (
    select * from {{ ref('stg_odoo__billing_cycle') }}
),

sector_cycles as (
    select * from {{ ref('int_billing__sector_cycle') }}
),

-- bills of a cycle may be of several periods
read as (
    select
        billing_cycle_id,
        sector_key,
        route_key,
        {%- for measure in ['planned_readings', 'taken_readings', 'effective_readings', 'incidents', 'open_incidents'] %}
        sum({{ measure }})::bigint as {{ measure }},
        {%- endfor %}
        max(read_on) as read_on
    from {{ ref('int_billing__cycle_reading') }}
    group by billing_cycle_id, sector_key, route_key
),

billed as (
    select * from {{ ref('int_billing__cycle_bill') }}
),

served as (
    select distinct sector_key, route_key from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }}
),

members as (
    select sc.billing_cycle_id, served.sector_key, served.route_key
    from sector_cycles as sc
    inner join served on served.sector_key = sc.sector_key
    union
    select billing_cycle_id, sector_key, route_key from billed
    union
    select billing_cycle_id, sector_key, route_key from read
),

placed as (
    select
        c.billing_cycle_id,
        c.cycle_name,
        c.cycle_number,
        c.billing_period,
        c.issued_on as planned_issue_on,
        c.state as cycle_state,
        coalesce(m.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(m.route_key, {{ unassigned_key() }}) as route_key
    from cycles as c
    left join members as m on m.billing_cycle_id = c.billing_cycle_id
)

select
    p.billing_cycle_id,
    coalesce(p.cycle_name, 'Ciclo ' || p.billing_cycle_id) as cycle_name,
    p.cycle_number::integer as cycle_number,
    coalesce({{ month_of('p.billing_period') }}, {{ month_of('p.planned_issue_on') }}) as period_month,
    p.planned_issue_on,
    p.cycle_state,
    sector_key,
    route_key,
    {%- for measure in ['planned_readings', 'taken_readings', 'effective_readings', 'incidents', 'open_incidents'] %}
    coalesce(r.{{ measure }}, 0) as {{ measure }},
    {%- endfor %}
    {%- for measure in ['prepared_invoices', 'issued_invoices', 'billed_amount', 'draft_amount', 'ecf_accepted', 'ecf_rejected', 'ecf_pending',
                        'fiscally_valid_invoices', 'delivered_invoices'] %}
    coalesce(b.{{ measure }}, 0) as {{ measure }},
    {%- endfor %}
    r.read_on,
    b.issued_on
from placed as p
left join read as r using (billing_cycle_id, sector_key, route_key)
left join billed as b using (billing_cycle_id, sector_key, route_key)
