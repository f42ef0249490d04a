-- A mailing list holds only customers who said that they may be written to, who are neither archived nor deleted; and the masked list is the same.
select s.contract_key, s.segment_code, 'sin consentimiento' as fault
from {{ ref('mart_contact__segment') }} as s
left join {{ ref('stg_odoo__customer') }} as c on c.customer_id = s.customer_key
where not coalesce(c.has_mailing_consent and c.is_active and not c.is_deleted, false)

union all

select coalesce(s.contract_key, m.contract_key), coalesce(s.segment_code, m.segment_code), 'las listas difieren'
from {{ ref('mart_contact__segment') }} as s
full join {{ ref('mart_contact__segment_masked') }} as m on m.contract_key = s.contract_key and m.segment_code = s.segment_code
where s.contract_key is null or m.contract_key is null

union all

select null, segment_code, 'la cuenta no es la de la lista'
from {{ ref('mart_contact__segment_size') }} as z
group by segment_code
having sum(contacts_count) <> (select count(*) from {{ ref('mart_contact__segment') }} as s where s.segment_code = z.segment_code)
