-- Lines of the remittances with what the warehouse has of each: the payment that it names, once, at the payment's amount. The contract is the
-- payment's, with what it was that day; where the line names no payment, its own.
-- Grain: one row per line.
{% set touched %}{% raw %}
with changed as (
    select l.id as bank_remittance_line_key from {{ source('odoo', 'bank_remittance_line') }} as l
    where {{ is_new_in_raw('l') }}
    union
    select t.bank_remittance_line_key from {{ source('odoo', 'bank_remittance') }} as r
    inner join {{ this }} as t on t.bank_remittance_key in (r.id, {{ unassigned_key() }})
    where {{ is_new_in_raw('r') }}
    union
    select l.id from {{ changes_of(ref('int_collections__payment')) }} as c
    inner join {{ source('odoo', 'bank_remittance_line') }} as l on l.payment_id = c.row_key
    union
    -- what has its places from its own contract, which may have been nobody; of an unknown day, from today's
    select t.bank_remittance_line_key from {{ this }} as t
    where t.payment_key is null and (
        t.contract_key = {{ unassigned_key() }} or t.paid_on is null
        or t.contract_key in (select c.contract_key from {{ changes_of(ref('int_core__contract_version')) }} as c)
    )
)

select c.bank_remittance_line_key from changed as c
union
-- the other lines of the payments that these name, and named: which of them came first decides
select o.id from changed as c
inner join {{ source('odoo', 'bank_remittance_line') }} as l on l.id = c.bank_remittance_line_key
inner join {{ source('odoo', 'bank_remittance_line') }} as o on o.payment_id = l.payment_id
union
select o.id from changed as c
inner join {{ this }} as t on t.bank_remittance_line_key = c.bank_remittance_line_key
inner join {{ source('odoo', 'bank_remittance_line') }} as o on o.payment_id = t.payment_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['bank_remittance_line_key'], 'keys': ['bank_remittance_line_key'],
        'log': [
            {'row': 'bank_remittance_line_key', 'contract': 'contract_key'},
            {'topic': 'remittance', 'row': 'bank_remittance_key'},
            {'topic': 'payment', 'row': 'payment_key'},
        ],
    }},
    indexes=[{'columns': ['bank_remittance_line_key'], 'unique': true}, {'columns': ['bank_remittance_key']}, {'columns': ['payment_key']}],
) }}

with lines as (
    select * from {{ ref('stg_odoo__bank_remittance_line') }}
    {% if is_incremental() %}where bank_remittance_line_id in (select bank_remittance_line_key from touched){% endif %}
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
