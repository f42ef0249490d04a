-- What each application of a payment should have settled by the rule (surcharges first, then capital, oldest due first), beside what Odoo did.
-- An application is a payment and a day: the day it was paid, and each later day on which something left of it was applied. The debts are
-- the contract's, as Odoo had them just before it; an invoice of that same day counts only if it was settled, for its hour is not known.
-- Payments given back settled nothing and are not there. Reaches back `allocation_check_months` closed months: what is older is settled business.
-- Grain: payment × day × invoice × component (recargo, capital) with a balance.
{% set touched %}{% raw %}
with invoices as (
    select c.row_key as invoice_key from {{ changes_of(ref('int_billing__document'), 'debt') }} as c
    union
    select c.row_key from {{ changes_of(ref('int_billing__document_line'), 'invoice') }} as c
    union
    select c.row_key from {{ changes_of(ref('int_collections__allocation_component'), 'invoice') }} as c
),

debts as (
    select c.contract_key, c.period_month from {{ changes_of(ref('int_billing__document'), 'debt') }} as c
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_billing__document_line')) }} as c
    union all
    select c.contract_key, c.period_month from {{ changes_of(ref('int_collections__allocation_component')) }} as c
),

contracts as (
    select contract_key, greatest(min(period_month), {{ allocation_check_from() }}) as from_month from debts
    group by contract_key
),

payments as (
    select c.row_key as payment_key, c.period_month from {{ changes_of(ref('int_collections__payment')) }} as c
    union all
    select c.row_key, c.period_month from {{ changes_of(ref('int_collections__allocation_component'), 'payment') }} as c
    union all
    select c.row_key, date '0001-01-01' from {{ changes_of(ref('int_collections__given_back')) }} as c
),

changed as (
    select payment_key, greatest(min(period_month), {{ allocation_check_from() }}) as from_month from payments
    group by payment_key
)

-- of a contract whose debts changed: its payments, and the later days of older ones, which are there, since what was applied was owed
select p.payment_key, p.paid_on as applied_on from contracts as c
inner join {{ ref('int_collections__payment') }} as p on p.contract_key = c.contract_key and p.paid_on >= c.from_month
union
select t.payment_key, t.applied_on from contracts as c
inner join {{ this }} as t on t.contract_key = c.contract_key and t.applied_on >= c.from_month
union
select p.payment_key, p.paid_on from changed as c
inner join {{ ref('int_collections__payment') }} as p on p.payment_key = c.payment_key and p.paid_on >= c.from_month
union
select a.payment_key, a.allocated_on from changed as c
inner join {{ ref('int_collections__allocation_component') }} as a on a.payment_key = c.payment_key and a.allocated_on >= c.from_month
union
select t.payment_key, t.applied_on from changed as c
inner join {{ this }} as t on t.payment_key = c.payment_key and t.applied_on >= c.from_month
union
-- what was applied to an invoice that changed, whoever paid it
select a.payment_key, a.allocated_on from invoices as i
inner join {{ ref('int_collections__allocation_component') }} as a on a.invoice_key = i.invoice_key
where a.payment_key is not null
union
-- what became too old
select t.payment_key, t.applied_on from {{ this }} as t
where t.applied_on < {{ allocation_check_from() }}
{% endraw %}{% endset %}
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched', pre_hook=keep_touched(touched),
    meta={'touched': {
        'row': ['payment_key', 'applied_on', 'invoice_key', 'component'], 'keys': ['payment_key', 'applied_on'],
        'log': [{'row': 'payment_key', 'contract': 'contract_key', 'month': 'applied_on'}],
    }},
    indexes=[{'columns': ['payment_key', 'applied_on']}, {'columns': ['contract_key', 'applied_on']}, {'columns': ['invoice_key']}],
) }}
{% set balances = ref('int_receivables__open_balance') %}

with payments as (
    select
        p.payment_key,
        p.contract_key,
        p.paid_on,
        p.payment_amount
    from {{ ref('int_collections__payment') }} as p
    where p.payment_amount > 0
        and not exists (select from {{ ref('int_collections__given_back') }} as g where g.payment_key = p.payment_key)
        {% if is_incremental() %}and p.payment_key in (select payment_key from touched){% endif %}
),

allocations as {{ found_by_key() }} (
    select * from {{ ref('int_collections__allocation_component') }}
),

applied as (
    select
        payment_key,
        allocated_on as applied_on,
        sum(allocated_amount) as applied_amount,
        min(allocation_key) as first_allocation_key
    from allocations
    where payment_key is not null
        {% if is_incremental() %}and payment_key in (select payment_key from touched){% endif %}
    group by 1, 2
),

days as (
    select payment_key, paid_on as applied_on from payments
    union
    select a.payment_key, a.applied_on
    from applied as a
    inner join payments as p on p.payment_key = a.payment_key
),

applications as (
    select
        p.payment_key,
        p.contract_key,
        p.payment_amount,
        d.applied_on,
        -- what was not applied is weighed at the end of its day
        coalesce(a.first_allocation_key, 9223372036854775807) as first_allocation_key,
        p.payment_amount - coalesce(sum(a.applied_amount) over in_time - a.applied_amount, 0) as available_amount
    from days as d
    inner join payments as p on p.payment_key = d.payment_key
    left join applied as a on a.payment_key = d.payment_key and a.applied_on = d.applied_on
    window in_time as (partition by p.payment_key order by d.applied_on)
),

recent as (
    select * from applications
    where applied_on >= {{ allocation_check_from() }}
        {% if is_incremental() %}and (payment_key, applied_on) in (select payment_key, applied_on from touched){% endif %}
),

