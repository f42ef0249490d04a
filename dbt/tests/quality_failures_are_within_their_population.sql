-- No rule fails more records than it looks at, in any month: the failures and the population are told by different queries.
select rule_code, period_month, checked_records, failed_records
from {{ ref('mart_quality__month') }}
where passed_records < 0
