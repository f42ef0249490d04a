-- The general ledger by month. Months with a changed line are added up again; all of them when an account or a name changed.
-- Grain: month × section × account × concept × kind.
{% set touched %}{% raw %}
select c.period_month from {{ changes_of(ref('int_accounting__posted_line')) }} as c
union
select p.period_month from {{ ref('int_accounting__posted_line') }} as p
where exists (select from {{ changes_of(ref('int_accounting__tracked_account')) }} as c)
    or exists (select from {{ source('odoo', 'concept') }} as c where {{ is_new_in_raw('c') }})
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['period_month', 'section', 'account_id', 'concept_code', 'movement_kind'], 'keys': ['period_month'],
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
group by period_month, section, account_id, concept_code, movement_kind
