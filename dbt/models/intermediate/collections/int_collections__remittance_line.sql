-- Lines of the remittances with what the warehouse has of each: the payment that it names, once, at the payment's amount. The contract is the
-- payment's, with what it was that day; where the line names no payment, its own.
-- Grain: one row per line.
with lines as (
    select * from {{ ref('stg_odoo__bank_remittance_line') }}
),

remittances as (
    select * from {{ ref('stg_odoo__bank_remittance') }}
),

payments as (
    select * from {{ ref('int_collections__payment') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

resolved as (
    select
        l.bank_remittance_line_id as bank_remittance_line_key,
        coalesce(r.bank_remittance_id, {{ unassigned_key() }}) as bank_remittance_key,
        l.line_number,
        p.payment_key,
        coalesce(p.contract_key, v.contract_key, {{ unassigned_key() }}) as contract_key,
        coalesce(p.sector_key, v.sector_key, {{ unassigned_key() }}) as sector_key,
        coalesce(p.route_key, v.route_key, {{ unassigned_key() }}) as route_key,
        coalesce(p.municipality_key, v.municipality_key, {{ unassigned_key() }}) as municipality_key,
        coalesce(p.user_type_key, v.user_type_key, {{ unassigned_key() }}) as user_type_key,
        l.reference,
        l.state,
        l.state_reason,
        l.paid_on,
        r.received_on,
        l.line_amount,
        coalesce(l.state = 'matched' and p.is_effective and p.payment_type = 'inbound', false) as is_matched,
        p.payment_amount,
        row_number() over (
            partition by p.payment_key, l.state = 'matched' order by r.received_on, l.bank_remittance_line_id
        ) as mention_number
    from lines as l
    left join remittances as r on r.bank_remittance_id = l.bank_remittance_id
    left join payments as p on p.payment_key = l.payment_id
    left join versions as v
        on p.payment_key is null and {{ version_of_or_todays('v', 'l.contract_id', 'l.paid_on') }}
)

select
    bank_remittance_line_key,
    bank_remittance_key,
    line_number,
    payment_key,
    contract_key,
    sector_key,
    route_key,
    municipality_key,
    user_type_key,
    reference,
    state,
    state_reason,
    paid_on,
    received_on,
    received_on - paid_on as days_to_file,
    line_amount,
    -- a payment that two lines name was made once
    is_matched and mention_number > 1 as is_duplicate,
    case when is_matched and mention_number = 1 then payment_amount else 0 end as posted_amount
from resolved
