-- Money received that no line of a bank's or collector's file names. Grain: one row per payment.
{% set touched %}{% raw %}
select c.row_key as payment_key from {{ changes_of(ref('int_collections__payment')) }} as c
union
select c.row_key from {{ changes_of(ref('int_collections__remittance_line'), 'payment') }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['payment_key'], 'keys': ['payment_key'],
        'log': [{'topic': 'journal', 'row': 'journal_id', 'month': 'paid_on'}],
    }},
    indexes=[{'columns': ['payment_key'], 'unique': true}, {'columns': ['journal_id', 'paid_on']}],
) }}

select
    p.payment_key,
    p.journal_id,
    p.collector_key,
    p.paid_on,
    p.payment_amount
from {{ ref('int_collections__payment') }} as p
where p.is_effective and p.payment_type = 'inbound'
    and not exists (select from {{ ref('int_collections__remittance_line') }} as l where l.payment_key = p.payment_key)
    {% if is_incremental() %}and p.payment_key in (select payment_key from touched){% endif %}
