-- What was billed and how the tax office answered, added up by month of issue: what `mart_billing__month` and others fill the grid from.
-- A month of which a line or a document changed is added up again, and only that.
-- Grain: month × sector × route × user type with a document.
{% set touched %}{% raw %}{{ changed_months_of([
    ref('fct_invoice_line'), [ref('fct_invoice'), 'outcome']
]) }}{% endraw %}{% endset %}
{{ config(
    materialized='incremental', incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['period_month', 'sector_key', 'route_key', 'user_type_key'], 'keys': ['period_month']}},
) }}

with lines as (
    select
        {{ month_of('issued_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        sum(line_amount) filter (where concept_type = 'agua') as water_billed_amount,
        sum(line_amount) filter (where concept_type = 'alcantarillado') as sewer_billed_amount,
        sum(line_amount) filter (where concept_type = 'mora') as late_fee_billed_amount,
        sum(line_amount) filter (where concept_type not in ('agua', 'alcantarillado', 'mora')) as other_billed_amount,
        sum(line_amount) filter (where {{ is_surcharge('concept_type') }}) as surcharges_billed_amount
    from {{ touched_months_of(ref('fct_invoice_line'), 'issued_on') }}
    group by 1, 2, 3, 4
),

outcomes as (
    select *, {{ ecf_outcome('document_type_code', 'ecf_state') }} as ecf_outcome
    from {{ touched_months_of(ref('fct_invoice'), 'issued_on') }}
),

documents as (
    select
        {{ month_of('issued_on') }} as period_month,
        sector_key,
        route_key,
        user_type_key,
        count(*) filter (where state = 'posted' and document_kind = 'factura') as billing_invoices,
        count(*) filter (where state = 'cancel') as voided_documents,
        count(*) filter (where state = 'posted' and ecf_outcome <> 'papel') as ecf_issued,
        count(*) filter (where state = 'posted' and ecf_outcome = 'aceptado') as ecf_accepted,
        count(*) filter (where state = 'posted' and ecf_outcome = 'rechazado') as ecf_rejected,
        count(*) filter (where state = 'posted' and ecf_outcome = 'pendiente') as ecf_pending
    from outcomes
    group by 1, 2, 3, 4
)

select
    period_month,
    sector_key,
    route_key,
    user_type_key,
    lines.water_billed_amount,
    lines.sewer_billed_amount,
    lines.late_fee_billed_amount,
    lines.other_billed_amount,
    lines.surcharges_billed_amount,
    documents.billing_invoices,
    documents.voided_documents,
    documents.ecf_issued,
    documents.ecf_accepted,
    documents.ecf_rejected,
    documents.ecf_pending
from lines
full join documents using (period_month, sector_key, route_key, user_type_key)
