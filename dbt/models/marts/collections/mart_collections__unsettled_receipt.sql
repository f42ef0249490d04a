-- Money of customers that is in the hands of external collectors today: receipts that no remittance has brought and nobody was given back.
-- Grain: one row per receipt not deposited.
select
    r.payment_key,
    s.municipality_code,
    s.municipality_name,
    s.sector_code,
    s.sector_name,
    ro.route_code,
    c.contract_code,
    r.collector_key,
    r.collector_name,
    r.payment_form,
    r.paid_on,
    {{ business_today() }} - r.paid_on as age_days,
    r.receipt_amount,
    {{ business_today() }} - r.paid_on > {{ var('collector_deposit_days', 10) }} as is_overdue
from {{ ref('int_collections__collector_receipt') }} as r
inner join {{ ref('int_core__contract') }} as c on c.contract_key = r.contract_key
inner join {{ ref('int_core__sector') }} as s on s.sector_key = r.sector_key
inner join {{ ref('int_core__route') }} as ro on ro.route_key = r.route_key
where r.released_on is null
