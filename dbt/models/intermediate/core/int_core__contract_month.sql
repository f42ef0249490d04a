-- Which contracts were active at each closed month end, and which of them got an invoice that month.
-- Grain: contract × closed month, active only.
{% set touched %}{% raw %}
select contract_key, min(from_month) as from_month
from (
    select c.contract_key, date '0001-01-01' as from_month from {{ changes_of(ref('int_core__contract_life')) }} as c
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_core__contract_version'), 'version') }} as c
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_billing__document')) }} as c
    union all
    select l.contract_key, m.period_month
    from {{ newly_closed_months() }} as m
    cross join {{ ref('int_core__contract_life') }} as l
    union all
    -- a document older than all others makes the history begin earlier; without it, it begins later again
    select l.contract_key, first.period_month
    from (select min(m.period_month) as period_month from {{ ref('int_core__closed_month') }} as m) as first
    cross join {{ ref('int_core__contract_life') }} as l
    where first.period_month < (select min(p.period_month) from ops.month_partitions('{{ this }}'::regclass) as p)
    union all
    select t.contract_key, date '0001-01-01' from {{ this }} as t
    where t.period_month < (select min(m.period_month) from {{ ref('int_core__closed_month') }} as m)
) as reasons
group by contract_key
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['contract_key', 'period_month'], 'keys': ['contract_key'],
        'month': 'period_month', 'at': 'from',
        'months': "select period_month from {{ ref('int_core__closed_month') }}",
        'log': [{'contract': 'contract_key', 'month': 'period_month'}],
    }},
    indexes=[{'columns': ['contract_key']}],
) }}

with lives as (
    select
        l.*,
        {% if is_incremental() %}k.from_month{% else %}null::date{% endif %} as touched_from
    from {{ ref('int_core__contract_life') }} as l
    {% if is_incremental() %}inner join touched as k on k.contract_key = l.contract_key{% endif %}
),

months as (
    select * from {{ ref('int_core__closed_month') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

invoiced as (
    select distinct d.contract_key, {{ month_of('d.issued_on') }} as period_month
    from {{ ref('int_billing__document') }} as d
    {% if is_incremental() %}inner join touched as k on k.contract_key = d.contract_key and d.issued_on >= k.from_month{% endif %}
    where d.state = 'posted' and d.document_kind = 'factura'
)

select
    l.contract_key,
    m.period_month,
    v.contract_version_key,
    v.sector_key,
    v.route_key,
    v.municipality_key,
    v.user_type_key,
    i.contract_key is not null as is_billed
from lives as l
inner join months as m on l.active_dates @> m.month_end_on and (l.touched_from is null or m.period_month >= l.touched_from)
inner join versions as v on {{ version_of('v', 'l.contract_key', 'm.month_end_on') }}
left join invoiced as i on i.contract_key = l.contract_key and i.period_month = m.period_month
