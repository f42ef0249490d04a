{#
    Steps of a billing cycle, in order, as people call them, and how many days before the planned issue each should have ended.
    The source keeps no planned dates of steps: the days are the utility's own calendar (readings are taken four days before).
#}
{% macro billing_steps() -%}
    {{ return([
        {'code': 'reading', 'name': 'Lectura', 'days_before_issue': 4},
        {'code': 'incidents', 'name': 'Incidencias', 'days_before_issue': 4},
        {'code': 'review', 'name': 'Crítica de lecturas', 'days_before_issue': 3},
        {'code': 'pre_billing', 'name': 'Prefacturación', 'days_before_issue': 1},
        {'code': 'confirmation', 'name': 'Confirmación', 'days_before_issue': 0},
        {'code': 'ecf', 'name': 'e-CF', 'days_before_issue': -1},
    ]) }}
{%- endmacro %}

{#
    What a bill goes through, in order: measure of int_billing__cycle_work → name. A stage that is larger than the one before is a fault
    (bills made twice); that a rejected bill was delivered is one, too, which the counts alone do not show.
#}
{% macro billing_stages() -%}
    {{ return([
        {'measure': 'planned_readings', 'name': 'Lecturas planificadas'},
        {'measure': 'taken_readings', 'name': 'Con consumo determinado'},
        {'measure': 'prepared_invoices', 'name': 'Prefacturadas'},
        {'measure': 'issued_invoices', 'name': 'Emitidas'},
        {'measure': 'fiscally_valid_invoices', 'name': 'Con comprobante válido'},
        {'measure': 'delivered_invoices', 'name': 'Entregadas'},
    ]) }}
{%- endmacro %}

{# An e-CF without an answer for more days than this is an offender: the DGII answers within minutes, so two days are a fault. #}
{% macro ecf_pending_days() -%} {{ var('billing_ecf_pending_days', 2) }} {%- endmacro %}

{# What a person reads in place of a code of the source. A code that is not in the list is shown as it is. #}
{% macro spoken(column, names) -%}
    case {{ column }}
        {%- for code, name in names.items() %}
        when '{{ code }}' then '{{ name }}'
        {%- endfor %}
        else {{ column }}
    end
{%- endmacro %}

{% macro billing_step_name(column) -%}
    {%- set names = {} -%}
    {%- for step in billing_steps() %}{% do names.update({step.code: step.name}) %}{% endfor -%}
    {{ spoken(column, names) }}
{%- endmacro %}

{% macro credit_reason_name(column) -%}
    {{ spoken(column, {
        'error_lectura': 'Error de lectura', 'error_facturacion': 'Error de facturación', 'fuga_interna': 'Fuga interna',
        'cambio_tarifa': 'Cambio de tarifa', 'acuerdo': 'Acuerdo', 'sin_motivo': 'Sin motivo'}) }}
{%- endmacro %}

{# Reasons by which a credit note mends a mistake of the utility's own; the others are grants to the customer. #}
{% macro is_billing_error(column) -%} {{ column }} in ('error_lectura', 'error_facturacion') {%- endmacro %}

{% macro delivery_channel_name(column) -%}
    {{ spoken(column, {'email': 'Correo electrónico', 'print': 'Impreso', 'whatsapp': 'WhatsApp', 'none': 'Sin envío'}) }}
{%- endmacro %}

{% macro delivery_failure_name(column) -%}
    {{ spoken(column, {
        'buzon_inexistente': 'Buzón inexistente', 'buzon_lleno': 'Buzón lleno', 'numero_sin_whatsapp': 'Número sin WhatsApp',
        'direccion_no_encontrada': 'Dirección no encontrada', 'inmueble_cerrado': 'Inmueble cerrado', 'sin_motivo': 'Sin motivo'}) }}
{%- endmacro %}

{# State of a document's e-CF: aceptado, rechazado, pendiente; papel where it is no e-CF. #}
{% macro ecf_outcome(document_type_code, ecf_state) -%}
    case
        when {{ document_type_code }} is null or {{ document_type_code }} not like 'E%' then 'papel'
        when {{ ecf_state }} in ('accepted', 'accepted_conditional') then 'aceptado'
        when {{ ecf_state }} = 'rejected' then 'rechazado'
        else 'pendiente'
    end
{%- endmacro %}
