{#
    How models become tables and views, in few statements: a day's build has some six hundred nodes, of which most take less than the statements around them.
    dbt's own renames and drops keep an old table readable until the new one is there; here nobody reads the side that is being built.
#}

{% materialization table, adapter='postgres' -%} {{ return(make_anew('table')) }} {%- endmaterialization %}

{% materialization view, adapter='postgres' -%} {{ return(make_anew('view')) }} {%- endmaterialization %}

{# As dbt's materializations. What was there before goes in the same transaction. #}
{% macro make_anew(kind) -%}
    {%- set made = this.incorporate(type=kind) -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ drop_what_was_there() }}
        {{ get_create_view_as_sql(made, sql) if kind == 'view' else get_create_table_as_sql(False, made, sql) }}
    {%- endcall %}
    {% do create_indexes(made) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(made, model) %}
    {% do adapter.commit() %}
    {{ return({'relations': [made]}) }}
{%- endmacro %}

{% macro drop_what_was_there() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none -%} drop {{ existing.type }} if exists {{ existing }} cascade; {%- endif -%}
{%- endmacro %}

{# As dbt's, and: a table with `meta.touched.month` is partitioned by it, made without keys, which are added when it is full (half the time of filling
   them row by row); a temporary table of a model under contract has the contract's types, so that its rows compare with the table's (whose
   columns were compared with the contract's when it was made, by the same SQL: caudal/sides.py). #}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set spec = (config.get('meta') or {}).get('touched') or {} -%}
    {%- set contract = config.get('contract') -%}
    {%- set sql = with_named_months(sql) if temporary else sql -%}
    {%- if temporary and contract.enforced -%}
        create temporary table {{ relation }} as
        select {% for column in model['columns'].values() %}{{ column.name }}::{{ column.data_type }} as {{ column.name }}{{ ', ' if not loop.last }}{% endfor %}
        from ({{ sql }}) as typed;
    {%- elif spec.month and not temporary -%}
        {%- if contract.enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        create table {{ relation }} (
            {{ adapter.render_raw_columns_constraints(raw_columns=model['columns']) | join(', ') }}
        ) partition by range ({{ spec.month }});
        {%- else %}
        create temporary table shape on commit drop as {{ get_empty_subquery_sql(sql) }};
        create table {{ relation }} (like shape) partition by range ({{ spec.month }});
        drop table shape;
        {%- endif %}
        select ops.add_month_partitions('{{ relation }}'::regclass, array({{ render(spec.months) }}));
        insert into {{ relation }}
        {% if contract.enforced %}({{ adapter.dispatch('get_column_names', 'dbt')() }}) {{ get_select_subquery(sql) }}{% else %}{{ sql }}{% endif %};
        {%- for constraint in adapter.render_raw_model_constraints(raw_constraints=model['constraints']) %}
        alter table {{ relation }} add {{ constraint }};
        {%- endfor %}
    {%- else -%}
        {{ config.get('sql_header') or '' }}
        create {% if temporary %}temporary{% elif config.get('unlogged') %}unlogged{% endif %} table {{ relation }}
        {%- if contract.enforced %}
        {{ get_assert_columns_equivalent(sql) }}
        {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} ({{ adapter.dispatch('get_column_names', 'dbt')() }}) {{ get_select_subquery(sql) }};
        {%- else %}
        as ({{ sql }});
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# The columns that an incremental run writes. They are those of the table: a change of columns makes the model whole again (caudal/sides.py). #}
{% macro postgres__process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {%- if not config.get('contract').enforced -%} {{ return({}) }} {%- endif -%}
    {%- set found = [] -%}
    {%- for column in model['columns'].values() -%} {%- do found.append(api.Column(column.name, column.data_type)) -%} {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Descriptions as comments, in one statement: a described column that is not there is an error. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments -%}
        {%- if for_relation and config.persist_relation_docs() and model.description %}
            comment on {{ relation.type }} {{ relation }} is {{ postgres_escape_comment(model.description) }};
        {%- endif -%}
        {%- for column in model.columns.values() if for_columns and config.persist_column_docs() and column.description %}
            comment on column {{ relation }}.{{ adapter.quote(column.name) }} is {{ postgres_escape_comment(column.description) }};
        {%- endfor -%}
    {%- endset -%}
    {%- if comments | trim %} {% do run_query(comments) %} {% endif -%}
{%- endmacro %}

{# Post-hook of every incremental model: in its transaction, up to where it was brought; and statistics of what a fact logged, for the
   tests that read it now. #}
{% macro remember_build() -%}
    {% if model.config.materialized == 'incremental' -%}
    insert into ops.model_state as s (side, model, build_id, run_id, refreshed_build_id, relation, fingerprint, closed_month)
    select
        ops.side_of('{{ this.schema }}'), '{{ this.identifier }}', b.build_id, b.horizon_run_id, b.build_id, '{{ this }}'::regclass,
        b.fingerprints ->> '{{ this.identifier }}', {{ last_closed_month() }}
    from ops.build as b where b.status = 'running'
    on conflict (side, model) do update set
        build_id = excluded.build_id, run_id = excluded.run_id, closed_month = excluded.closed_month, built_at = excluded.built_at;
    {%- if this.schema == target_marts() %}
    select ops.sample_changes(ops.side_of('{{ this.schema }}'), array[
        '{{ this.identifier }}'
        {%- for entry in (model.config.meta.get('touched') or {}).get('log', []) if entry.topic %}, '{{ this.identifier }}:{{ entry.topic }}'{% endfor -%}
    ]);
    {%- endif %}
    {%- endif %}
{%- endmacro %}

{# Post-hook of every staging view and seed: from what it was made, by which a later build of the same leaves it as it is (caudal/standing.py). #}
{% macro remember_made() -%}
    insert into ops.standing as s (name, relation, made_from)
    select '{{ this.identifier }}', '{{ this }}'::regclass, b.fingerprints ->> ':standing' from ops.build as b where b.status = 'running'
    on conflict (name) do update set relation = excluded.relation, made_from = excluded.made_from;
{%- endmacro %}

{# Post-hook: statistics. An incremental run changes too little to sample the whole again: autovacuum follows each partition. #}
{% macro analyze_if_made() -%}
    {%- if execute and was_made() -%} analyze {{ this }}; {%- endif -%}
{%- endmacro %}

{# Whether this run made the table; else it brought an incremental one up to date. For hooks: the new table is not among the known ones yet. #}
{% macro was_made() -%} {{ return(not is_incremental()) }} {%- endmacro %}
