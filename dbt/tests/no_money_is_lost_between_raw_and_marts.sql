-- Documents, lines and payments add up to the same in raw and in marts, by month and state.
with raw_sums as (
    select 'documentos' as thing, {{ month_of('coalesce(invoice_date, date)') }} as period_month, state, sum(amount_total) as amount, count(*) as n
    from {{ source('odoo', 'account_move') }}
    where move_type in ('out_invoice', 'out_refund') and state in ('posted', 'cancel') and _deleted_at is null
    group by 2, 3

    union all

    select
        'líneas',
        {{ month_of('coalesce(m.invoice_date, m.date)') }},
        m.state,
        sum(case m.move_type when 'out_refund' then -l.price_subtotal else l.price_subtotal end),
        count(*)
    from {{ source('odoo', 'account_move_line') }} as l
    inner join {{ source('odoo', 'account_move') }} as m on m.id = l.move_id
    where m.move_type in ('out_invoice', 'out_refund') and m.state = 'posted' and l.display_type = 'product'
        and l._deleted_at is null and m._deleted_at is null
    group by 2, 3

    union all

    select
        'pagos',
        {{ month_of('date') }},
        state,
        sum(case when state in ('canceled', 'cancelled', 'rejected') then 0 when payment_type = 'outbound' then -amount else amount end),
        count(*)
    from {{ source('odoo', 'account_payment') }}
    where state <> 'draft' and _deleted_at is null
    group by 2, 3

    union all

    select 'lecturas', {{ month_of('billing_period') }}, 'posted', sum(consumption_m3), 0
    from {{ source('odoo', 'reading') }}
    where _deleted_at is null
    group by 2
),

mart_sums as (
    select 'documentos' as thing, {{ month_of('issued_on') }} as period_month, state, sum(total_amount) as amount, count(*) as n
    from {{ ref('fct_invoice') }}
    group by 2, 3

    union all

    select 'líneas', {{ month_of('issued_on') }}, 'posted', sum(line_amount), count(*)
    from {{ ref('fct_invoice_line') }}
    group by 2

    union all

    select 'pagos', {{ month_of('paid_on') }}, state, sum(payment_amount), count(*)
    from {{ ref('fct_payment') }}
    group by 2, 3

    union all

    select 'lecturas', period_month, 'posted', sum(consumption_m3), 0
    from {{ ref('fct_consumption_month') }}
    group by 2
)

select
    thing,
    period_month,
    state,
    r.amount as raw_amount,
    m.amount as mart_amount,
    r.n as raw_rows,
    m.n as mart_rows
from raw_sums as r
full join mart_sums as m using (thing, period_month, state)
where r.amount is distinct from m.amount or r.n is distinct from m.n
