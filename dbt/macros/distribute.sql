{# Citus, where a warehouse is too big for one node (docs/scale.md). Every fact of a contract lies on one shard, beside the others of that contract, so
   that what is joined by contract needs no network; dimensions are copied to every node; what has no contract stays on the coordinator.
   On a PostgreSQL without the extension nothing is emitted; an incremental run finds its table distributed already.
   `citus` (var): 'auto' looks for the extension; true or false decide without looking. #}
{% macro distribute() -%}
    {%- if execute and model.config.materialized not in ('view', 'ephemeral') and was_made() and has_citus() -%}
        {%- if model.name.startswith('dim_') -%}
            {{ reference_table(this) }}
        {%- elif 'contract_key' in model.columns -%}
            {{ key_within_shard(this, 'contract_key') }} {{ distributed_table(this, 'contract_key') }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# A table cut by `key`, its shards beside those of the other tables that are cut by a column of the same type. #}
{% macro distributed_table(relation, key) -%}
    select create_distributed_table('{{ relation }}', '{{ key }}', colocate_with => 'default');
{%- endmacro %}

{# A table that every node has whole. #}
{% macro reference_table(relation) -%}
    select create_reference_table('{{ relation }}');
{%- endmacro %}

{# Citus checks uniqueness within a shard, so it takes a primary key only with the distribution column in it: the contract's key gets it appended. #}
{% macro key_within_shard(relation, key) -%}
    do $body$
    declare found record;
    begin
        for found in
            select c.conname, string_agg(quote_ident(a.attname), ', ' order by array_position(c.conkey, a.attnum)) as columns
            from pg_constraint as c
            inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
            where c.conrelid = '{{ relation }}'::regclass and c.contype = 'p'
            group by c.conname
            having not bool_or(a.attname = '{{ key }}')
        loop
            execute format('alter table {{ relation }} drop constraint %I, add primary key (%s, {{ key }})', found.conname, found.columns);
        end loop;
    end $body$;
{%- endmacro %}

{# Whether the warehouse has Citus. #}
{% macro has_citus() -%}
    {%- if var('citus', 'auto') != 'auto' -%}
        {{- return(var('citus')) -}}
    {%- endif -%}
    {{- return(of_run('has_citus')) -}}
{%- endmacro %}
