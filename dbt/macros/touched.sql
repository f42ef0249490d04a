{#
    Incremental models that rewrite what changed and nothing else (README, "Incremental models").

    A model says in `meta.touched` how its rows are found again, and in a pre-hook (`keep_touched`) which of them may have changed; its own
    SQL recomputes those when `is_incremental()`. The strategy deletes the old rows that are not among the recomputed ones, inserts the
    recomputed rows that were not there, and writes both in `ops.model_change`, from which the models after it know what was touched.

    meta.touched:
      row:   columns that identify a row
      nullable: those of them that may be null (a null that is not told here makes the row look new every time)
      keys:  columns by which the temporary table `touched` names rows; empty: the SQL always gives the whole table, which is compared whole
      month: date column by whose month the table is partitioned (none: it is not)
      at:    'month': `touched.period_month` says in which month rows may be; 'from': in `touched.from_month` or later
      months: (when partitioned) a late query of the months that a first build finds
      log:   list of {topic, row, contract, month}: SQL expressions over a row, what its change touches; `changes_of(model, topic)` reads them
             when: (of an entry) a condition; the change of another row is not written in it
             of: (of an entry) columns; a change of the others touches nothing, so that who sums a fact does not follow what it does not sum
#}

{# The pre-hook that keeps the touched keys of an incremental run; `query` is late (`{% raw %}`). #}
{% macro keep_touched(query) -%}
    {{ return('{% set touched_query %}' ~ query ~ '{% endset %}'
        ~ '{% if is_incremental() %}create temporary table touched on commit drop as ' ~ '{{ touched_query }}; analyze touched{% endif %}') }}
{%- endmacro %}

{# build_id or run_id up to which this model was brought on this side, closed_month: the last month it knows. #}
{% macro brought_to(what) -%}
    (select s.{{ what }} from ops.model_state as s where s.side = ops.side_of('{{ this.schema }}') and s.model = '{{ this.identifier }}')
{%- endmacro %}

{# What changed in an incremental model since this one was brought up to date, for a FROM clause: row_key, contract_key, period_month (before and after). #}
{% macro changes_of(relation, topic=none) -%} {{ changes_after(brought_to('build_id'), relation, topic) }} {%- endmacro %}

{# The same since a build. #}
{% macro changes_after(build_id, relation, topic=none) -%}
    (
        select distinct c.row_key, c.contract_key, c.period_month
        from ops.model_change as c
        where c.model = '{{ relation.identifier }}{{ ':' ~ topic if topic }}' and c.side = ops.side_of('{{ relation.schema }}')
            and c.build_id > {{ build_id }}
    )
{%- endmacro %}

{# The months of `changes_of` some models (or [model, topic]): a query for `keep_touched` of who adds them up by month. In the marts months that were
   archived are frozen: what is no longer there is not added up again. #}
{% macro changed_months_of(changing) -%}
    {%- for changed in changing %}
select c.period_month from {{ changes_of(changed) if changed is not sequence else changes_of(changed[0], changed[1]) }} as c
    {%- if this.schema == target_marts() %} where c.period_month >= {{ kept_from() }}{% endif %}
    {{- ' union' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Condition on a row of raw: written by a run that this model has not seen whole. The run is written as a number, for which the planner has
   statistics: not knowing it, it takes a third of the table to be new, and reads all that hangs from it. #}
{% macro is_new_in_raw(alias) -%} {{ alias }}._run_id >= {{ brought_to_run(this.identifier) if execute else 0 }} {%- endmacro %}

{# Condition: some row of these tables of raw is new. For who carries names of catalogues, few enough to make all of its past again. #}
{% macro any_is_new_in_raw(tables) -%}
    (
        {%- for table in tables -%}
        exists (select from {{ table }} as c where {{ is_new_in_raw('c') }}){{ ' or ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}

{# The months of this model to be renamed, for `keep_touched`: all that its facts still hold, once a catalogue whose names it carries changed. #}
{% macro renamed_months(catalogues) -%}
    select t.period_month from {{ this }} as t where t.period_month >= {{ kept_from() }} and {{ any_is_new_in_raw(catalogues) }}
{%- endmacro %}

{# Condition in an incremental run: the column, one of `touched`, names a touched row; true of each when the table is made. #}
{% macro is_touched(column) -%} {{ column ~ ' in (select ' ~ column ~ ' from touched)' if is_incremental() else 'true' }} {%- endmacro %}

{# Months closed since this model was brought up to date, for a FROM clause. #}
{% macro newly_closed_months() -%}
    (select m.period_month from {{ ref('int_core__closed_month') }} as m where m.period_month > {{ brought_to('closed_month') }})
{%- endmacro %}

{% macro touched_match(left, right, columns, nullable=none) -%}
    {%- for column in columns -%}
        {{ left }}.{{ column }} {{ 'is not distinct from' if column in (nullable or []) else '=' }} {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The entries of the log that follow single columns (for which a run keeps the old rows until it has the new ones), or those that follow all. #}
{% macro log_entries(spec, of) -%} {{ return(spec.log | default([]) | selectattr('of', 'defined' if of else 'undefined') | list) }} {%- endmacro %}

{% macro touched_log(spec, relation, source, of=false) -%}
    {% set entries = log_entries(spec, of) -%}
    {% if entries -%}
    insert into ops.model_change (build_id, side, model, row_key, contract_key, period_month)
    {%- for entry in entries %}
    select
        (select b.build_id from ops.build as b where b.status = 'running'),
        ops.side_of('{{ relation.schema }}'),
        '{{ relation.identifier }}{{ ':' ~ entry.topic if entry.topic }}',
        {{ entry.get('row', 'null') }}::bigint,
        {{ entry.get('contract', 'null') }}::bigint,
        {{ ('date_trunc(\'month\', ' ~ entry.month ~ ')::date') if entry.month is defined else 'null::date' }}
    from {{ source if not of else changed_in(spec, entry.of) }}
    where {% if entry.row is defined %}{{ entry.row }} is not null{% elif entry.contract is defined %}{{ entry.contract }} is not null{% else %}true{% endif %}
        and {{ entry.when | default('true') }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
    {%- else %} select count(*) from {{ source }} {%- endif %}
{%- endmacro %}

{# Rows of `old_rows` and `new_rows` that are in only one of them as far as these columns go, for a FROM clause. #}
{% macro changed_in(spec, columns) -%}
    (
        {%- for one, other in [('old_rows', 'new_rows'), ('new_rows', 'old_rows')] %}
        select t.* from {{ one }} as t
        where not exists (
            select from {{ other }} as o
            where {{ touched_match('o', 't', spec.row, spec.nullable) }} and {{ touched_match('o', 't', columns, columns) }}
        )
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as changed
{%- endmacro %}

{# Statements that find in one table (a whole one, or one month's part) the rows that stay, and delete the others that were touched. #}
{% macro touched_delete(spec, relation, part, fresh, columns, month=none) -%}
insert into kept
select {% for c in spec.row %}n.{{ c }}{{ ', ' if not loop.last }}{% endfor %}
from {{ fresh }} as n
inner join {{ part }} as t on {{ touched_match('t', 'n', spec.row, spec.nullable) }}
where
    {% if month %}n.{{ spec.month }} >= date '{{ month }}' and n.{{ spec.month }} < date '{{ month }}' + interval '1 month' and{% endif %}
    row({% for c in columns %}n.{{ c.quoted }}{{ ', ' if not loop.last }}{% endfor %})
    is not distinct from row({% for c in columns %}t.{{ c.quoted }}{{ ', ' if not loop.last }}{% endfor %});

with gone as (
    delete from {{ part }} as t
    {% if spec['keys'] -%}
    using (
        select distinct {{ spec['keys'] | join(', ') }} from touched
        {% if month and spec.at == 'from' %} where from_month <= date '{{ month }}'
        {%- elif month and spec.at == 'month' and 'period_month' not in spec['keys'] %} where period_month = date '{{ month }}'{% endif %}
    ) as k
    where {{ touched_match('t', 'k', spec['keys']) }} and
    {%- else %}
    where {%- endif %}
        not exists (select from kept where {{ touched_match('kept', 't', spec.row, spec.nullable) }})
    returning t.*
)
{%- if log_entries(spec, of=true) %},

kept_old as (
    insert into old_rows select {% for c in columns %}{{ c.quoted }}{{ ', ' if not loop.last }}{% endfor %} from gone
)
{%- endif %}

{{ touched_log(spec, relation, 'gone') }};
{%- endmacro %}

{% macro get_incremental_touched_sql(args) %}
    {%- set spec, target, fresh, columns = model.config.meta.touched, args.target_relation, args.temp_relation, args.dest_columns -%}
    {%- set names = columns | map(attribute='quoted') | join(', ') %}
create temporary table kept on commit drop as select {{ spec.row | join(', ') }} from {{ fresh }} limit 0;
    {%- if log_entries(spec, of=true) %}
create temporary table old_rows on commit drop as select {{ names }} from {{ target }} limit 0;
    {%- endif %}
analyze {{ fresh }};
    {% if spec.month %}
        {#- months that were archived are frozen: nothing comes back into them -#}
        {%- do run_query('delete from ' ~ fresh ~ ' where ' ~ spec.month ~ ' < coalesce(' ~ brought_to('kept_from') ~ ", '-infinity')") -%}
        {%- set months = "select distinct date_trunc('month', " ~ spec.month ~ ')::date from ' ~ fresh
            ~ (' union ' ~ render(spec.months) if spec.at == 'from' else '') -%}
        {%- do run_query("select ops.add_month_partitions('" ~ target ~ "'::regclass, array(" ~ months ~ '))') -%}
        {%- set parts %}
            select p.part, p.period_month
            from ops.month_partitions('{{ target }}'::regclass) as p
                {% if spec.at == 'from' -%} where p.period_month >= (select min(from_month) from touched)
                {%- elif spec.at == 'month' -%} where p.period_month in (select period_month from touched)
                    or p.period_month in (select date_trunc('month', {{ spec.month }})::date from {{ fresh }})
                {%- endif %}
            order by 2
        {%- endset -%}
        {%- for part in run_query(parts).rows %}
{{ touched_delete(spec, target, part[0], fresh, columns, part[1]) }}
        {%- endfor %}
    {%- else %}
{{ touched_delete(spec, target, target, fresh, columns) }}
    {%- endif %}

analyze kept;
with come as (
    insert into {{ target }} ({{ names }})
    select {{ names }} from {{ fresh }} as n
    where not exists (select from kept where {{ touched_match('kept', 'n', spec.row, spec.nullable) }})
    returning *
)

{{ touched_log(spec, target, 'come') }};
    {%- if log_entries(spec, of=true) %}

analyze old_rows;
with new_rows as (
    select {{ names }} from {{ fresh }} as n
    where not exists (select from kept where {{ touched_match('kept', 'n', spec.row, spec.nullable) }})
)

{{ touched_log(spec, target, none, of=true) }};
    {%- endif %}
{% endmacro %}

{#
    Rows of a fact whose date is in a touched month (all of them when the table is made), for a FROM clause, which names it itself.
    `where`: which rows of `touched` are of this fact, if it has others.
#}
{% macro touched_months_of(relation, day, where='true') -%}
    {%- if is_incremental() -%}
    (
        select t.* from {{ relation }} as t
        where /*touched t.{{ day }} where {{ where }}*/ {{ month_of('t.' ~ day) }} in (select k.period_month from touched as k where {{ where }}) /**/
    ) as rows_of_months
    {%- else -%} {{ relation }} {%- endif -%}
{%- endmacro %}

{# SQL in which the conditions of `touched_months_of` name their months, known by now: partitions are pruned and indexes chosen by what is written, while of
   a join with a few months the planner may read every partition. #}
{% macro with_named_months(sql) -%}
    {%- set named = namespace(sql=sql) -%}
    {%- for found in modules.re.finditer('/\\*touched (.+?) where (.+?)\\*/.+?/\\*\\*/', sql, modules.re.DOTALL) -%}
        {%- set months = run_query('select distinct period_month from touched where ' ~ found.group(2)).columns[0].values() | select | list -%}
        {%- set named.sql = named.sql.replace(found.group(0), is_in_months(found.group(1), months or ['0001-01-01'])) -%}
    {%- endfor -%}
    {{ return(named.sql) }}
{%- endmacro %}

{# After `name as`: an incremental run does not make whole a CTE that is named twice, so that each use finds its rows by their key. #}
{% macro found_by_key() -%} {{ 'not materialized' if is_incremental() }} {%- endmacro %}

{# At the end of a model of which others read months by their index: when the table is made, a month's rows lie beside each other. #}
{% macro laid_by_month() -%} {{ 'order by period_month' if not is_incremental() }} {%- endmacro %}

{# In an incremental run, a join with the touched contract and month of a row of that contract and day. #}
{% macro join_touched(contract, day) -%}
    {% if is_incremental() %}inner join touched as k on k.contract_key = {{ contract }} and {{ is_in_month(day, 'k.period_month') }}{% endif %}
{%- endmacro %}
