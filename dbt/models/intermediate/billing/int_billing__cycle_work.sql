-- What each cycle had to do and did, route by route: readings, incidents, bills, answers of the tax office, deliveries.
-- The routes of a cycle are those of its sectors, and of its documents when their contract has no sector any more; a cycle of which
-- neither is known stands under "Sin asignar". Grain: cycle × sector × route.
with cycles as (
    select * from {{ ref('stg_odoo__billing_cycle') }}
),

documents as (
    select * from {{ ref('int_billing__run_document') }}
    where billing_cycle_id is not null
),

sector_cycles as (
    select * from {{ ref('int_billing__sector_cycle') }}
),

-- a contract is read and billed by the cycle of its bill; before there is one, by its sector's
bill_cycles as (
    select contract_key, period_month, min(billing_cycle_id) as billing_cycle_id
    from documents
    where contract_key <> {{ unassigned_key() }} and period_month is not null
    group by contract_key, period_month
),

readings as (
    select
        coalesce(b.billing_cycle_id, sc.billing_cycle_id) as billing_cycle_id,
        coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
        r.reading_id,
        r.reading_kind,
        r.consumption_m3,
        {{ business_date('r.read_at') }} as read_on
    from {{ ref('stg_odoo__reading') }} as r
    left join {{ ref('int_core__contract') }} as c on c.contract_key = r.contract_id
    left join bill_cycles as b on b.contract_key = c.contract_key and b.period_month = {{ month_of('r.billing_period') }}
    left join sector_cycles as sc on sc.sector_key = c.sector_key and sc.period_month = {{ month_of('r.billing_period') }}
),

incidents as (
    select reading_id, count(*) as incidents, count(*) filter (where state is distinct from 'resolved') as open_incidents
    from {{ ref('stg_odoo__reading_incident') }}
    group by reading_id
),

read as (
    select
        billing_cycle_id,
        sector_key,
        route_key,
        count(*) as planned_readings,
        count(*) filter (where consumption_m3 is not null) as taken_readings,
        count(*) filter (where reading_kind = 'real') as effective_readings,
        coalesce(sum(incidents), 0)::bigint as incidents,
        coalesce(sum(open_incidents), 0)::bigint as open_incidents,
        max(read_on) as read_on
    from readings
    left join incidents using (reading_id)
    where billing_cycle_id is not null
    group by billing_cycle_id, sector_key, route_key
),

delivered as (
    select distinct move_id as invoice_key
    from {{ ref('stg_odoo__bill_delivery') }}
    where state = 'delivered'
),

billed as (
    select
        billing_cycle_id,
        sector_key,
        route_key,
        count(*) as prepared_invoices,
        count(*) filter (where state = 'posted') as issued_invoices,
        coalesce(sum(untaxed_amount) filter (where state = 'posted'), 0) as billed_amount,
        coalesce(sum(untaxed_amount) filter (where state = 'draft'), 0) as draft_amount,
        count(*) filter (where state = 'posted' and ecf_outcome = 'aceptado') as ecf_accepted,
        count(*) filter (where state = 'posted' and ecf_outcome = 'rechazado') as ecf_rejected,
        count(*) filter (where state = 'posted' and ecf_outcome = 'pendiente') as ecf_pending,
        count(*) filter (where state = 'posted' and ecf_outcome in ('aceptado', 'papel')) as fiscally_valid_invoices,
        count(*) filter (where state = 'posted' and d.invoice_key is not null) as delivered_invoices,
        max(issued_on) filter (where state = 'posted') as issued_on
    from documents
    left join delivered as d using (invoice_key)
    group by billing_cycle_id, sector_key, route_key
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
