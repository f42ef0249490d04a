-- Invoices, payments and readings that break a rule, each on its day. What points at nobody is already at the unassigned member.
-- Grain: one row per rule and record.
{% set touched %}{% raw %}
select 'invoice' as population, c.row_key as record_id from {{ changes_of(ref('int_billing__document')) }} as c
union
select 'payment', c.row_key from {{ changes_of(ref('int_collections__payment')) }} as c
union
select 'reading', c.row_key from {{ changes_of(ref('int_consumption__reading')) }} as c
union
select 'reading', r.id from {{ source('odoo', 'reading') }} as r
where {{ is_new_in_raw('r') }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {'row': ['rule_code', 'record_id'], 'keys': ['population', 'record_id']}},
    indexes=[{'columns': ['rule_code', 'record_id'], 'unique': true}, {'columns': ['population', 'record_id']}],
) }}

with documents as (
    select * from {{ ref('int_billing__document') }}
    where state = 'posted'
        {% if is_incremental() %}and invoice_key in (select record_id from touched where population = 'invoice'){% endif %}
),

payments as (
    select * from {{ ref('int_collections__payment') }}
    {% if is_incremental() %}where payment_key in (select record_id from touched where population = 'payment'){% endif %}
),

readings as (
    select r.*, k.contract_key
    from {{ ref('stg_odoo__reading') }} as r
    inner join {{ ref('int_consumption__reading') }} as k on k.reading_key = r.reading_id
    {% if is_incremental() %}where r.reading_id in (select record_id from touched where population = 'reading'){% endif %}
),

catalogue as (
    select * from {{ ref('catalogue_values') }}
)

select 'invoice' as population, r.rule_code, f.invoice_key as record_id, f.issued_on as dated_on, r.detail_es
from documents as f
cross join lateral (
    values
    ('invoice_contract_exists', f.contract_key = {{ unassigned_key() }}, 'Sin contrato conocido'),
    ('invoice_customer_exists', f.customer_key = {{ unassigned_key() }}, 'Sin cliente conocido'),
    ('invoice_document_type_in_catalogue', f.document_type_code is null, 'Sin tipo de comprobante del catálogo')
) as r (rule_code, is_broken, detail_es)
where r.is_broken

union all

select 'payment', r.rule_code, f.payment_key, f.paid_on, r.detail_es
from payments as f
left join catalogue as form on form.catalogue = 'payment_form' and form.value = f.payment_form
cross join lateral (
    values
    ('payment_contract_exists', f.contract_key = {{ unassigned_key() }}, 'Sin contrato conocido'),
    ('payment_form_in_catalogue', form.value is null, 'Forma de pago «' || f.payment_form || '»')
) as r (rule_code, is_broken, detail_es)
where r.is_broken

union all

select 'reading', r.rule_code, f.reading_id, f.billing_period, r.detail_es
from readings as f
left join catalogue as kind on kind.catalogue = 'reading_kind' and kind.value = f.reading_kind
left join catalogue as incident on incident.catalogue = 'reading_incident' and incident.value = f.incident
cross join lateral (
    values
    ('reading_contract_exists', f.contract_key = {{ unassigned_key() }}, 'Contrato ' || f.contract_id),
    (
        'reading_codes_in_catalogue', kind.value is null or (f.incident is not null and incident.value is null),
        concat('Tipo «', f.reading_kind, '», incidencia «', f.incident, '»')
    )
) as r (rule_code, is_broken, detail_es)
where r.is_broken
