{#
    What holds for a whole run, asked of the server by the first node that wants it: `graph` is one and the same for all nodes of a run.

    reads_all_tests: whether tests read the whole history; tested_run_id: the first run of raw that the tests of this side have not seen whole;
    has_citus: whether the warehouse has the extension; run_ids: model → the first run of raw that it has not seen whole.
#}
{% macro of_run(what) -%}
    {%- if 'of_run' not in graph -%}
        {%- set query -%}
            select
                coalesce((select b.reads_all_tests from ops.build as b where b.status = 'running'), true) as reads_all_tests,
                (select s.tested_run_id from ops.side as s where s.schema_name = '{{ target_marts() }}') as tested_run_id,
                exists (select from pg_extension where extname = 'citus') as has_citus,
                (
                    select coalesce(jsonb_object_agg(s.model, s.run_id), '{}')::text from ops.model_state as s
                    where s.side in (ops.side_of('{{ target_marts() }}'), 'shared')
                ) as run_ids
        {%- endset -%}
        {%- set row = run_query(query).rows[0] -%}
        {%- do graph.update({'of_run': dict(row.dict(), run_ids=fromjson(row['run_ids']))}) -%}
    {%- endif -%}
    {{ return(graph['of_run'][what]) }}
{%- endmacro %}

{# The first run of raw that an incremental model has not seen whole; 0: it has seen none. #}
{% macro brought_to_run(model_name) -%} {{ return(of_run('run_ids').get(model_name, 0) | int) }} {%- endmacro %}
