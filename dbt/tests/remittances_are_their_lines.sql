-- A remittance's difference is the sum of its parts, the remittances hold every line whose file is known, and no payment is posted by two lines.
-- A daily run looks at the payments of lines that changed.
{% set lines = ref('fct_bank_remittance_line') %}

with held as (
    select coalesce(sum(lines_amount), 0) as held_amount
    from {{ ref('fct_bank_remittance') }}
),

sent as (
    select coalesce(sum(l.line_amount), 0) as sent_amount
    from {{ ref('stg_odoo__bank_remittance_line') }} as l
    inner join {{ ref('stg_odoo__bank_remittance') }} as r on r.bank_remittance_id = l.bank_remittance_id
)

select
    'partes' as thing,
    bank_remittance_key as thing_key,
    difference_amount as one_amount,
    trailer_difference_amount + unmatched_amount + rejected_amount + mismatched_amount as other_amount
from {{ ref('fct_bank_remittance') }}
where difference_amount <> trailer_difference_amount + unmatched_amount + rejected_amount + mismatched_amount

union all

select 'líneas', null, held.held_amount, sent.sent_amount
from held
cross join sent
where held.held_amount <> sent.sent_amount

union all

select 'pago registrado dos veces', payment_key, count(*), sum(posted_amount)
from {{ lines }}
where posted_amount <> 0 and {{ is_untested('payment_key', [[lines, 'payment']]) }}
group by payment_key
having count(*) > 1
