-- Documents, lines, payments and readings add up to the same in raw and in marts, by day and state.
-- A daily run adds up, on both sides, the records that raw wrote or the marts rewrote since this side was tested whole: by id, so that the sums
-- agree only when each of them arrived, with its day and state.
{% set daily = not tests_everything() %}
{% set things = {
    'documentos': ['account_move', ref('fct_invoice'), 'invoice_key'],
    'líneas': ['account_move_line', ref('fct_invoice_line'), 'invoice_line_key'],
    'pagos': ['account_payment', ref('fct_payment'), 'payment_key'],
    'lecturas': ['reading', ref('int_consumption__reading'), 'reading_key'],
} %}

with
{% for thing, (entity, model, key) in things.items() %}
ids_{{ loop.index }} as materialized (
    {% if daily -%}
    select r.id from {{ source('odoo', entity) }} as r
    where r._run_id >= (select s.tested_run_id from ops.side as s where s.schema_name = '{{ target_marts() }}')
    union
    {{ untested(model, 'row_key') }}
    {%- else -%} select null::bigint as id {%- endif %}
),
{% endfor %}
raw_rows as (
    select
        'documentos' as thing,
        coalesce(m.invoice_date, m.date) as day_on,
        m.state,
        m.amount_total as amount
    from {{ source('odoo', 'account_move') }} as m
    where m.move_type in ('out_invoice', 'out_refund') and m.state in ('posted', 'cancel') and m._deleted_at is null
        {% if daily %}and m.id in (select id from ids_1){% endif %}

    union all

    select
        'líneas',
        coalesce(m.invoice_date, m.date),
        m.state,
        case m.move_type when 'out_refund' then -l.price_subtotal else l.price_subtotal end
    from {{ source('odoo', 'account_move_line') }} as l
    inner join {{ source('odoo', 'account_move') }} as m on m.id = l.move_id
    where m.move_type in ('out_invoice', 'out_refund') and m.state = 'posted' and l.display_type = 'product'
        and l._deleted_at is null and m._deleted_at is null
        {% if daily %}and l.id in (select id from ids_2){% endif %}

    union all

    select
        'pagos',
        date,
        state,
        case when state in ('canceled', 'cancelled', 'rejected') then 0 when payment_type = 'outbound' then -amount else amount end
    from {{ source('odoo', 'account_payment') }}
    where state <> 'draft' and _deleted_at is null
        {% if daily %}and id in (select id from ids_3){% endif %}

    union all

    select 'lecturas', {{ month_of('billing_period') }}, 'posted', coalesce(consumption_m3, 0)
    from {{ source('odoo', 'reading') }}
    where _deleted_at is null
        {% if daily %}and id in (select id from ids_4){% endif %}
),

mart_rows as (
    select 'documentos' as thing, issued_on as day_on, state, total_amount as amount
    from {{ ref('fct_invoice') }}
    {% if daily %}where invoice_key in (select id from ids_1){% endif %}

    union all

    select 'líneas', issued_on, 'posted', line_amount
    from {{ ref('fct_invoice_line') }}
    {% if daily %}where invoice_line_key in (select id from ids_2){% endif %}

    union all

    select 'pagos', paid_on, state, payment_amount
    from {{ ref('fct_payment') }}
    {% if daily %}where payment_key in (select id from ids_3){% endif %}

    union all

    select 'lecturas', period_month, 'posted', consumption_m3
    from {{ ref('int_consumption__reading') }}
    {% if daily %}where reading_key in (select id from ids_4){% endif %}
),

raw_sums as (
    select thing, day_on, state, sum(amount) as amount, count(*) as n from raw_rows
    group by 1, 2, 3
),

mart_sums as (
    select thing, day_on, state, sum(amount) as amount, count(*) as n from mart_rows
    group by 1, 2, 3
)

select
    thing,
    day_on,
    state,
    r.amount as raw_amount,
    m.amount as mart_amount,
    r.n as raw_rows,
    m.n as mart_rows
from raw_sums as r
full join mart_sums as m using (thing, day_on, state)
where (r.amount is distinct from m.amount or r.n is distinct from m.n) and (thing = 'lecturas' or day_on >= {{ kept_from() }})
