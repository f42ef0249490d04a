-- What the billing and delivery marts say adds up to the facts: concepts to all that was billed, reasons to all that was credited, cycles to
-- the documents that name them, bills and attempts to the ledger's and the source's.
with compared as (
    select 'conceptos' as measure, b.period_month::text as of_what, sum(b.water_billed_amount + b.sewer_billed_amount + b.late_fee_billed_amount + b.other_billed_amount) as mart_amount,
        (select sum(line_amount) from {{ ref('fct_invoice_line') }} where {{ month_of('issued_on') }} = b.period_month) as fact_amount
    from {{ ref('mart_billing__month') }} as b
    group by b.period_month

    union all

    select 'notas de crédito', 'todas', (select sum(total_amount) from {{ ref('fct_credit_note') }}), sum(total_amount)
    from {{ ref('fct_invoice') }}
    where document_kind = 'nota_credito' and state = 'posted'

    union all

    select 'motivos', m.period_month::text, sum(c.credited_reason_amount), max(m.credited_amount)
    from (select period_month, sum(credited_amount) as credited_amount from {{ ref('mart_commercial__month') }} group by 1) as m
    left join {{ ref('mart_billing__credit_reason_month') }} as c on c.period_month = m.period_month
    group by m.period_month

    union all

    select 'ciclos', c.billing_cycle_id::text,
        (select sum(cycle_billed_amount) from {{ ref('mart_billing__cycle') }} where billing_cycle_key = c.billing_cycle_id),
        (
            select sum(f.untaxed_amount) from {{ ref('fct_invoice') }} as f
            inner join {{ ref('stg_odoo__account_move') }} as m on m.move_id = f.invoice_key
            where m.billing_cycle_id = c.billing_cycle_id and f.state = 'posted' and f.document_kind = 'factura'
        )
    from {{ ref('stg_odoo__billing_cycle') }} as c

    union all

    select 'facturas', period_month::text, sum(billing_invoices),
        (select sum(invoices_issued) from {{ ref('mart_commercial__month') }} as k where k.period_month = b.period_month)
    from {{ ref('mart_billing__month') }} as b
    group by period_month

    union all

    select 'e-CF', period_month::text, sum(ecf_accepted + ecf_rejected + ecf_pending), sum(ecf_issued)
    from {{ ref('mart_billing__month') }}
    group by period_month

    union all

    select 'intentos de entrega', 'todos', (select count(*) from {{ ref('fct_delivery') }}), count(*)
    from {{ ref('stg_odoo__bill_delivery') }}

    union all

    select 'recibos emitidos', d.period_month::text, sum(d.issued_bills),
        (select sum(invoices_issued) from {{ ref('mart_commercial__month') }} as k where k.period_month = d.period_month)
    from {{ ref('mart_delivery__month') }} as d
    group by d.period_month
)

select * from compared
where coalesce(mart_amount, 0) <> coalesce(fact_amount, 0)
