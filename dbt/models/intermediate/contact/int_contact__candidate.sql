-- Contracts in service with what a mailing needs of them: whom to write to and how, what falls due, what is overdue, whether they consented.
-- Debt is Odoo's residual of today, bill by bill; credit in favour of the contract is not taken off. Grain: one row per contract.
with contracts as (
    select * from {{ ref('int_core__contract') }}
    where contract_key <> {{ unassigned_key() }} and coalesce(status, 'active') <> 'closed'
),

customers as (
    select
        customer_id as customer_key,
        customer_name,
        nullif(btrim(email), '') as email,
        nullif(btrim(mobile), '') as mobile,
        nullif(btrim(phone), '') as landline,
        is_ebill,
        -- who was archived or deleted in Odoo is nobody to write to, whatever was signed
        has_mailing_consent and is_active and not is_deleted as has_consent
    from {{ ref('stg_odoo__customer') }}
),

owed as (
    select
        contract_key,
        min(due_on) filter (where due_on between {{ business_today() }} and {{ business_today() }} + {{ contact_notice_days() }}) as next_due_on,
        sum(residual_amount) filter (where due_on between {{ business_today() }} and {{ business_today() }} + {{ contact_notice_days() }})
            as next_due_amount,
        min(due_on) filter (where due_on < {{ business_today() }}) as oldest_due_on,
        sum(residual_amount) filter (where due_on < {{ business_today() }}) as overdue_amount
    from {{ ref('fct_invoice') }}
    where state = 'posted' and document_kind <> 'nota_credito' and residual_amount > 0
    group by contract_key
),

disputed as (
    select distinct contract_id as contract_key
    from {{ ref('stg_odoo__claim') }}
    where state is distinct from 'closed' and contract_id is not null
)

select
    c.contract_key,
    c.contract_code,
    c.customer_key,
    cu.customer_name,
    coalesce(cu.mobile, cu.landline) as phone,
    cu.email,
    cu.email is not null as has_email,
    coalesce(cu.is_ebill, false) as is_ebill,
    coalesce(cu.has_consent, false) as has_consent,
    -- as they asked; else what costs least
    case
        when cu.is_ebill and cu.email is not null then 'email'
        when cu.mobile is not null then 'whatsapp'
        when cu.email is not null then 'email'
        when cu.landline is not null then 'phone'
        else 'none'
    end as channel_code,
    c.sector_key,
    c.route_key,
    c.user_type_key,
    o.next_due_on,
    coalesce(o.next_due_amount, 0)::numeric(18, 2) as next_due_amount,
    o.oldest_due_on,
    coalesce(o.overdue_amount, 0)::numeric(18, 2) as overdue_amount,
    coalesce({{ business_today() }} - o.oldest_due_on, 0) as days_overdue,
    d.contract_key is not null as has_open_claim
from contracts as c
left join customers as cu on cu.customer_key = c.customer_key
left join owed as o on o.contract_key = c.contract_key
left join disputed as d on d.contract_key = c.contract_key
