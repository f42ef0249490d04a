-- Receivables of thirteen months.
select period_month, sum(amount) as amount from open_items group by 1
