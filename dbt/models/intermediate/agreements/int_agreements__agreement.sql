-- Agreements with the day on which each one ended, and why. Odoo keeps only today's state; the day comes from the instalments.
-- Broken: Odoo says so, or Odoo says active while an instalment is unpaid for more than `agreement_broken_after_days`. The day is the one
-- after those days, counted from the first instalment that was not paid by then. What no instalment explains is dated by Odoo's last change.
-- Sector, route and user type are those of the contract on the day it signed.
-- Grain: one row per agreement.
{{ config(
    materialized='incremental', unlogged=false, incremental_strategy='touched',
    meta={'touched': {
        'row': ['agreement_key'], 'keys': [],
        'log': [
            {'row': 'agreement_key', 'contract': 'contract_key', 'month': 'signed_on'},
            {'topic': 'span', 'month': 'signed_on', 'of': ['contract_key', 'signed_on']},
            {'topic': 'span', 'month': 'closed_on', 'of': ['contract_key', 'closed_on']},
        ],
    }},
    indexes=[{'columns': ['agreement_key'], 'unique': true}, {'columns': ['contract_key']}],
) }}

with agreements as (
    select * from {{ ref('stg_odoo__agreement') }}
),

versions as (
    select * from {{ ref('int_core__contract_version') }}
),

instalments as (
    select
        *,
        due_on + {{ agreement_broken_after_days() }} + 1 as fails_on
    from {{ ref('stg_odoo__agreement_instalment') }}
),

summed as (
    select
        agreement_id,
        count(*) as instalments_count,
        count(paid_on) as paid_instalments_count,
        sum(instalment_amount) as instalments_amount,
        coalesce(sum(instalment_amount) filter (where paid_on is not null), 0) as paid_instalments_amount,
        max(paid_on) as last_paid_on,
        -- an instalment paid late failed all the same, if Odoo says that the agreement is broken
        min(fails_on) filter (where fails_on <= coalesce(paid_on, {{ business_today() }})) as first_failure_on,
        min(fails_on) filter (where paid_on is null and fails_on <= {{ business_today() }}) as unpaid_failure_on
    from instalments
    group by agreement_id
),

judged as (
    select
        a.*,
        s.instalments_count,
        s.paid_instalments_count,
        s.instalments_amount,
        s.paid_instalments_amount,
        s.last_paid_on,
        case a.state when 'broken' then s.first_failure_on when 'active' then s.unpaid_failure_on end as rule_broken_on,
        a.state = 'fulfilled' or coalesce(a.state <> 'broken' and s.paid_instalments_count = s.instalments_count, false) as is_fulfilled,
        greatest(a.signed_on, {{ business_date('a.changed_at') }}) as changed_on
    from agreements as a
    left join summed as s on s.agreement_id = a.agreement_id
),

dated as (
    select
        *,
        case when is_fulfilled then greatest(coalesce(last_paid_on, changed_on), signed_on) end as fulfilled_on,
        case
            when is_fulfilled then null
            when rule_broken_on is not null then rule_broken_on
            when state = 'broken' then changed_on
        end as broken_on
    from judged
),

-- which instalment failed on a day; found by one join, for the instalments have no index by which to look one up for each agreement
failed as (
    select agreement_id, fails_on, min(instalment_number) as instalment_number
    from instalments
    group by agreement_id, fails_on
),

explained as (
    select
        d.*,
        i.instalment_number as broken_instalment_number,
        i.fails_on - ({{ agreement_broken_after_days() }} + 1) as broken_instalment_due_on,
        lead(d.signed_on) over (partition by d.contract_id order by d.signed_on, d.agreement_id) as next_signed_on
    from dated as d
    left join failed as i on i.agreement_id = d.agreement_id and i.fails_on = d.broken_on and d.broken_on = d.rule_broken_on
)

select
    e.agreement_id as agreement_key,
    coalesce(e.agreement_name, 'Convenio ' || e.agreement_id) as agreement_name,
    coalesce(c.contract_key, {{ unassigned_key() }}) as contract_key,
    coalesce(c.sector_key, {{ unassigned_key() }}) as sector_key,
    coalesce(c.route_key, {{ unassigned_key() }}) as route_key,
    coalesce(c.municipality_key, {{ unassigned_key() }}) as municipality_key,
    coalesce(c.user_type_key, {{ unassigned_key() }}) as user_type_key,
    e.signed_on,
    coalesce(e.agreed_amount, 0) as agreed_amount,
    coalesce(e.down_payment_amount, 0) as down_payment_amount,
    coalesce(e.instalments_amount, 0) as instalments_amount,
    coalesce(e.instalments_count, 0) as instalments_count,
    coalesce(e.paid_instalments_count, 0) as paid_instalments_count,
    coalesce(e.paid_instalments_amount, 0) as paid_instalments_amount,
    e.state as odoo_state,
    case when e.fulfilled_on is not null then 'cumplido' when e.broken_on is not null then 'caido' else 'vigente' end as agreement_state,
    e.fulfilled_on,
    e.broken_on,
    coalesce(e.fulfilled_on, e.broken_on) as closed_on,
    case
        when e.broken_on is null then null
        when e.broken_instalment_number is null then 'declarado_en_odoo'
        else 'cuota_vencida'
    end as broken_reason,
    e.broken_instalment_number,
    e.broken_instalment_due_on,
    -- money counts for an agreement until it breaks or until the contract signs another
    least(e.broken_on, e.next_signed_on) as recovers_until
from explained as e
left join versions as c on {{ version_of_or_todays('c', 'e.contract_id', 'e.signed_on') }}
