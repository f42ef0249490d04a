-- What each user changed and when they came in. `activity` is `acceso`, or the entity that was changed.
-- Grain: closed month × user × activity, dense: every activity ever seen.
with changes as (
    select * from {{ ref('fct_audit_change') }}
),

accesses as (
    select * from {{ ref('fct_access') }}
),

activities as (
    select 'acceso' as activity
    union
    select entity_name from changes
),

changed as (
    select
        {{ month_of('changed_on') }} as period_month, user_key, entity_name as activity,
        count(*) as changes_count,
        count(*) filter (where is_sensitive) as sensitive_changes,
        count(*) filter (where is_outside_hours) as outside_hours_changes
    from changes
    group by 1, 2, 3
),

entered as (
    select
        {{ month_of('logged_in_on') }} as period_month, user_key, 'acceso' as activity,
        count(*) as accesses_count,
        count(*) filter (where is_outside_hours) as outside_hours_accesses
    from accesses
    group by 1, 2
)

select
    period_month,
    u.user_login,
    u.user_name,
    activity,
    coalesce(changed.changes_count, 0) as changes_count,
    coalesce(changed.sensitive_changes, 0) as sensitive_changes,
    coalesce(changed.outside_hours_changes, 0) as outside_hours_changes,
    coalesce(entered.accesses_count, 0) as accesses_count,
    coalesce(entered.outside_hours_accesses, 0) as outside_hours_accesses,
    user_key
from {{ ref('int_core__closed_month') }}
cross join {{ ref('dim_user') }} as u
cross join activities
left join changed using (period_month, user_key, activity)
left join entered using (period_month, user_key, activity)
