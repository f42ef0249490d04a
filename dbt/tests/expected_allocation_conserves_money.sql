-- The rule applies all the money there is, or all the debt there is, and no debt gets more than it owes; Odoo applied no more than that either.
select
    payment_key,
    applied_on,
    min(available_amount) as available_amount,
    sum(owed_amount) as owed_amount,
    sum(expected_amount) as expected_amount,
    sum(applied_amount) as applied_amount
from {{ ref('int_collections__expected_allocation') }}
where {{ is_untested('payment_key', [ref('int_collections__expected_allocation')]) }}
group by payment_key, applied_on
having sum(expected_amount) <> least(min(available_amount), sum(owed_amount))
    or bool_or(expected_amount > owed_amount or expected_amount < 0)
    or bool_or(applied_amount > owed_amount)
    or sum(applied_amount) > min(available_amount)
