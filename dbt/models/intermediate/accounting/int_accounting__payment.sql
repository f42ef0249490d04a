-- Effective payments with the journal they came in by. A view: who wants some of them pays for those. Grain: one row per payment that moves money.
{{ config(materialized='view') }}

with payments as (
    select * from {{ ref('int_collections__payment') }}
    where is_effective
),

origins as (
    select * from {{ ref('stg_odoo__account_payment') }}
),

journals as (
    select * from {{ ref('stg_odoo__journal') }}
)

select
    p.payment_key,
    p.move_id,
    p.paid_on,
    p.payment_amount,
    p.channel,
    j.journal_code
from payments as p
inner join origins as o on o.payment_id = p.payment_key
left join journals as j on j.journal_id = o.journal_id
