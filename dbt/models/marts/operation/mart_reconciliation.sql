-- The last check of each entity and day against the source. A later check with `--since` speaks only of the days from there on.
-- Grain: entity × day (one row without a day for what has none).
with checks as (
    select * from {{ ref('stg_ops__reconciliation') }}
    where kind = 'reconcile'
),

details as (
    select * from {{ ref('stg_ops__reconciliation_detail') }}
),

last_checks as (
    select
        d.entity_name,
        d.day_on,
        d.state,
        d.status,
        d.explanation_es,
        d.source_rows,
        d.warehouse_rows,
        d.source_amount,
        d.warehouse_amount,
        d.rows_difference,
        d.amount_difference,
        d.pending_rows,
        d.quarantined_rows,
        c.checked_at
    from details as d
    inner join checks as c on c.reconciliation_id = d.reconciliation_id
    where not exists (
        select 1 from checks as later
        where later.entity_name = c.entity_name and later.reconciliation_id > c.reconciliation_id
            and (later.since_on is null or later.since_on <= d.day_on)
    )
)

select
    entity_name,
    day_on,
    sum(source_rows)::bigint as source_rows,
    sum(warehouse_rows)::bigint as warehouse_rows,
    sum(source_amount)::numeric(18, 2) as source_amount,
    sum(warehouse_amount)::numeric(18, 2) as warehouse_amount,
    -- by state and without regard to sign: a row in another state is a difference, though the day's total is the same
    sum(abs(rows_difference))::bigint as different_rows,
    coalesce(sum(abs(amount_difference)), 0)::numeric(18, 2) as different_amount,
    sum(pending_rows)::bigint as pending_rows,
    sum(quarantined_rows)::bigint as quarantined_rows,
    case
        when bool_or(status = 'difference') then 'difference'
        when bool_or(status = 'pending') then 'pending'
        else 'ok'
    end as status,
    string_agg(explanation_es, '. ' order by state) as explanation_es,
    max(checked_at) as checked_at
from last_checks
group by entity_name, day_on
