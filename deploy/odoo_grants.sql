-- Least rights for Caudal's transport `sql` in Odoo's database (site demo): what the mapping reads, column by column, and no more.
-- Made by `python -m sources.odoo.grants demo`; do not edit, make it again when the mapping changes. It may be applied any number of times:
-- it takes back what it gave before.
--
--     psql -v ON_ERROR_STOP=1 --single-transaction -d <odoo database> -f deploy/odoo_grants.sql     # as a superuser or the database's owner
--     psql -d <odoo database> -c '\password caudal_odoo'                                            # then ODOO_SQL_URL in <home>/site.env
--
-- Never granted: passwords, API keys, tokens, ir_config_parameter, nor any column that the mapping does not name.

do $$ begin
    if not exists (select from pg_roles where rolname = 'caudal_odoo') then
        create role caudal_odoo login connection limit 20;
    end if;
    execute format('grant connect on database %I to caudal_odoo', current_database());
end $$;
alter role caudal_odoo set default_transaction_read_only = on;
alter role caudal_odoo set idle_in_transaction_session_timeout = '1h';  -- a snapshot that its reader forgot must not hold vacuum back for ever
revoke all on all tables in schema public from caudal_odoo;
grant usage on schema public to caudal_odoo;

-- Sees when other sessions' transactions began, and so which changes are still to be committed. It shows no query's data beyond the text
-- of statements that run. Without it Caudal reads the last 30 minutes again at each run, and a transaction longer than that may be late.
grant pg_read_all_stats to caudal_odoo;

-- What Odoo says of its own models, and the companies
grant select ("id", "model", "name", "ttype", "store", "relation", "relation_field", "relation_table", "column1", "column2", "translate", "company_dependent", "related", "field_description") on "ir_model_fields" to caudal_odoo;
grant select ("field_id", "company_id", "user_id", "condition", "json_value") on "ir_default" to caudal_odoo;
grant select ("id", "login", "company_id") on "res_users" to caudal_odoo;
grant select ("id") on "res_company" to caudal_odoo;

-- What the mapping reads. A field that is another record's (a product's name is its template's) is granted there.
create procedure pg_temp.caudal_read(model_name text, names text[]) language plpgsql as $$
declare
    own text := replace(model_name, '.', '_');
    field_name text;
    f record;
    step record;
begin
    foreach field_name in array names loop
        if exists (select from pg_attribute where attrelid = to_regclass(quote_ident(own)) and attname = field_name and not attisdropped) then
            execute format('grant select (%I) on %I to caudal_odoo', field_name, own);
            continue;
        end if;
        select split_part(i.related, '.', 1) as head, substr(i.related, strpos(i.related, '.') + 1) as rest into f
        from ir_model_fields as i where i.model = model_name and i.name = field_name and i.related like '%.%';
        if not found then
            raise exception '% has no column %, nor says whose field it is', own, field_name;
        end if;
        select i.relation into step from ir_model_fields as i where i.model = model_name and i.name = f.head and i.ttype = 'many2one';
        if not found then
            raise exception '%.% is a field of %, which is no many2one', model_name, field_name, f.head;
        end if;
        call pg_temp.caudal_read(model_name, array[f.head]);
        call pg_temp.caudal_read(step.relation, array['id', f.rest]);
    end loop;
end $$;

