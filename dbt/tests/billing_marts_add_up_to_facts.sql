-- What the billing and delivery marts say adds up to the facts: concepts to all that was billed, reasons to all that was credited, cycles to
-- the documents that name them, bills and attempts to the ledger's and the source's.
{% set closed = 'select period_month from ' ~ ref('int_core__closed_month') %}

-- A daily run compares the months of which a fact or its sums changed, and the cycles of which a document did.
{% set commercial = ref('fct_commercial_month') %}
{% set changing = [ref('fct_invoice_line'), [ref('fct_invoice'), 'sums'], [ref('fct_invoice'), 'outcome'], [commercial, 'lines'], [commercial, 'documents']] %}
{% set months = untested_months(changing) %}
{% set issued = is_in_months('issued_on', months) %}
{% set period = is_in_months('period_month', months) %}
{% set runs = [[ref('int_billing__run_document'), 'cycle']] %}

with facts as (
    select 'conceptos' as measure, {{ month_of('issued_on') }}::text as of_what, sum(line_amount)::numeric as amount
    from {{ ref('fct_invoice_line') }}
    where {{ month_of('issued_on') }} in ({{ closed }}) and issued_on >= {{ kept_from() }} and {{ issued }}
    group by 2
    union all
    select 'notas de crédito', {{ month_of('issued_on') }}::text, sum(total_amount)
    from {{ ref('fct_invoice') }}
    where document_kind = 'nota_credito' and state = 'posted' and {{ issued }}
    group by 2
    union all
    select 'motivos', period_month::text, sum(credited_amount) from {{ ref('mart_commercial__month') }} where {{ period }} group by 2
    union all
    select 'facturas', period_month::text, sum(invoices_issued)
    from {{ ref('mart_commercial__month') }}
    where period_month >= {{ kept_from() }} and {{ period }}
    group by 2
    union all
    select 'e-CF', period_month::text, sum(ecf_issued) from {{ ref('mart_billing__month') }} where {{ period }} group by 2
    union all
    select 'ciclos', m.billing_cycle_id::text, sum(f.untaxed_amount)
    from {{ ref('int_billing__document') }} as f
    inner join {{ ref('stg_odoo__account_move') }} as m on m.move_id = f.invoice_key
    inner join {{ ref('stg_odoo__billing_cycle') }} as c on c.billing_cycle_id = m.billing_cycle_id
    where f.state = 'posted' and f.document_kind = 'factura' and {{ is_untested('m.billing_cycle_id', runs) }}
    group by 2
    union all
    select 'intentos de entrega', 'todos', count(*) from {{ ref('stg_odoo__bill_delivery') }}
    union all
    -- only from the first month with deliveries on record
    select 'recibos emitidos', period_month::text, sum(invoices_issued)
    from {{ ref('mart_commercial__month') }}
    where period_month >= (select min(period_month) from {{ ref('int_delivery__bill') }})
    group by 2
),

marts as (
    select
        'conceptos' as measure, period_month::text as of_what,
        sum(water_billed_amount + sewer_billed_amount + late_fee_billed_amount + other_billed_amount)::numeric as amount
    from {{ ref('mart_billing__month') }}
    where period_month >= {{ kept_from() }} and {{ period }}
    group by 2
    union all
    select 'notas de crédito', {{ month_of('issued_on') }}::text, sum(total_amount) from {{ ref('fct_credit_note') }} where {{ issued }} group by 2
    union all
    select 'motivos', period_month::text, sum(credited_reason_amount) from {{ ref('mart_billing__credit_reason_month') }} where {{ period }} group by 2
    union all
    select 'facturas', period_month::text, sum(billing_invoices)
    from {{ ref('mart_billing__month') }}
    where period_month >= {{ kept_from() }} and {{ period }}
    group by 2
    union all
    select 'e-CF', period_month::text, sum(ecf_accepted + ecf_rejected + ecf_pending) from {{ ref('mart_billing__month') }} where {{ period }} group by 2
    union all
    select 'ciclos', billing_cycle_key::text, sum(cycle_billed_amount) from {{ ref('mart_billing__cycle') }} where {{ is_untested('billing_cycle_key', runs) }} group by 2
    union all
    select 'intentos de entrega', 'todos', count(*) from {{ ref('fct_delivery') }}
    union all
    select 'recibos emitidos', period_month::text, sum(issued_bills) from {{ ref('mart_delivery__month') }} group by 2
)

select measure, of_what, f.amount as fact_amount, m.amount as mart_amount
from facts as f
full join marts as m using (measure, of_what)
where coalesce(f.amount, 0) <> coalesce(m.amount, 0)
