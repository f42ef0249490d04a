-- Receivables of the month by sector and age.
select s.code, width_bucket(o.days, array[1, 31, 61, 91, 181, 366]) as bucket, sum(o.amount) as amount
from open_items as o
left join raw.odoo_contract as c on c.id = o.contract_id
left join raw.odoo_supply_point as p on p.id = c.supply_point_id
left join raw.odoo_sector as s on s.id = p.sector_id
group by 1, 2