call pg_temp.caudal_read('account.account', '{id,create_date,write_date,name,code,account_type}');
call pg_temp.caudal_read('account.journal', '{id,create_date,write_date,name,code,type,active,company_id}');
call pg_temp.caudal_read('account.move', '{id,create_date,write_date,name,ref,move_type,state,payment_state,partner_id,journal_id,date,invoice_date,invoice_date_due,amount_untaxed,amount_tax,amount_total,amount_residual,reversed_entry_id,debit_origin_id,l10n_latam_document_type_id,l10n_do_fiscal_number,l10n_do_origin_ncf,l10n_do_ecf_modification_code,l10n_do_cancellation_type,l10n_do_income_type,is_ecf_invoice,l10n_do_ecf_security_code,l10n_do_ecf_sign_date,x_ecf_state,x_contract_id,x_billing_period,x_reading_id,x_credit_reason,x_billed_m3,x_cycle_id,company_id}');
call pg_temp.caudal_read('account.move.line', '{id,create_date,write_date,move_id,partner_id,account_id,product_id,name,display_type,parent_state,move_name,date,date_maturity,quantity,price_unit,price_subtotal,price_total,debit,credit,balance,amount_residual,reconciled,payment_id,company_id}');
call pg_temp.caudal_read('account.partial.reconcile', '{id,create_date,write_date,debit_move_id,credit_move_id,amount,max_date,company_id}');
call pg_temp.caudal_read('account.payment', '{id,create_date,write_date,name,move_id,partner_id,amount,date,state,payment_type,journal_id,payment_method_line_id,memo,x_contract_id,x_collector_id,x_paid_at,x_reversal_of_id,x_session_id,x_is_advance,company_id}');
call pg_temp.caudal_read('account.payment.method.line', '{id,create_date,write_date,name,journal_id,x_payment_form}');
call pg_temp.caudal_read('auditlog.log', '{id,create_date,write_date,name,model_id,model_model,res_id,user_id,method}');
call pg_temp.caudal_read('auditlog.log.line', '{id,create_date,write_date,log_id,field_id,field_name,old_value,new_value,old_value_text,new_value_text}');
call pg_temp.caudal_read('helpdesk.stage', '{id,create_date,write_date,name,sequence,fold,active}');
call pg_temp.caudal_read('helpdesk.team', '{id,create_date,write_date,name,sequence,active,company_id}');
call pg_temp.caudal_read('helpdesk.ticket', '{id,create_date,write_date,name,ticket_ref,team_id,stage_id,user_id,partner_id,priority,kanban_state,assign_date,close_date,date_last_stage_update,x_contract_id,active,company_id}');
call pg_temp.caudal_read('ir.attachment', '{id,create_date,write_date,name,res_model,res_id,mimetype,file_size,checksum,create_uid,company_id}');
call pg_temp.caudal_read('ir.model.fields', '{id,create_date,write_date,model,name,field_description,ttype,relation,store,translate,company_dependent}');
call pg_temp.caudal_read('ir.model.fields.selection', '{id,create_date,write_date,field_id,value,name,sequence}');
call pg_temp.caudal_read('l10n_latam.document.type', '{id,create_date,write_date,name,code,doc_code_prefix,internal_type,active}');
call pg_temp.caudal_read('l10n_latam.identification.type', '{id,create_date,write_date,name,code,active}');
call pg_temp.caudal_read('mail.message', '{id,create_date,write_date,date,model,res_id,message_type,subtype_id,author_id,create_uid}');
call pg_temp.caudal_read('mail.tracking.value', '{id,create_date,write_date,mail_message_id,field_id,old_value_integer,old_value_float,old_value_char,old_value_text,old_value_datetime,new_value_integer,new_value_float,new_value_char,new_value_text,new_value_datetime,currency_id}');
call pg_temp.caudal_read('pos.config', '{id,create_date,write_date,name,x_journal_id,x_collector_id,active,company_id}');
call pg_temp.caudal_read('pos.session', '{id,create_date,write_date,name,config_id,cash_journal_id,user_id,start_at,stop_at,state,cash_register_balance_start,cash_register_balance_end_real,company_id}');
call pg_temp.caudal_read('product.product', '{id,create_date,write_date,name,default_code,x_concept_type,property_account_income_id,active}');
call pg_temp.caudal_read('res.groups', '{id,create_date,write_date,name,share}');
call pg_temp.caudal_read('res.partner', '{id,create_date,write_date,write_uid,name,vat,is_company,customer_rank,phone,mobile,email,street,city,l10n_latam_identification_type_id,l10n_do_dgii_tax_payer_type,x_fraud_flag,x_einvoice_by_mail,x_mailing_consent,property_account_receivable_id,active,company_id}');
call pg_temp.caudal_read('res.users', '{id,create_date,write_date,login,name,partner_id,company_id,active}');
call pg_temp.caudal_read('res.users.log', '{id,create_date,write_date,create_uid}');
call pg_temp.caudal_read('water.agreement', '{id,create_date,write_date,contract_id,name,signed_on,amount,down_payment,state}');
call pg_temp.caudal_read('water.agreement.instalment', '{id,create_date,write_date,agreement_id,sequence,due_on,amount,paid_on,state}');
call pg_temp.caudal_read('water.appointment', '{id,create_date,write_date,request_id,contract_id,office,scheduled_at,arrived_at,attended_at,state}');
call pg_temp.caudal_read('water.bank.remittance', '{id,create_date,write_date,name,journal_id,collector_id,date_from,date_to,received_on,state,total_amount,line_count,company_id}');
call pg_temp.caudal_read('water.bank.remittance.line', '{id,create_date,write_date,remittance_id,sequence,contract_id,payment_id,amount,paid_on,reference,state,reason}');
call pg_temp.caudal_read('water.bill.delivery', '{id,create_date,write_date,move_id,contract_id,channel,sent_at,delivered_at,state,reason,courier}');
call pg_temp.caudal_read('water.billing.cycle', '{id,create_date,write_date,name,number,period,sector_group,issue_on,state}');
call pg_temp.caudal_read('water.billing.cycle.step', '{id,create_date,write_date,cycle_id,step,sequence,state,started_at,ended_at,user_id,documents}');
call pg_temp.caudal_read('water.claim', '{id,create_date,write_date,contract_id,kind,state,opened_at,closed_at,founded,x_due_at,x_resolution,x_amount_adjusted}');
call pg_temp.caudal_read('water.collector', '{id,create_date,write_date,name,code,is_external,active}');
call pg_temp.caudal_read('water.contract', '{id,create_date,write_date,write_uid,code,partner_id,supply_point_id,user_type_id,state,date_start,date_end,is_cuttable,excluded_from_billing,has_sewer,active,company_id}');
call pg_temp.caudal_read('water.cut.order', '{id,create_date,write_date,contract_id,kind,state,ordered_on,executed_on}');
call pg_temp.caudal_read('water.meter', '{id,create_date,write_date,write_uid,serial,supply_point_id,installed_on,retired_on,replaced_by_id,digits,diameter_mm,active}');
call pg_temp.caudal_read('water.meter.event', '{id,create_date,write_date,meter_id,supply_point_id,kind,happened_on,reading_value,reason,work_order_id,user_id}');
call pg_temp.caudal_read('water.municipality', '{id,create_date,write_date,name,code}');
call pg_temp.caudal_read('water.reading', '{id,create_date,write_date,contract_id,meter_id,route_id,billing_period,read_at,previous_value,value,consumption_m3,kind,incident,reader_id}');
call pg_temp.caudal_read('water.reading.incident', '{id,create_date,write_date,reading_id,contract_id,kind,reported_at,state,resolved_at,resolution}');
call pg_temp.caudal_read('water.route', '{id,create_date,write_date,name,code,sector_id,active}');
call pg_temp.caudal_read('water.sector', '{id,create_date,write_date,name,code,municipality_id,active}');
call pg_temp.caudal_read('water.service.request', '{id,create_date,write_date,name,contract_id,partner_id,kind,channel,state,requested_at,due_at,closed_at,user_id}');
call pg_temp.caudal_read('water.supply.point', '{id,create_date,write_date,write_uid,code,sector_id,route_id,address,latitude,longitude,cadastral_code,active}');
call pg_temp.caudal_read('water.tariff', '{id,create_date,write_date,name,code,user_type_id,minimum_m3,active}');
call pg_temp.caudal_read('water.tariff.block', '{id,create_date,write_date,tariff_id,sequence,from_m3,to_m3,price,valid_from,valid_to}');
call pg_temp.caudal_read('water.tariff.change', '{id,create_date,write_date,contract_id,from_tariff_id,to_tariff_id,request_id,effective_on,reason,authorised_by}');
call pg_temp.caudal_read('water.user.type', '{id,create_date,write_date,name,code}');
call pg_temp.caudal_read('water.virtual.office.action', '{id,create_date,write_date,contract_id,kind,happened_at,channel,result}');
call pg_temp.caudal_read('water.work.order', '{id,create_date,write_date,name,kind,contract_id,supply_point_id,meter_id,cut_order_id,claim_id,state,requested_at,scheduled_on,started_at,ended_at,crew,result,cost}');
drop procedure pg_temp.caudal_read;

