{#
    Rules of payment agreements that a utility may change, as dbt variables.
    agreement_broken_after_days: an instalment unpaid for more days than these breaks the agreement.
    agreement_grace_days: days after its due date in which an instalment still counts as paid on time.
#}
{% macro agreement_broken_after_days() -%} {{ var('agreement_broken_after_days', 30) | int }} {%- endmacro %}
{% macro agreement_grace_days() -%} {{ var('agreement_grace_days', 0) | int }} {%- endmacro %}

{# Agreement `a` (signed_on, closed_on) was in force at the end of the day. #}
{% macro agreement_in_force(a, day) -%}
    {{ a }}.signed_on <= {{ day }} and ({{ a }}.closed_on is null or {{ a }}.closed_on > {{ day }})
{%- endmacro %}
