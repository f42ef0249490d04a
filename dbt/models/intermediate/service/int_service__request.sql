-- Everything a customer asks or complains of, from the three places where Odoo keeps it, with one set of words.
-- Grain: one row per claim, service request or support ticket.
with claims as (
    select
        'reclamo' as request_source,
        claim_id as request_id,
        'RECL/' || claim_id as request_number,
        claim_kind as request_kind,
        'sin dato' as channel,
        contract_id,
        null::bigint as customer_id,
        null::bigint as user_id,
        case when state = 'closed' then 'resuelta' else 'abierta' end as status,
        is_founded,
        resolution,
        credited_amount,
        opened_at,
        due_at as source_due_at,
        case when state = 'closed' then closed_at end as closed_at
    from {{ ref('stg_odoo__claim') }}
),

requests as (
    select
        'solicitud',
        service_request_id,
        coalesce(request_number, 'SOL/' || service_request_id),
        request_kind,
        coalesce(channel, 'sin dato'),
        contract_id,
        customer_id,
        user_id,
        case state when 'done' then 'resuelta' when 'cancelled' then 'retirada' else 'abierta' end,
        null::boolean,
        null::text,
        null::numeric(18, 2),
        requested_at,
        due_at,
        case when state in ('done', 'cancelled') then closed_at end
    from {{ ref('stg_odoo__service_request') }}
),

-- an archived ticket was withdrawn; the stages' names are the site's, only "folded" tells that one of them ends a ticket
tickets as (
    select
        'ticket',
        t.support_ticket_id,
        coalesce(t.ticket_number, 'TICKET/' || t.support_ticket_id),
        coalesce(m.support_team_name, {{ unassigned_name() }}),
        'sin dato',
        t.contract_id,
        t.customer_id,
        t.user_id,
        case when not t.is_active then 'retirada' when s.is_closing then 'resuelta' else 'abierta' end,
        null::boolean,
        null::text,
        null::numeric(18, 2),
        t.opened_at,
        null::timestamptz,
        case when s.is_closing or not t.is_active then coalesce(t.closed_at, t.stage_changed_at) end
    from {{ ref('stg_odoo__support_ticket') }} as t
    left join {{ ref('stg_odoo__support_stage') }} as s on s.support_stage_id = t.support_stage_id
    left join {{ ref('stg_odoo__support_team') }} as m on m.support_team_id = t.support_team_id
)

select * from claims
union all
select * from requests
union all
select * from tickets
