-- Customers that are there twice. Confirmed: the same cédula or RNC with a right check digit. Possible: the same telephone or the same address, and
-- names that differ in one word at most (a typo is a word), unless both have a valid number and they differ: then they are two people.
-- A customer may be in a confirmed group and in a possible one. Grain: one row per group and customer.
with recursive identities as (
    select * from {{ ref('int_customers__identity') }}
),

confirmed as (
    select
        'confirmado' as duplicate_kind,
        min(customer_key) over (partition by valid_number) as group_key,
        customer_key,
        count(*) over (partition by valid_number) as group_size,
        'mismo número válido' as matched_by
    from identities
    where valid_number is not null
),

neighbours as (
    select
        a.customer_key as one,
        b.customer_key as other,
        'mismo teléfono' as matched_by,
        a.name_words as one_words,
        b.name_words as other_words
    from identities as a
    inner join identities as b on b.phone_digits = a.phone_digits and b.customer_key > a.customer_key
    where not coalesce(a.valid_number is not null and b.valid_number is not null, false)

    union all

    select
        a.customer_key as one,
        b.customer_key as other,
        'misma dirección' as matched_by,
        a.name_words as one_words,
        b.name_words as other_words
    from identities as a
    inner join identities as b on b.address_words = a.address_words and b.customer_key > a.customer_key
    where not coalesce(a.valid_number is not null and b.valid_number is not null, false)
),

alike as (
    select one, other, min(matched_by) as matched_by
    from neighbours
    where cardinality(one_words) >= 2
        and (
            select count(*) from (
                select unnest(one_words)
                intersect
                select unnest(other_words)
            ) as shared (word)
        ) >= greatest(cardinality(one_words), cardinality(other_words), 3) - 1
    group by one, other
),

edges as (
    select one, other, matched_by from alike
    union all
    select other, one, matched_by from alike
),

-- everyone that can be reached from a customer; the lowest key names the group
reached (customer_key, reaches) as (
    select one, other from edges
    union
    select r.customer_key, e.other
    from reached as r
    inner join edges as e on e.one = r.reaches
),

possible as (
    select
        'posible' as duplicate_kind,
        least(r.customer_key, min(r.reaches)) as group_key,
        r.customer_key,
        (select min(e.matched_by) from edges as e where e.one = r.customer_key) as matched_by
    from reached as r
    group by r.customer_key
)

select duplicate_kind, group_key, customer_key, matched_by
from confirmed
where group_size > 1
union all
select duplicate_kind, group_key, customer_key, matched_by
from possible
