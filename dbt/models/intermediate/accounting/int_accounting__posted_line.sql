-- Posted lines of Odoo's general ledger, as far as they are of the commercial cycle's documents and payments; lines of other entries have no
-- section unless their account is a receivable one. Grain: one row per posted line.
{% set touched %}{% raw %}
with moves as (
    select c.row_key as move_id from {{ changes_of(ref('int_billing__document')) }} as c
    union
    select c.row_key from {{ changes_of(ref('int_collections__payment'), 'entry') }} as c
    union
    select p.move_id from {{ source('odoo', 'journal') }} as j
    inner join {{ ref('int_collections__payment') }} as p on p.channel_key = j.id
    where {{ is_new_in_raw('j') }}
)

select l.id as move_line_id from {{ source('odoo', 'account_move_line') }} as l
where {{ is_new_in_raw('l') }}
union
select l.id from moves as m
inner join {{ source('odoo', 'account_move_line') }} as l on l.move_id = m.move_id
union
select l.id from {{ source('odoo', 'account') }} as a
inner join {{ source('odoo', 'account_move_line') }} as l on l.account_id = a.id
where {{ is_new_in_raw('a') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['move_line_id'], 'keys': ['move_line_id'],
        'log': [
            {'row': 'move_line_id', 'month': 'period_month'}, {'topic': 'move', 'row': 'move_id'},
            {'topic': 'account', 'row': 'account_id', 'month': 'period_month'},
        ],
    }},
    indexes=[
        {'columns': ['move_line_id'], 'unique': true}, {'columns': ['move_id']}, {'columns': ['account_id', 'section', 'movement_kind']},
        {'columns': ['period_month', 'account_id']},
    ],
) }}

with lines as (
    select * from {{ ref('stg_odoo__account_move_line') }}
    where state = 'posted'
        {% if is_incremental() %}and move_line_id in (select move_line_id from touched){% endif %}
),

accounts as (
    select * from {{ ref('stg_odoo__account') }}
),

documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
),

payments as (
    select * from {{ ref('int_accounting__payment') }}
)

select
    l.move_line_id,
    l.move_id,
    d.invoice_key,
    p.payment_key,
    l.account_id,
    l.concept_id,
    p.journal_code,
    p.channel,
    {{ month_of('l.accounted_on') }} as period_month,
    case
        when d.sign = 1 then 'billed'
        when d.sign = -1 then 'credited'
        when p.payment_key is not null then 'collected'
        else 'adjusted'
    end as movement_kind,
    case
        when a.account_type = 'asset_receivable' then 'por_cobrar'
        when d.invoice_key is not null then case when l.display_type = 'tax' then 'impuestos' else 'ingresos' end
        when p.payment_key is not null then 'cobros'
    end as section,
    l.balance_amount
from lines as l
left join accounts as a on a.account_id = l.account_id
left join documents as d on d.invoice_key = l.move_id
left join payments as p on p.move_id = l.move_id
