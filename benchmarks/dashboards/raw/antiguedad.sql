-- Receivables of the month by age.
select width_bucket(days, array[1, 31, 61, 91, 181, 366]) as bucket, sum(amount) as amount from open_items group by 1
