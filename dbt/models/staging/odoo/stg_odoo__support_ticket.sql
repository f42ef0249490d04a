select
    ---------- ids
    id as support_ticket_id,
    team_id as support_team_id,
    stage_id as support_stage_id,
    user_id,
    partner_id as customer_id,
    contract_id,
    ---------- text
    ticket_ref as ticket_number,
    name as subject,
    priority,
    kanban_state,
    ---------- booleans
    coalesce(active, true) as is_active,
    ---------- timestamps
    create_date as opened_at,
    assign_date as assigned_at,
    close_date as closed_at,
    date_last_stage_update as stage_changed_at
from {{ source('odoo', 'support_ticket') }}
where _deleted_at is null
