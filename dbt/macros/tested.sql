{#
    What the tests of a daily build read. A side of the marts was tested whole up to `ops.side.tested_build_id`; since then only the rows in
    `ops.model_change` are different, and only they are tested, also those that a failed build left. A full build, `--full-tests` and a run
    by hand read everything (`ops.build.reads_all_tests`).
#}

{# Whether tests read the whole history. #}
{% macro tests_everything() -%}
    {{ return(of_run('reads_all_tests') if execute else true) }}
{%- endmacro %}

{# First month that the facts of this side still hold: older ones were archived (caudal retention). A test that sums a fact starts here. #}
{% macro kept_from() -%}
    (
        select coalesce(max(s.kept_from), date '0001-01-01') from ops.model_state as s
        where s.side = ops.side_of('{{ target_marts() }}')
    )
{%- endmacro %}

{# The schema of marts that is being built. #}
{% macro target_marts() -%} {{ env_var('CAUDAL_DBT_MARTS_SCHEMA', 'marts_next') }} {%- endmacro %}

{# What changed in an incremental model (or [model, topic]) and was not tested yet, for a FROM clause: row_key, contract_key, period_month. #}
{% macro untested_changes(changed) -%}
    {%- set tested = "(select s.tested_build_id from ops.side as s where s.schema_name = '" ~ target_marts() ~ "')" -%}
    {{ changes_after(tested, changed) if changed is not sequence else changes_after(tested, changed[0], changed[1]) }}
{%- endmacro %}

{# Of those a query of one of row_key, contract_key, period_month. #}
{% macro untested(changed, what) -%}
    select c.{{ what }} from {{ untested_changes(changed) }} as c where c.{{ what }} is not null
{%- endmacro %}

{# Condition on a row of raw: written by a run that the tests of this side have not seen whole. #}
{% macro is_untested_in_raw(alias) -%}
    {{ alias }}._run_id >= {{ of_run('tested_run_id') | int if execute else 0 }}
{%- endmacro %}

{# Condition: the column is the `what` of a change in these models that was not tested yet; true of each in a run that reads everything. #}
{% macro is_untested(column, changing, what='row_key') -%}
    {%- if tests_everything() -%} true
    {%- else -%} {{ column }} in ({% for changed in changing %}{{ untested(changed, what) }}{{ ' union ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}

{# The months of `untested` of some models, and of the queries `also`, as a list of literals that prunes partitions; never empty (an empty
   list is no SQL). None: every month, in a run that reads everything. #}
{% macro untested_months(changing, also=()) -%}
    {%- if tests_everything() -%} {{ return(none) }} {%- endif -%}
    {%- set query -%}
        {%- for changed in changing -%} ({{ untested(changed, 'period_month') }}) {{- ' union ' if not loop.last }} {%- endfor -%}
        {%- for more in also %} union ({{ more }}) {%- endfor -%}
    {%- endset -%}
    {%- set months = run_query(query).columns[0].values() | select -%}
    {{ return(months | list or ['0001-01-01']) }}
{%- endmacro %}

{#
    Rows of a table partitioned by the month of `day`, for a FROM clause: those of the keys and months that `pairs` (a relation, or a query in brackets)
    names in `named` and `period_month`. Each is one look-up in one partition; how few they are, the planner cannot know.
#}
{% macro rows_of_months(relation, key, day, pairs, named) -%}
    (
        select t.* from {{ pairs }} as k
        cross join lateral (
            select * from {{ relation }} as r
            where r.{{ key }} = k.{{ named }} and {{ is_in_month('r.' ~ day, 'k.period_month') }}
            order by r.{{ key }} offset 0
        ) as t
    )
{%- endmacro %}

{# The same of what changed in some models and was not tested yet, its key the `what` of the log; the table itself in a run that reads everything. #}
{% macro untested_rows(relation, key, day, changing, what='row_key') -%}
    {%- if tests_everything() -%} {{ relation }}
    {%- else -%}
        {%- set pairs -%}
    (
        select distinct c.{{ what }}, c.period_month from (
            {%- for changed in changing %} select * from {{ untested_changes(changed) }} as c {{- ' union all' if not loop.last }} {%- endfor -%}
        ) as c
    )
        {%- endset -%}
        {{ rows_of_months(relation, key, day, pairs, what) }}
    {%- endif -%}
{%- endmacro %}

{# Condition on the rows of the contracts and months (`month`: the row's) of which something in these models was not tested yet. `carried`: those of the
   models whose rows count in the month after as well. #}
{% macro is_of_untested_contract_month(month, changing, carried=()) -%}
    {%- if tests_everything() -%} true
    {%- else -%} (contract_key, {{ month }}) in (
        {%- for changed in changing %} select c.contract_key, c.period_month from {{ untested_changes(changed) }} as c {{ 'union' if not loop.last or carried }}
        {%- endfor -%}
        {%- for changed in carried %}
            select c.contract_key, (c.period_month + interval '1 month')::date from {{ untested_changes(changed) }} as c {{ 'union' if not loop.last }}
        {%- endfor -%}
    )
    {%- endif -%}
{%- endmacro %}

{# The months that come `by` months (1 or -1) after these; none stays none. #}
{% macro neighbours(months, by) -%}
    {%- if months is none -%} {{ return(none) }} {%- endif -%}
    {%- set found = [] -%}
    {%- for month in months -%}
        {%- do found.append(month if month is string else (month + modules.datetime.timedelta(days=31 if by > 0 else -1)).replace(day=1)) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# These months and the ones next to them on that side. #}
{% macro and_neighbours(months, by) -%}
    {{ return(none if months is none else (months + neighbours(months, by)) | unique | list) }}
{%- endmacro %}

{# Condition: the date is in one of the months (none: of all). Months that follow each other are one range, by which partitions are pruned and rows
   estimated: taking a date's month apart would make the planner expect a two hundredth of them. #}
{% macro is_in_months(column, months) -%}
    {%- if months is none -%} true
    {%- else -%}
        {%- set ranges = [] -%}
        {%- for month in months | unique | sort -%}
            {%- set first = ranges.pop()[0] if ranges and neighbours([ranges[-1][1]], 1)[0] == month else month -%}
            {%- do ranges.append([first, month]) -%}
        {%- endfor -%}
        (
        {%- for first, last in ranges -%}
            ({{ column }} >= date '{{ first }}' and {{ column }} < (date '{{ last }}' + interval '1 month')::date) {{- ' or ' if not loop.last }}
        {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}

{# The test's `where`, and for our incremental models the rows not tested yet. Applies to every generic test without being asked. #}
{% macro default__get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] if config.get('where') else [] -%}
    {%- set tested = graph.nodes.get(model.get('attached_node')) if execute else none -%}
    {%- set spec = tested.config.meta.get('touched') if tested and tested.config.materialized == 'incremental' else none -%}
    {%- set entry = spec.log[0] if spec and spec.log else none -%}
    {%- set rows = relation -%}
    {%- set key = entry.get('row') or entry.get('contract') if entry else none -%}
    {%- if key and not tests_everything() -%}
        {%- set what = 'row_key' if entry.get('row') else 'contract_key' -%}
        {%- if spec.month and entry.month == spec.month -%}
            {%- set rows = untested_rows(relation, key, spec.month, [relation], what) ~ ' as u' -%}
        {%- elif what == 'contract_key' and entry.month == 'period_month' -%}
            {%- do conditions.append(is_of_untested_contract_month('period_month', [relation])) -%}
        {%- elif what == 'row_key' or entry.month is defined -%}
            {%- do conditions.append(is_untested(key, [relation], what)) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return('(select * from ' ~ rows ~ (' where ' ~ conditions | join(' and ') if conditions) ~ ') dbt_subquery' if conditions or rows != relation else relation) }}
{%- endmacro %}
