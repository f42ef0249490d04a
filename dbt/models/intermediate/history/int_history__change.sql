{{ config(indexes=[{'columns': ['entity', 'record_id', 'attribute', 'changed_at']}]) }}

with told as (
    select entity, record_id, attribute, old_value, new_value, changed_at, changed_by_user_id, change_order, 'auditoría' as origin
    from {{ ref('int_history__tracked_change') }}
    union all
    -- where both trails follow a field, mail.thread's is the one kept
    select a.entity, a.record_id, a.attribute, a.old_value, a.new_value, a.changed_at, a.changed_by_user_id, a.change_order, 'auditoría' as origin
    from {{ ref('int_history__audited_change') }} as a
    where not exists (
        select from {{ ref('int_history__tracked_change') }} as t
        where
            t.entity = a.entity and t.record_id = a.record_id and t.attribute = a.attribute
            and t.changed_at between a.changed_at - interval '5 seconds' and a.changed_at + interval '5 seconds'
    )
),

-- what only the snapshots saw: a change to a value to which no audit trail says that the record came since the snapshot before
seen as (
    select s.entity, s.record_id, s.attribute, s.old_value, s.new_value, s.changed_at, s.changed_by_user_id, 0 as change_order, 'instantánea' as origin
    from {{ ref('int_history__snapshot_change') }} as s
    where not exists (
        select from told as t
        where
            t.entity = s.entity and t.record_id = s.record_id and t.attribute = s.attribute
            and t.new_value is not distinct from s.new_value and t.changed_at > s.previous_seen_at - interval '1 day' and t.changed_at <= s.seen_at
    )
),

known as (
    select * from told
    where old_value is distinct from new_value
    union all
    select * from seen
),

latest as (
    select distinct on (entity, record_id, attribute) * from known
    order by entity, record_id, attribute, changed_at desc, change_order desc
),

today as (
    {% for entity in history_entities() %}
    {{ history_today(entity) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- the trails end in another value than today's: somebody changed it behind them, nobody knows when
untold as (
    select
        l.entity, l.record_id, l.attribute, l.new_value as old_value, t.value as new_value,
        case when t.write_date > l.changed_at then t.write_date else greatest(t._loaded_at, l.changed_at + interval '1 microsecond') end as changed_at,
        case when t.write_date > l.changed_at then t.write_uid end as changed_by_user_id,
        l.change_order + 1 as change_order,
        'sin rastro' as origin
    from latest as l
    inner join today as t on t.entity = l.entity and t.record_id = l.record_id and t.attribute = l.attribute
    where t.value is distinct from l.new_value
)

select * from known
union all
select * from untold
