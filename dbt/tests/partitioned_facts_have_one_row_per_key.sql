-- The primary key of a partitioned table holds the date of its month, so the database does not see a record that is in two months.
{% set facts = {
    'fct_invoice': 'invoice_key', 'fct_invoice_line': 'invoice_line_key', 'fct_payment': 'payment_key', 'fct_payment_allocation': 'allocation_key',
} %}
{% for model, key in facts.items() %}
select '{{ model }}' as fact, {{ key }} as row_key, count(*) as repeated
from {{ ref(model) }}
where {{ is_untested(key, [ref(model)]) }}
group by {{ key }}
having count(*) > 1
{{ 'union all' if not loop.last }}
{% endfor %}
