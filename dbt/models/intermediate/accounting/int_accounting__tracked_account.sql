-- Income and receivable accounts that the commercial cycle books to: other entries in them are adjustments. The accounts in use are found by
-- hopping along the index, not by reading every line. Grain: account × section.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {'row': ['account_id', 'section'], 'keys': [], 'log': [{'row': 'account_id'}]}},
) }}

with recursive used as (
    (
        select account_id from {{ ref('int_accounting__posted_line') }}
        where account_id is not null
        order by account_id
        limit 1
    )

    union all

    select (
        select l.account_id from {{ ref('int_accounting__posted_line') }} as l
        where l.account_id > u.account_id
        order by l.account_id
        limit 1
    )
    from used as u
    where u.account_id is not null
)

select u.account_id, s.section
from used as u
cross join (values ('ingresos'), ('por_cobrar')) as s (section)
-- the last kind in the index: an `exists` would be planned as a join with every line
cross join lateral (
    select l.movement_kind from {{ ref('int_accounting__posted_line') }} as l
    where l.account_id = u.account_id and l.section = s.section and l.movement_kind <> 'adjusted'
    order by l.movement_kind desc
    limit 1
) as booked
