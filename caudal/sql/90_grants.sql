-- Last: the loader and dbt may write every table of ops, whoever's file made it.
grant select, insert, update, delete on all tables in schema ops to caudal_load, caudal_transform;
grant usage on all sequences in schema ops to caudal_load, caudal_transform;
