-- The subledger by month: `subledger_amount` is positive on the account's own side (int_accounting__subledger_entry). Months with a changed entry
-- are added up again. Grain: month × section × account × concept × kind.
{% set touched %}{% raw %}
select c.period_month from {{ changes_of(ref('int_accounting__subledger_entry')) }} as c
union
-- it carries names
select t.period_month from {{ this }} as t
where {{ any_is_new_in_raw([source('odoo', 'concept'), source('odoo', 'journal')]) }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'section', 'account_id', 'concept_code', 'movement_kind'],
        'nullable': ['account_id'], 'keys': ['period_month'],
        'log': [{'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

with entries as (
    select * from {{ touched_months_of(ref('int_accounting__subledger_entry'), 'period_month') }}
),

monthly as (
    select
        period_month,
        section,
        account_id,
        concept_code,
        movement_kind,
        sum(amount) as subledger_amount
    from entries
    group by period_month, section, account_id, concept_code, movement_kind
),

concepts as (
    select distinct on (concept_code) concept_code, concept_name from {{ ref('stg_odoo__concept') }}
    order by concept_code, concept_id
),

channels as (
    select distinct on (journal_code) journal_code, journal_name from {{ ref('stg_odoo__journal') }}
    order by journal_code, journal_name
)

select
    m.period_month,
    m.section,
    m.account_id,
    m.concept_code,
    {{ accounting_concept_name('m.section', 'co.concept_name', 'ch.journal_name') }} as concept_name,
    m.movement_kind,
    m.subledger_amount
from monthly as m
left join concepts as co on co.concept_code = m.concept_code and m.section = 'ingresos'
left join channels as ch on ch.journal_code = m.concept_code and m.section = 'cobros'
