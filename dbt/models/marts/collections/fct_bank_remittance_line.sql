-- Lines of the remittances. Grain: one row per line of a remittance.
{% set touched %}{% raw %}
select c.row_key as bank_remittance_line_key from {{ changes_of(ref('int_collections__remittance_line')) }} as c
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['bank_remittance_line_key'], 'keys': ['bank_remittance_line_key'],
        'log': [{'row': 'bank_remittance_line_key', 'contract': 'contract_key'}, {'topic': 'payment', 'row': 'payment_key'}],
    }},
) }}

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
    days_to_file,
    line_amount,
    posted_amount,
    line_amount - posted_amount as difference_amount,
    is_duplicate
from {{ ref('int_collections__remittance_line') }}
{% if is_incremental() %}where bank_remittance_line_key in (select bank_remittance_line_key from touched){% endif %}
