-- What contracts owe on the map, and what those without coordinates owe, is what is owed at the last closed month end.
with shown as (
    select sum(receivable_amount) as amount from {{ ref('map_contract') }}
),

hidden as (
    select sum(d.receivable_amount) as amount
    from {{ ref('int_maps__debt') }} as d
    left join {{ ref('mart_maps__misplaced_point') }} as p on p.contract_key = d.contract_key and p.problem = 'sin_coordenadas'
    where p.contract_key is not null or d.contract_key = {{ unassigned_key() }}
),

owed as (
    select sum(receivable_amount) as amount
    from {{ ref('fct_receivable_month') }}
    where period_month = {{ last_closed_month() }} and receivable_amount > 0
)

select shown.amount as shown_amount, hidden.amount as hidden_amount, owed.amount as owed_amount
from shown
cross join hidden
cross join owed
where coalesce(shown.amount, 0) + coalesce(hidden.amount, 0) <> coalesce(owed.amount, 0)
