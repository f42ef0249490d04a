{#
    Rules of debt that a utility may change, as dbt variables.
    cut_after_days: a contract may be cut when its oldest debt is overdue for more days than these. It must be the end of an ageing bucket,
    since past months are known by bucket.
    expected_loss_forward_factor: what the forward-looking adjustment of IFRS 9 (5.5.17 c) multiplies the historical loss rates by.
#}
{% macro cut_after_days() -%}
    {%- set days = var('cut_after_days', 60) | int -%}
    {%- if days not in ageing_buckets() | map(attribute='upto') | list -%}
        {{ exceptions.raise_compiler_error("cut_after_days debe ser el final de un tramo de antigüedad (0, 30, 60, 90, 180, 365) y es " ~ days) }}
    {%- endif -%}
    {{ days }}
{%- endmacro %}

{# Order of the first bucket whose debt may be cut for. #}
{% macro cut_from_bucket_order() -%}
    {{ (ageing_buckets() | selectattr('upto', 'equalto', cut_after_days() | trim | int) | map(attribute='order') | first) + 1 }}
{%- endmacro %}

{% macro expected_loss_forward_factor() -%} {{ var('expected_loss_forward_factor', 1) }} {%- endmacro %}

{# Where debt may be a month later, beside the ageing buckets, in the order of a chart. New bills come from `Facturado en el mes`. #}
{% macro debt_sources() -%} {{ return([{'order': -1, 'name': 'Facturado en el mes'}] + ageing_buckets()) }} {%- endmacro %}
{% macro debt_targets() -%}
    {{ return(ageing_buckets() + [
        {'order': 7, 'name': 'En convenio'},
        {'order': 8, 'name': 'Pagado'},
        {'order': 9, 'name': 'Acreditado'},
        {'order': 10, 'name': 'Ajustado'},
    ]) }}
{%- endmacro %}

{# Name of a state of debt (one of debt_sources or debt_targets) from its order. #}
{% macro debt_state_name(state_order, states) -%}
    case {{ state_order }}{% for state in states %} when {{ state.order }} then '{{ state.name }}'{% endfor %} end
{%- endmacro %}

{# Order of the target that a kind of allocation leads to. #}
{% macro allocation_target_order(allocation_kind) -%}
    case {{ allocation_kind }} when 'pago' then 8 when 'nota_credito' then 9 else 10 end
{%- endmacro %}

{# Invoices of which something that settles them may have changed; for a pre-hook, late. #}
{% macro touched_settlements() -%}
{% raw -%}
with documents as (
    select c.row_key as invoice_key from {{ changes_of(ref('int_billing__document')) }} as c
    union
    select c.row_key from {{ changes_of(ref('int_billing__document_line'), 'invoice') }} as c
)

select invoice_key from documents
union
select c.row_key from {{ changes_of(ref('int_receivables__reconciliation'), 'invoice') }} as c
union
-- all that a note was used for: what it credits of each depends on what was used before
select r.debit_invoice_key
from (
    select invoice_key from documents
    union
    select c.row_key from {{ changes_of(ref('int_receivables__reconciliation'), 'note') }} as c
) as notes
inner join {{ ref('int_receivables__reconciliation') }} as r on r.credit_invoice_key = notes.invoice_key
where r.debit_invoice_key is not null
{%- endraw %}
{%- endmacro %}

{#
    The first CTEs of a model that splits what settled invoices: `uses`, the allocations of the touched invoices and all others of the notes that
    these used; `involved`, those invoices and notes; `surcharges`, what of each of them is surcharge. Of all invoices when the table is made, and then
    there is no `involved`.
#}
{% macro with_settlements() -%}
{%- set allocations = ref('int_receivables__allocation') -%}
{% if is_incremental() -%}
with involved as (
    select invoice_key from touched
    union
    select credit_invoice_key from {{ allocations }}
    where credit_invoice_key is not null and invoice_key in (select invoice_key from touched)
),

uses as (
    select * from {{ allocations }}
    where invoice_key in (select invoice_key from touched)
    union
    select * from {{ allocations }}
    where credit_invoice_key in (select invoice_key from involved)
),
{%- else -%}
with uses as (
    select * from {{ allocations }}
),
{%- endif %}

surcharges as (
    select invoice_key, abs(sum(line_amount)) as surcharge_amount
    from {{ ref('int_billing__document_line') }}
    where {{ is_surcharge('concept_type') }}
        {% if is_incremental() %}and invoice_key in (select invoice_key from involved){% endif %}
    group by invoice_key
),
{%- endmacro %}
