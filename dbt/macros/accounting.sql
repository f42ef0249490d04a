{# The concept of an accounting line: the billed product; the tax; the journal money came in by; or the receivable itself. #}
{% macro accounting_concept(section, concept_code, journal_code) -%}
    case {{ section }}
        when 'impuestos' then 'ITBIS'
        when 'por_cobrar' then 'CXC'
        when 'cobros' then coalesce({{ journal_code }}, {{ unassigned_code() }})
        else coalesce({{ concept_code }}, {{ unassigned_code() }})
    end
{%- endmacro %}

{% macro accounting_concept_name(section, concept_name, channel) -%}
    case {{ section }}
        when 'impuestos' then 'ITBIS'
        when 'por_cobrar' then 'Cuentas por cobrar'
        when 'cobros' then coalesce({{ channel }}, {{ unassigned_name() }})
        else coalesce({{ concept_name }}, {{ unassigned_name() }})
    end
{%- endmacro %}

{# An amount from the ledger's side (debits positive) to its account's own, or back: income and taxes grow by credit, the rest by debit. #}
{% macro accounting_signed(section, amount) -%} case when {{ section }} in ('ingresos', 'impuestos') then -{{ amount }} else {{ amount }} end {%- endmacro %}

{# The entry of a payment in Odoo; of one without, its own key below zero. #}
{% macro payment_entry(payment) -%} coalesce({{ payment }}.move_id, -{{ payment }}.payment_key) {%- endmacro %}

{# 'octubre de 2026' of the first day of a month. #}
{% macro month_label_long_es(period_month) -%}
    {{ month_name_es('extract(month from ' ~ period_month ~ ')::int') }} || ' de ' || extract(year from {{ period_month }})::int
{%- endmacro %}
