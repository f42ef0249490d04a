-- Documents, lines, payments and readings add up to the same in raw and in marts, by day and state.
-- A daily run adds up, on both sides, the records that raw wrote or the marts rewrote since this side was tested whole: by id, so that the sums
-- agree only when each of them arrived, with its day and state. In the marts a record is looked for in the month in which it is in raw and in those
-- in which it was rewritten; what is no longer to be there (deleted, back to draft) in all.
{% set daily = not tests_everything() %}
{% set day_of = 'coalesce(m.invoice_date, m.date)' %}
{% set documents = source('odoo', 'account_move') %}
{% set lines = source('odoo', 'account_move_line') %}
{% set payments = source('odoo', 'account_payment') %}
{% set is_document = "m.move_type in ('out_invoice', 'out_refund')" %}
{% set things = {
    'documentos': {
        'raw': documents ~ ' as m', 'id': 'm.id', 'written': 'm', 'day': day_of, 'state': 'm.state', 'amount': 'm.amount_total',
        'of_kind': is_document, 'is_there': "m.state in ('posted', 'cancel') and m._deleted_at is null",
        'mart': ref('fct_invoice'), 'key': 'invoice_key', 'mart_day': 'issued_on', 'mart_state': 'state', 'mart_amount': 'total_amount',
    },
    'líneas': {
        'raw': lines ~ ' as l inner join ' ~ documents ~ ' as m on m.id = l.move_id', 'id': 'l.id', 'written': 'l', 'day': day_of, 'state': 'm.state',
        'amount': "case m.move_type when 'out_refund' then -l.price_subtotal else l.price_subtotal end",
        'of_kind': is_document ~ " and l.display_type = 'product'", 'is_there': "m.state = 'posted' and l._deleted_at is null and m._deleted_at is null",
        'mart': ref('fct_invoice_line'), 'key': 'invoice_line_key', 'mart_day': 'issued_on', 'mart_state': "'posted'", 'mart_amount': 'line_amount',
    },
    'pagos': {
        'raw': payments ~ ' as p', 'id': 'p.id', 'written': 'p', 'day': 'p.date', 'state': 'p.state',
        'amount': "case when p.state in ('canceled', 'cancelled', 'rejected') then 0 when p.payment_type = 'outbound' then -p.amount else p.amount end",
        'of_kind': 'true', 'is_there': "p.state <> 'draft' and p._deleted_at is null",
        'mart': ref('fct_payment'), 'key': 'payment_key', 'mart_day': 'paid_on', 'mart_state': 'state', 'mart_amount': 'payment_amount',
    },
    'lecturas': {
        'raw': source('odoo', 'reading') ~ ' as r', 'id': 'r.id', 'written': 'r', 'day': month_of('r.billing_period'), 'state': "'posted'",
        'amount': 'coalesce(r.consumption_m3, 0)', 'of_kind': 'true', 'is_there': 'r._deleted_at is null',
        'mart': ref('int_consumption__reading'), 'key': 'reading_key', 'mart_day': 'period_month', 'mart_state': "'posted'", 'mart_amount': 'consumption_m3',
    },
} %}

with
{% for thing, t in things.items() if daily %}
{% set n = loop.index %}
ids_{{ n }} as materialized (
    select {{ t.id }} as id, {{ month_of(t.day) }} as period_month from {{ t.raw }} where {{ is_untested_in_raw(t.written) }}
    union
    select c.row_key, c.period_month from {{ untested_changes(t.mart) }} as c
),

gone_{{ n }} as materialized (
    select {{ t.id }} from {{ t.raw }} where {{ t.of_kind }} and ({{ t.is_there }}) is not true and {{ t.id }} in (select id from ids_{{ n }})
),
{% endfor %}
raw_rows as (
    {% for thing, t in things.items() %}
    select '{{ thing }}' as thing, {{ t.day }} as day_on, {{ t.state }} as state, {{ t.amount }} as amount
    from {{ t.raw }}
    where {{ t.of_kind }} and {{ t.is_there }}
        {% if daily %}and {{ t.id }} in (select id from ids_{{ loop.index }}){% endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

mart_rows as (
    {% for thing, t in things.items() %}
    select '{{ thing }}' as thing, {{ t.mart_day }} as day_on, {{ t.mart_state }} as state, {{ t.mart_amount }} as amount
    {% if daily -%}
    from {{ rows_of_months(t.mart, t.key, t.mart_day, 'ids_' ~ loop.index, 'id') }} as f
    union all
    select '{{ thing }}', {{ t.mart_day }}, {{ t.mart_state }}, {{ t.mart_amount }}
    from gone_{{ loop.index }} as g
    -- by each month's index: how few they are, the planner cannot know
    cross join lateral (select * from {{ t.mart }} as t where t.{{ t.key }} = g.id order by t.{{ t.key }} offset 0) as f
    where not exists (select from ids_{{ loop.index }} as i where i.id = g.id and i.period_month = {{ month_of(t.mart_day) }})
    {%- else -%}
    from {{ t.mart }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}
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
