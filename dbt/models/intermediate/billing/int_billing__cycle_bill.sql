-- What each cycle billed, route by route, and what became of it: answers of the tax office, deliveries. A cycle of which a bill changed, or an
-- attempt to deliver one, is added up again, and only that. Grain: cycle × sector × route with a document.
{% set touched %}{% raw %}
select c.row_key as billing_cycle_id from {{ changes_of(ref('int_billing__run_document'), 'cycle') }} as c
union
select d.billing_cycle_id from {{ changes_of(ref('int_delivery__attempt'), 'bill') }} as c
inner join {{ ref('int_billing__run_document') }} as d on d.invoice_key = c.row_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['billing_cycle_id', 'sector_key', 'route_key'], 'keys': ['billing_cycle_id']}},
    indexes=[{'columns': ['billing_cycle_id', 'sector_key', 'route_key'], 'unique': true}],
) }}

with documents as (
    select * from {{ ref('int_billing__run_document') }}
    where billing_cycle_id is not null
        {% if is_incremental() %}and billing_cycle_id in (select billing_cycle_id from touched){% endif %}
),

delivered as (
    select distinct move_id from {{ ref('int_delivery__attempt') }}
    where is_delivered
)

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
    count(*) filter (where state = 'posted' and delivered.move_id is not null) as delivered_invoices,
    max(issued_on) filter (where state = 'posted') as issued_on
from documents
left join delivered on delivered.move_id = documents.invoice_key
group by billing_cycle_id, sector_key, route_key
