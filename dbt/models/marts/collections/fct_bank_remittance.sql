-- What a bank or an external collector says it collected, against what the system has of it.
-- Difference = declared − posted = (declared − lines) + lines that name no payment + rejected + the rest of the matched ones.
-- Grain: one row per remittance.
{% set touched %}{% raw %}
select r.id as bank_remittance_key from {{ source('odoo', 'bank_remittance') }} as r
where {{ is_new_in_raw('r') }}
    or r.collector_id in (select c.id from {{ source('odoo', 'collector') }} as c where {{ is_new_in_raw('c') }})
    or r.journal_id in (select j.id from {{ source('odoo', 'journal') }} as j where {{ is_new_in_raw('j') }})
union
select c.row_key from {{ changes_of(ref('int_collections__remittance_line'), 'remittance') }} as c
union
-- files of the journals and months of payments that are in no file, or were
select r.id from {{ changes_of(ref('int_collections__unlisted_payment'), 'journal') }} as c
inner join {{ source('odoo', 'bank_remittance') }} as r
    on r.journal_id = c.row_key and r.date_from < c.period_month + interval '1 month' and r.date_to >= c.period_month
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['bank_remittance_key'], 'keys': ['bank_remittance_key'], 'log': [{'row': 'bank_remittance_key'}]}},
) }}

with remittances as (
    select * from {{ ref('stg_odoo__bank_remittance') }}
    {% if is_incremental() %}where bank_remittance_id in (select bank_remittance_key from touched){% endif %}
),

lines as (
    select
        bank_remittance_key,
        count(*) as lines_count,
        sum(line_amount) as lines_amount,
        sum(posted_amount) as posted_amount,
        count(*) filter (where state = 'unmatched') as unmatched_lines_count,
        sum(line_amount) filter (where state = 'unmatched') as unmatched_amount,
        count(*) filter (where state = 'rejected') as rejected_lines_count,
        sum(line_amount) filter (where state = 'rejected') as rejected_amount,
        sum(line_amount - posted_amount) filter (where state not in ('unmatched', 'rejected')) as mismatched_amount,
        sum(days_to_file) as days_to_file_sum
    from {{ ref('int_collections__remittance_line') }}
    {% if is_incremental() %}where bank_remittance_key in (select bank_remittance_key from touched){% endif %}
    group by bank_remittance_key
),

collectors as (
    select * from {{ ref('int_collections__collector') }}
),

journals as (
    select * from {{ ref('stg_odoo__journal') }}
),

unlisted as (
    select r.bank_remittance_id, u.unlisted_amount
    from remittances as r
    cross join lateral (  -- of each by the index of journal and day: joined, every payment of a journal meets each of its files
        select sum(p.payment_amount) as unlisted_amount from {{ ref('int_collections__unlisted_payment') }} as p
        where p.journal_id = r.journal_id and p.paid_on between r.covers_from_on and r.covers_to_on
            and (r.collector_id is null or p.collector_key = r.collector_id)
    ) as u
)

select
    r.bank_remittance_id as bank_remittance_key,
    coalesce(r.remittance_name, 'R' || r.bank_remittance_id) as remittance_name,
    coalesce(j.journal_name, {{ unassigned_name() }}) as channel,
    coalesce(c.collector_key, {{ unassigned_key() }}) as collector_key,
    coalesce(c.collector_name, {{ unassigned_name() }}) as collector_name,
    case when r.collector_id is null then 'banco' else 'cobrador' end as sender_kind,
    r.state,
    r.covers_from_on,
    r.covers_to_on,
    r.received_on,
    r.received_on - r.covers_to_on as days_to_receive,
    coalesce(r.declared_amount, 0) as declared_amount,
    coalesce(r.declared_lines_count, 0)::bigint as declared_lines_count,
    coalesce(l.lines_amount, 0) as lines_amount,
    coalesce(l.lines_count, 0) as lines_count,
    coalesce(l.posted_amount, 0) as posted_amount,
    coalesce(r.declared_amount, 0) - coalesce(l.posted_amount, 0) as difference_amount,
    coalesce(r.declared_amount, 0) - coalesce(l.lines_amount, 0) as trailer_difference_amount,
    coalesce(l.unmatched_amount, 0) as unmatched_amount,
    coalesce(l.unmatched_lines_count, 0) as unmatched_lines_count,
    coalesce(l.rejected_amount, 0) as rejected_amount,
    coalesce(l.rejected_lines_count, 0) as rejected_lines_count,
    coalesce(l.mismatched_amount, 0) as mismatched_amount,
    coalesce(u.unlisted_amount, 0) as unlisted_amount,
    coalesce(l.days_to_file_sum, 0) as days_to_file_sum
from remittances as r
left join lines as l on l.bank_remittance_key = r.bank_remittance_id
left join collectors as c on c.collector_key = r.collector_id
left join journals as j on j.journal_id = r.journal_id
left join unlisted as u on u.bank_remittance_id = r.bank_remittance_id
