-- Files of banks and external collectors by the month of the last day that they cover: October's file is October's, though it comes in November.
-- Grain: closed month × sender, only with files (flows only).
select
    {{ month_of('coalesce(covers_to_on, received_on)') }} as period_month,
    channel,
    collector_name,
    sender_kind,
    count(*) as remittances_count,
    sum(declared_amount) as remittance_declared_amount,
    sum(posted_amount) as remittance_posted_amount,
    sum(difference_amount) as bank_difference_amount,
    sum(abs(trailer_difference_amount) + unmatched_amount + rejected_amount + abs(mismatched_amount)) as bank_discrepancy_amount,
    sum(lines_count)::bigint as remittance_lines_count,
    sum(rejected_lines_count + unmatched_lines_count)::bigint as remittance_failed_lines_count,
    count(*) filter (where difference_amount <> 0) as remittances_with_difference_count,
    sum(days_to_file_sum)::bigint as days_to_file_sum
from {{ ref('fct_bank_remittance') }}
where {{ month_of('coalesce(covers_to_on, received_on)') }} <= {{ last_closed_month() }}
group by 1, 2, 3, 4
