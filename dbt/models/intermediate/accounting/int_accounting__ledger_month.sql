-- The general ledger by month. What an account did in a month is added up again where a line of it changed: a late payment does not have
-- the month's income read into sums. All is when an account or a name changed.
-- Grain: month × section × account × concept × kind.
{% set touched %}{% raw %}
select c.row_key as account_id, c.period_month from {{ changes_of(ref('int_accounting__posted_line'), 'account') }} as c
union
select p.account_id, p.period_month from {{ ref('int_accounting__posted_line') }} as p
where exists (select from {{ changes_of(ref('int_accounting__tracked_account')) }} as c)
    or {{ any_is_new_in_raw([source('odoo', 'concept')]) }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'section', 'account_id', 'concept_code', 'movement_kind'], 'keys': ['period_month', 'account_id'],
        'log': [{'month': 'period_month'}],
    }},
    indexes=[{'columns': ['period_month']}],
) }}

select
    period_month,
    section,
    account_id,
    concept_code,
    movement_kind,
    max(concept_name) as concept_name,
    sum(signed_amount) as ledger_amount
from {{ touched_months_of(ref('int_accounting__ledger_line'), 'period_month') }}
{% if is_incremental() %}where (period_month, account_id) in (select k.period_month, k.account_id from touched as k){% endif %}
group by period_month, section, account_id, concept_code, movement_kind