-- What only the database knows: the tables of many2many fields, and what the domains of the mapping look at
do $$
declare
    path text[];
    model_name text;
    step text;
    f record;
begin
    for path in select string_to_array(p, ' ') from unnest(array[
        'account.account id',
        'account.journal id',
        'account.move id',
        'account.move.line id',
        'account.partial.reconcile id',
        'account.payment id',
        'account.payment.method.line id',
        'auditlog.log id',
        'auditlog.log.line id',
        'helpdesk.stage id',
        'helpdesk.team id',
        'helpdesk.ticket id',
        'ir.attachment id',
        'ir.attachment res_field',
        'ir.attachment res_model',
        'ir.model.fields id',
        'ir.model.fields model',
        'ir.model.fields.selection id',
        'l10n_latam.document.type id',
        'l10n_latam.identification.type id',
        'mail.message id',
        'mail.message message_type',
        'mail.message model',
        'mail.tracking.value id',
        'pos.config id',
        'pos.session id',
        'product.product id',
        'res.groups id',
        'res.partner id',
        'res.users groups_id',
        'res.users id',
        'res.users.log id',
        'water.agreement id',
        'water.agreement.instalment id',
        'water.appointment id',
        'water.bank.remittance id',
        'water.bank.remittance.line id',
        'water.bill.delivery id',
        'water.billing.cycle id',
        'water.billing.cycle.step id',
        'water.claim id',
        'water.collector id',
        'water.contract id',
        'water.cut.order id',
        'water.meter id',
        'water.meter.event id',
        'water.municipality id',
        'water.reading id',
        'water.reading.incident id',
        'water.route id',
        'water.sector id',
        'water.service.request id',
        'water.supply.point id',
        'water.tariff id',
        'water.tariff.block id',
        'water.tariff.change id',
        'water.user.type id',
        'water.virtual.office.action id',
        'water.work.order id'
    ]) as p loop
        model_name := path[1];
        foreach step in array string_to_array(path[2], '.') loop
            select * into f from ir_model_fields as i where i.model = model_name and i.name = step;
            if not found then
                raise exception '% has no field %', model_name, step;
            end if;
            if f.ttype = 'many2many' then
                execute format('grant select (%I, %I) on %I to caudal_odoo', f.column1, f.column2, f.relation_table);
            elsif f.ttype = 'one2many' then
                execute format('grant select (%I) on %I to caudal_odoo', f.relation_field, replace(f.relation, '.', '_'));
            else
                execute format('grant select (id, %I) on %I to caudal_odoo', step, replace(model_name, '.', '_'));
            end if;
            if exists (select from pg_attribute where attrelid = to_regclass(quote_ident(replace(model_name, '.', '_'))) and attname = 'company_id') then
                execute format('grant select (company_id) on %I to caudal_odoo', replace(model_name, '.', '_'));
            end if;
            model_name := f.relation;
        end loop;
    end loop;
    if to_regclass('res_company_users_rel') is not null then
        grant select (cid, user_id) on res_company_users_rel to caudal_odoo;
    end if;
