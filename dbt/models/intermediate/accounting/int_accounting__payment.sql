-- Effective payments with the journal they came in by. A view: who wants some of them pays for those. Grain: one row per payment that moves money.
{{ config(materialized='view') }}

select
    p.payment_key,
    p.move_id,
    p.paid_on,
    p.payment_amount,
    p.channel,
    j.journal_code
from {{ ref('int_collections__payment') }} as p
inner join {{ ref('stg_odoo__account_payment') }} as o on o.payment_id = p.payment_key
left join {{ ref('stg_odoo__journal') }} as j on j.journal_id = o.journal_id
where p.is_effective