{% if is_incremental() -%}
-- what their contracts owed when their month began or were billed in it, and what they settled: nothing else can have had a balance
candidates as (
    select b.invoice_key from recent as r
    inner join {{ balances }} as b on b.contract_key = r.contract_key
        and coalesce(b.until_month, 'infinity') >= {{ month_of('r.applied_on') }}
    union
    select d.invoice_key from recent as r
    inner join {{ ref('int_billing__document') }} as d on d.contract_key = r.contract_key and d.issued_on >= {{ month_of('r.applied_on') }}
    union
    select invoice_key from allocations
    where payment_key in (select payment_key from recent)
),

{% endif -%}
settled as (
    select invoice_key, sum(allocated_amount) as amount, max(allocated_on) as last_on
    from allocations
    {% if is_incremental() %}where invoice_key in (select invoice_key from candidates){% endif %}
    group by invoice_key
),

surcharges as (
    select invoice_key, sum(line_amount) as surcharge_amount
    from {{ ref('int_billing__document_line') }}
    where {{ is_surcharge('concept_type') }}
        {% if is_incremental() %}and invoice_key in (select invoice_key from candidates){% endif %}
    group by invoice_key
),

invoices as (
    select
        i.invoice_key,
        i.contract_key,
        i.issued_on,
        i.due_on,
        i.total_amount,
        coalesce(s.surcharge_amount, 0) as surcharge_amount,
        case when st.amount = i.total_amount then st.last_on end as settled_on
    from {{ ref('int_billing__document') }} as i
    left join settled as st on st.invoice_key = i.invoice_key
    left join surcharges as s on s.invoice_key = i.invoice_key
    where i.state = 'posted' and i.sign = 1
        and ((st.amount = i.total_amount) is not true or st.last_on >= {{ allocation_check_from() }})
        {% if is_incremental() %}and i.invoice_key in (select invoice_key from candidates){% endif %}
),

pairs as (
    select r.payment_key, r.applied_on, r.contract_key, r.available_amount, r.first_allocation_key, i.invoice_key
    from recent as r
    inner join invoices as i on i.contract_key = r.contract_key and i.issued_on < r.applied_on
        and (i.settled_on is null or i.settled_on >= r.applied_on)
    where r.contract_key <> {{ unassigned_key() }}

    union

    select r.payment_key, r.applied_on, r.contract_key, r.available_amount, r.first_allocation_key, a.invoice_key
    from recent as r
    inner join allocations as a on a.payment_key = r.payment_key and a.allocated_on = r.applied_on
),

-- Every movement of the invoices, and between them a probe for each application: the running sums at a probe are what came before it
movements as (
    select
        invoice_key,
        allocated_on as moved_on,
        allocation_key as move_order,
        null::bigint as probe_payment_key,
        null::bigint as probe_contract_key,
        null::numeric as probe_available_amount,
        allocated_amount,
        money_amount,
        credited_surcharge_amount
    from allocations
    where invoice_key in (select pairs.invoice_key from pairs)

    union all

    select invoice_key, applied_on, first_allocation_key, payment_key, contract_key, available_amount, 0, 0, 0
    from pairs
),

before as (
    select
        invoice_key,
        moved_on as applied_on,
        probe_payment_key as payment_key,
        probe_contract_key as contract_key,
        probe_available_amount as available_amount,
        sum(allocated_amount) over so_far as settled_amount,
        sum(money_amount) over so_far as money_amount,
        sum(credited_surcharge_amount) over so_far as credited_surcharge_amount
    from movements
    window so_far as (
        partition by invoice_key order by moved_on, move_order, (probe_payment_key is null), probe_payment_key
        rows between unbounded preceding and current row
    )
),

debts as (
    select
        b.payment_key,
        b.applied_on,
        b.contract_key,
        b.available_amount,
        i.invoice_key,
        i.contract_key as invoice_contract_key,
        i.due_on,
        i.total_amount - b.settled_amount as balance_amount,
        least(i.total_amount - b.settled_amount, greatest(0, i.surcharge_amount - b.credited_surcharge_amount - b.money_amount)) as surcharge_balance
    from before as b
    inner join invoices as i on i.invoice_key = b.invoice_key
    where b.payment_key is not null
),

done as (
    select
        payment_key,
        allocated_on as applied_on,
        invoice_key,
        sum(surcharge_allocated_amount) as surcharge_amount,
        sum(capital_allocated_amount) as capital_amount
    from allocations
    where payment_key is not null
        {% if is_incremental() %}and payment_key in (select payment_key from touched){% endif %}
    group by 1, 2, 3
),

components as (
    select
        d.payment_key,
        d.applied_on,
        d.contract_key,
        d.available_amount,
        d.invoice_key,
        d.invoice_contract_key,
        d.due_on,
        c.component,
        c.component_order,
        c.owed_amount,
        c.applied_amount
    from debts as d
    left join done as a on a.payment_key = d.payment_key and a.applied_on = d.applied_on and a.invoice_key = d.invoice_key
    cross join lateral (
        values
        ('recargo', 1::smallint, d.surcharge_balance, coalesce(a.surcharge_amount, 0)),
        ('capital', 2::smallint, d.balance_amount - d.surcharge_balance, coalesce(a.capital_amount, 0))
    ) as c (component, component_order, owed_amount, applied_amount)
    where c.owed_amount > 0
)

select
    c.payment_key,
    c.applied_on,
    c.invoice_key,
    c.component,
    c.component_order,
    c.contract_key,
    c.invoice_contract_key,
    c.due_on,
    c.available_amount,
    c.owed_amount,
    {{
        priority_share('c.available_amount', 'c.owed_amount', 'c.payment_key, c.applied_on', 'c.component_order, c.due_on, c.invoice_key')
    }} as expected_amount,
    c.applied_amount
from components as c