end $$;

-- Optional: without an index by write_date each run reads a table whole to find what changed (a second for some three million rows).
-- Worth its place from about a million rows on. Odoo keeps indexes that it does not know. Not within a transaction:
-- create index concurrently if not exists account_move_caudal_idx on account_move (write_date);
-- create index concurrently if not exists account_move_line_caudal_idx on account_move_line (write_date);
-- create index concurrently if not exists account_payment_caudal_idx on account_payment (write_date);
-- create index concurrently if not exists account_partial_reconcile_caudal_idx on account_partial_reconcile (write_date);
-- create index concurrently if not exists mail_message_caudal_idx on mail_message (write_date);
-- create index concurrently if not exists mail_tracking_value_caudal_idx on mail_tracking_value (write_date);
-- create index concurrently if not exists auditlog_log_caudal_idx on auditlog_log (write_date);
-- create index concurrently if not exists auditlog_log_line_caudal_idx on auditlog_log_line (write_date);
-- create index concurrently if not exists water_municipality_caudal_idx on water_municipality (write_date);
-- create index concurrently if not exists water_sector_caudal_idx on water_sector (write_date);
-- create index concurrently if not exists water_route_caudal_idx on water_route (write_date);
-- create index concurrently if not exists water_user_type_caudal_idx on water_user_type (write_date);
-- create index concurrently if not exists water_collector_caudal_idx on water_collector (write_date);
-- create index concurrently if not exists l10n_latam_identification_type_caudal_idx on l10n_latam_identification_type (write_date);
-- create index concurrently if not exists l10n_latam_document_type_caudal_idx on l10n_latam_document_type (write_date);
-- create index concurrently if not exists account_account_caudal_idx on account_account (write_date);
-- create index concurrently if not exists account_journal_caudal_idx on account_journal (write_date);
-- create index concurrently if not exists account_payment_method_line_caudal_idx on account_payment_method_line (write_date);
-- create index concurrently if not exists product_product_caudal_idx on product_product (write_date);
-- create index concurrently if not exists water_reading_caudal_idx on water_reading (write_date);
-- create index concurrently if not exists res_partner_caudal_idx on res_partner (write_date);
-- create index concurrently if not exists water_supply_point_caudal_idx on water_supply_point (write_date);
-- create index concurrently if not exists water_contract_caudal_idx on water_contract (write_date);
-- create index concurrently if not exists water_meter_caudal_idx on water_meter (write_date);
-- create index concurrently if not exists water_cut_order_caudal_idx on water_cut_order (write_date);
-- create index concurrently if not exists water_claim_caudal_idx on water_claim (write_date);
-- create index concurrently if not exists water_agreement_caudal_idx on water_agreement (write_date);
-- create index concurrently if not exists water_agreement_instalment_caudal_idx on water_agreement_instalment (write_date);
-- create index concurrently if not exists water_meter_event_caudal_idx on water_meter_event (write_date);
-- create index concurrently if not exists water_reading_incident_caudal_idx on water_reading_incident (write_date);
-- create index concurrently if not exists water_tariff_caudal_idx on water_tariff (write_date);
-- create index concurrently if not exists water_tariff_block_caudal_idx on water_tariff_block (write_date);
-- create index concurrently if not exists water_tariff_change_caudal_idx on water_tariff_change (write_date);
-- create index concurrently if not exists water_billing_cycle_caudal_idx on water_billing_cycle (write_date);
-- create index concurrently if not exists water_billing_cycle_step_caudal_idx on water_billing_cycle_step (write_date);
-- create index concurrently if not exists pos_config_caudal_idx on pos_config (write_date);
-- create index concurrently if not exists pos_session_caudal_idx on pos_session (write_date);
-- create index concurrently if not exists water_bank_remittance_caudal_idx on water_bank_remittance (write_date);
-- create index concurrently if not exists water_bank_remittance_line_caudal_idx on water_bank_remittance_line (write_date);
-- create index concurrently if not exists res_groups_caudal_idx on res_groups (write_date);
-- create index concurrently if not exists res_users_log_caudal_idx on res_users_log (write_date);
-- create index concurrently if not exists ir_attachment_caudal_idx on ir_attachment (write_date);
-- create index concurrently if not exists helpdesk_team_caudal_idx on helpdesk_team (write_date);
-- create index concurrently if not exists helpdesk_stage_caudal_idx on helpdesk_stage (write_date);
-- create index concurrently if not exists helpdesk_ticket_caudal_idx on helpdesk_ticket (write_date);
-- create index concurrently if not exists water_work_order_caudal_idx on water_work_order (write_date);
-- create index concurrently if not exists water_service_request_caudal_idx on water_service_request (write_date);
-- create index concurrently if not exists water_appointment_caudal_idx on water_appointment (write_date);
-- create index concurrently if not exists water_virtual_office_action_caudal_idx on water_virtual_office_action (write_date);
-- create index concurrently if not exists water_bill_delivery_caudal_idx on water_bill_delivery (write_date);
