-- ops.sum_at_last(date, numeric): Σ of the values on the rows of the group's latest date. What a month-end balance is when several
-- months are in the group. Rows without a date do not count; NULL values add nothing; NULL when the latest date has no value at all.
do $$
begin
    if to_regtype('ops.sum_at_last_state') is null then
        create type ops.sum_at_last_state as (last_on date, total numeric);
    end if;
end $$;

create or replace function ops.sum_at_last_add(state ops.sum_at_last_state, dated_on date, amount numeric)
returns ops.sum_at_last_state language plpgsql immutable parallel safe as $$
begin
    if dated_on is null or dated_on < state.last_on then
        return state;
    elsif dated_on = state.last_on then
        state.total := coalesce(state.total + amount, state.total, amount);
    else
        state.last_on := dated_on;
        state.total := amount;
    end if;
    return state;
end $$;

create or replace function ops.sum_at_last_merge(a ops.sum_at_last_state, b ops.sum_at_last_state)
returns ops.sum_at_last_state language sql immutable parallel safe as $$
    select case when (b).last_on is null then a else ops.sum_at_last_add(a, (b).last_on, (b).total) end
$$;

create or replace function ops.sum_at_last_total(state ops.sum_at_last_state)
returns numeric language sql immutable parallel safe as $$ select (state).total $$;

create or replace aggregate ops.sum_at_last(date, numeric) (
    sfunc = ops.sum_at_last_add,
    stype = ops.sum_at_last_state,
    combinefunc = ops.sum_at_last_merge,
    finalfunc = ops.sum_at_last_total,
    parallel = safe
);
