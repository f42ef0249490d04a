-- How each invoice's balance moves, split into surcharge, tax and capital. The ledger has one receivable line an invoice, so a rule splits it:
-- a credit note on the invoice itself takes from what its own lines say; money (and any other credit) settles the surcharge first, then the
-- tax, then the capital (Código Civil dominicano, art. 1254: interest before principal). Each split depends on totals to date only, not on the
-- order of the day. Grain: one row per invoice and day with movement; the balance at a day is the sum up to it.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched_settlements()),
    meta={'touched': {
        'row': ['invoice_key', 'moved_on'], 'keys': ['invoice_key'],
        'log': [{'row': 'invoice_key', 'contract': 'contract_key', 'month': 'moved_on'}],
    }},
    indexes=[
        {'columns': ['invoice_key', 'moved_on'], 'unique': true}, {'columns': ['contract_key', 'moved_on']}, {'columns': ['moved_on']},
    ],
) }}

{{ with_settlements() }}

documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
        {% if is_incremental() %}and invoice_key in (select invoice_key from involved){% endif %}
),

parts as (
    select
        d.invoice_key,
        d.contract_key,
        d.sector_key,
        d.route_key,
        d.user_type_key,
        d.sign,
        d.issued_on,
        d.due_on,
        d.billing_period,
        d.reversed_invoice_key,
        d.total_amount,
        d.tax_amount,
        coalesce(s.surcharge_amount, 0) as surcharge_amount
    from documents as d
    left join surcharges as s on s.invoice_key = d.invoice_key
),

allocations as (
    select
        a.*,
        n.reversed_invoice_key is not null as is_own_note,
        n.surcharge_amount as note_surcharge_amount,
        n.surcharge_amount + n.tax_amount as note_charged_amount,
        -- what was used of the note before: a note in several parts gives its surcharge first
        sum(a.allocated_amount) over of_note - a.allocated_amount as note_used_amount
    from uses as a
    left join parts as n on n.invoice_key = a.credit_invoice_key and n.reversed_invoice_key = a.invoice_key
    window of_note as (partition by a.credit_invoice_key order by a.allocated_on, a.allocation_key)
),

credited as (
    select
        invoice_key,
        allocated_on as moved_on,
        allocated_amount,
        case when is_own_note then 0 else allocated_amount end as money_amount,
        case
            when is_own_note then greatest(0, least(note_used_amount + allocated_amount, note_surcharge_amount) - note_used_amount)
            else 0
        end as credited_surcharge_amount,
        case
            when is_own_note
                then greatest(
                    0,
                    least(note_used_amount + allocated_amount, note_charged_amount) - greatest(note_used_amount, note_surcharge_amount)
                )
            else 0
        end as credited_tax_amount
    from allocations
    {% if is_incremental() %}where invoice_key in (select invoice_key from touched){% endif %}
),

movements as (
    select invoice_key, issued_on as moved_on, 0 as allocated_amount, 0 as money_amount, 0 as credited_surcharge_amount, 0 as credited_tax_amount
    from parts
    where sign = 1
        {% if is_incremental() %}and invoice_key in (select invoice_key from touched){% endif %}

    union all

    select * from credited
),

daily as (
    select
        invoice_key,
        moved_on,
        sum(allocated_amount) as allocated_amount,
        sum(money_amount) as money_amount,
        sum(credited_surcharge_amount) as credited_surcharge_amount,
        sum(credited_tax_amount) as credited_tax_amount
    from movements
    group by invoice_key, moved_on
),

running as (
    select
        p.*,
        d.moved_on,
        p.total_amount - sum(d.allocated_amount) over so_far as balance_amount,
        -- what money has to settle of each part by then, and how much money there was
        greatest(0, p.surcharge_amount - sum(d.credited_surcharge_amount) over so_far) as surcharge_due,
        greatest(0, p.tax_amount - sum(d.credited_tax_amount) over so_far) as tax_due,
        sum(d.money_amount) over so_far as money_amount
    from daily as d
    inner join parts as p on p.invoice_key = d.invoice_key and p.sign = 1
    window so_far as (partition by d.invoice_key order by d.moved_on)
),

surcharge_split as (
    select
        *,
        least(balance_amount, greatest(0, surcharge_due - money_amount)) as surcharge_balance
    from running
),

split as (
    select
        *,
        least(balance_amount - surcharge_balance, greatest(0, tax_due - greatest(0, money_amount - surcharge_due))) as tax_balance
    from surcharge_split
)

select
    invoice_key,
    contract_key,
    sector_key,
    route_key,
    user_type_key,
    issued_on,
    due_on,
    billing_period,
    moved_on,
    balance_amount - coalesce(lag(balance_amount) over in_time, 0) as moved_amount,
    surcharge_balance - coalesce(lag(surcharge_balance) over in_time, 0) as moved_surcharge_amount,
    tax_balance - coalesce(lag(tax_balance) over in_time, 0) as moved_tax_amount
from split
window in_time as (partition by invoice_key order by moved_on)
