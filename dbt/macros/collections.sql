{# Concept types that are surcharges (late fee, interest on arrears); everything else that is billed is capital. #}
{% macro is_surcharge(concept_type) -%} {{ concept_type }} in ('mora', 'interes') {%- endmacro %}

{#
    What each debt gets of an amount of money that is applied by priority: a debt takes what it owes out of what the debts before it left.
    Σ over the partition = least(available, Σ owed), to the cent; no loop. `partition_by` names one application of money, `order_by` the
    priority (a total order: end with a key). Proved against plain Python by tests/dbt/test_dbt_allocation.py.
#}
{% macro priority_share(available, owed, partition_by, order_by) -%}
    greatest(0, least(
        {{ owed }},
        {{ available }} - (sum({{ owed }}) over (
            partition by {{ partition_by }} order by {{ order_by }} rows between unbounded preceding and current row
        ) - {{ owed }})
    ))
{%- endmacro %}

{# First day whose applications of payments are weighed against the rule: the first of the last `allocation_check_months` closed months. #}
{% macro allocation_check_from() -%}
    ({{ last_closed_month() }} - interval '{{ var('allocation_check_months', 12) - 1 }} months')::date
{%- endmacro %}

{# Days from each document's issue within which collection is measured. #}
{% macro collection_terms() -%} {{ return([30, 60, 90]) }} {%- endmacro %}
