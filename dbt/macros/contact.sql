{#
    Segments of mass mailing. `when`: who is in it, over the columns of int_contact__candidate; a contract may be in several.
    The notice before the due date goes to whoever has a bill that falls due within the days of `contact_notice_days`.
#}
{% macro contact_segments() -%}
    {{ return([
        {'code': 'general', 'name': 'Avisos generales', 'when': 'true'},
        {'code': 'aviso_vencimiento', 'name': 'Aviso antes del vencimiento', 'when': 'next_due_on is not null'},
        {'code': 'mora_1_30', 'name': 'Mora de 1 a 30 días', 'when': 'days_overdue between 1 and 30'},
        {'code': 'mora_31_90', 'name': 'Mora de 31 a 90 días', 'when': 'days_overdue between 31 and 90'},
        {'code': 'mora_mas_90', 'name': 'Mora de más de 90 días', 'when': 'days_overdue > 90'},
        {'code': 'invitacion_correo', 'name': 'Invitación a la factura por correo', 'when': 'has_email and not is_ebill'},
    ]) }}
{%- endmacro %}

{# The segments as rows for a lateral join on a candidate: (segment_order, segment_code, segment_name, is_member). #}
{% macro contact_segment_rows() -%}
    (
        values
        {%- for s in contact_segments() %}
        ({{ loop.index }}::smallint, '{{ s.code }}'::text, '{{ s.name }}'::text, coalesce({{ s.when }}, false)){{ ',' if not loop.last }}
        {%- endfor %}
    ) as s (segment_order, segment_code, segment_name, is_member)
{%- endmacro %}

{% macro contact_notice_days() -%} {{ var('contact_notice_days', 7) }} {%- endmacro %}

{# "829-555-0147" → "**********47"; nothing of what is too short to be a telephone. #}
{% macro masked_phone(phone) -%}
    case when length({{ phone }}) >= 7 then repeat('*', length({{ phone }}) - 2) || right({{ phone }}, 2) else repeat('*', length({{ phone }})) end
{%- endmacro %}

{# "perez.41@ejemplo.do" → "p***@***.do". #}
{% macro masked_email(email) -%}
    case when {{ email }} like '%_@_%' then left({{ email }}, 1) || '***@***' || coalesce(substring({{ email }} from '\.[A-Za-z]+$'), '')
        else repeat('*', length({{ email }})) end
{%- endmacro %}
