"""Anything may happen in any order: Hypothesis works in Odoo, in its database and on the machines, and the raw table is the source in the end.

While no change went behind Odoo's back, that is so after each run, late commits included; after those, once each range had its turn to be
verified.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sources import loader, verify
from sources.loader import Loader
from sources.odoo import mapping
from tests.sources.by_sql import by_sql

ENTITY, TABLE, MODEL = "supply_point", "water_supply_point", "water.supply.point"
PICK = st.integers(0, 10_000)
STEPS = settings(max_examples=8, stateful_step_count=22, derandomize=True, database=None, deadline=None, print_blob=False, phases=[Phase.generate],
                 suppress_health_check=list(HealthCheck))


@contextmanager
def every_turn() -> Iterator[None]:
    """Verification of every range, as after a week of nights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "due", lambda *_: set(range(verify.PARTS)))
        yield


class Laboratory:
    """The tables of one entity on both sides, and how to put them back as they were."""

    def __init__(self, lab: Any, name: str) -> None:
        self.lab, self.name = lab, name
        lab.source(f"update {TABLE} set write_date = write_date - ((select max(write_date) from {TABLE}) - now() at time zone 'UTC') - interval '2 days'")
        lab.one(ENTITY, accept_rewind=True)
        lab.source(f"drop table if exists kept; create table kept as table {TABLE}")
        lab.warehouse(f"""drop schema if exists kept cascade; create schema kept;
            create table kept.raw as table raw.odoo_{ENTITY};
            create table kept.watermark as select * from ops.watermark where entity = '{ENTITY}';
            create table kept.run as select * from ops.run where entity = '{ENTITY}' order by run_id desc limit 1""")

    def reset(self) -> None:
        """Both sides as they were at first."""
        self.lab.server.knobs.reset()
        extra = self.lab.source("""select column_name from information_schema.columns where table_name = %s and column_name like 'x_extra%%'""", [TABLE])
        for (name,) in extra:
            self.lab.source(f"alter table {TABLE} drop column {name}")
            self.lab.source("delete from ir_model_fields where model = %s and name = %s", [MODEL, name])
        self.lab.source(f"set session_replication_role = replica; delete from {TABLE}; insert into {TABLE} table kept")
        self.lab.warehouse(f"""drop table raw.odoo_{ENTITY} cascade; create table raw.odoo_{ENTITY} (like kept.raw including all, primary key (id));
            alter table raw.odoo_{ENTITY} owner to caudal_load;
            alter table raw.odoo_{ENTITY} alter _source set not null, alter _loaded_at set not null, alter _run_id set not null;
            insert into raw.odoo_{ENTITY} table kept.raw;
            delete from ops.watermark where entity = '{ENTITY}'; insert into ops.watermark table kept.watermark;
            delete from ops.run where entity = '{ENTITY}'; insert into ops.run overriding system value table kept.run;
            delete from ops.schema_drift where entity = '{ENTITY}'""")

    def assert_same(self, extra: list[str]) -> None:
        """The raw table is what is committed in the source, row by row."""
        columns = [c for c in next(e for e in mapping.load(mapping.path_of("demo")) if e.name == ENTITY).columns]
        wanted, found = [f't."{name}"' for name in extra], [f'"{name}"' for name in extra]
        for c in columns:
            value = f't."{c.source}"'
            if c.type == "coordinate" and self.name == "rpc":
                value = f"coalesce({value}, 0)"
            if c.type == "boolean":
                value = f"coalesce({value}, false)"
            if c.type == "datetime":
                value = f"date_trunc('second', {value}) at time zone 'UTC'" if self.name == "rpc" else f"{value} at time zone 'UTC'"
            wanted.append(f"round({value}::numeric, 6)" if c.type == "coordinate" else value)
            found.append(f'"{c.name}"')
        theirs = self.lab.source(f"select {', '.join(wanted)} from {TABLE} as t order by id")
        ours = self.lab.warehouse(f"select {', '.join(found)} from raw.odoo_{ENTITY} where _deleted_at is null order by id")
        assert ours == theirs
        mark = self.lab.warehouse("select live_rows, key_sum from ops.watermark where entity = %s", [ENTITY])[0]
        assert mark == self.lab.warehouse(f"select count(*), sum(id) from raw.odoo_{ENTITY} where _deleted_at is null")[0]

    @contextmanager
    def interrupted(self, call: int, strike: Callable[[Loader], None]) -> Iterator[None]:
        """`strike` before the so-manyth call of the loader."""
        calls = count(1)

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def method(self: Loader, *args: Any, **more: Any) -> Any:
                if next(calls) == call:
                    strike(self)
                return original(self, *args, **more)
            return method

        with pytest.MonkeyPatch.context() as patch:
            for name in ("begin", "add", "merge", "tombstone", "totals", "finish"):
                patch.setattr(Loader, name, counted(getattr(Loader, name)))
            yield

    def end_warehouse_session(self, running: Loader) -> None:
        """As an administrator would."""
        self.lab.warehouse("select pg_terminate_backend(%s, 5000)", [running.conn.info.backend_pid])

    def end_source_sessions(self, _: Loader) -> None:
        """Odoo's worker dies with the next request, or the database ends the session."""
        if self.name == "rpc":
            self.lab.server.knobs.update(drop_next=1)
        else:
            self.lab.source("""select pg_terminate_backend(pid, 5000) from pg_stat_activity
                               where datname = current_database() and pid <> pg_backend_pid() and application_name = 'caudal'""")


class Machine(RuleBasedStateMachine):
    """What people, programs and accidents do."""

    laboratory: Laboratory

    def __init__(self) -> None:
        super().__init__()
        self.lab = self.laboratory.lab
        self.open: list[tuple[psycopg.Connection, int]] = []  # long transactions, and the row that each has locked
        self.silent = self.restarted = False
        self.extra: list[str] = []
        self.written = 0

    @property
    def now(self) -> str:
        """What Odoo writes into write_date: when the transaction began. Over RPC nobody knows what is open, so that half a minute passes."""
        if self.laboratory.name == "sql":
            return "(now() at time zone 'UTC')"
        self.written += 1
        return f"(date_trunc('second', now() at time zone 'UTC') + interval '{30 * self.written - 3600} seconds')"

    @initialize()
    def begin(self) -> None:
        self.laboratory.reset()
        self.next_id = self.lab.source(f"select max(id) + 1 from {TABLE}")[0][0]

    def free(self, pick: int) -> int:
        """A row that no open transaction has locked."""
        locked = [key for _, key in self.open]
        keys = [k for (k,) in self.lab.source(f"select id from {TABLE} where id <> all(%s) order by id", [locked])]
        return keys[pick % len(keys)]

    # ---------- Odoo

    @rule(pick=PICK, rows=st.integers(1, 3))
    def insert(self, pick: int, rows: int) -> None:
        self.lab.source(f"""insert into {TABLE} select (jsonb_populate_record(t, jsonb_build_object(
                                'id', %s + n, 'code', 'N' || (%s + n), 'create_date', {self.now}, 'write_date', {self.now}))).*
                            from {TABLE} as t, generate_series(0, %s) as n where id = %s""", [self.next_id, self.next_id, rows - 1, self.free(pick)])
        self.next_id += rows

    @rule(pick=PICK, text=st.sampled_from(["", "Calle \\ 1\t2", "Avenida Ñ"]))
    def update(self, pick: int, text: str) -> None:
        self.lab.source(f"update {TABLE} set address = %s, latitude = coalesce(latitude, 0) + 0.001, write_date = {self.now} where id = %s",
                        [text, self.free(pick)])

    @rule(pick=PICK)
    def archive(self, pick: int) -> None:
        self.lab.source(f"update {TABLE} set active = not coalesce(active, false), write_date = {self.now} where id = %s", [self.free(pick)])

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        self.lab.source(f"set session_replication_role = replica; delete from {TABLE} where id = {self.free(pick)}")

    @rule(pick=PICK, column=st.sampled_from(["address = address || '!'", "latitude = coalesce(latitude, 0) + 1", "cadastral_code = 'SQL'"]))
    def change_silently(self, pick: int, column: str) -> None:
        self.lab.source(f"update {TABLE} set {column} where id = %s", [self.free(pick)])
        self.silent = True

    @precondition(lambda self: len(self.open) < 2)
    @rule(pick=PICK, new=st.booleans())
    def begin_long_transaction(self, pick: int, new: bool) -> None:
        key = self.free(pick)
        conn = psycopg.connect(self.lab.source_dsn)
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if new:
            conn.execute(f"""insert into {TABLE} select (jsonb_populate_record(t, jsonb_build_object(
                                 'id', %s::bigint, 'code', 'L' || %s, 'create_date', {self.now}, 'write_date', {self.now}))).* from {TABLE} as t where id = %s""",
                         [self.next_id, self.next_id, key])
            key, self.next_id = self.next_id, self.next_id + 1
        else:
            conn.execute(f"update {TABLE} set address = 'tarde', longitude = 0, write_date = {self.now} where id = %s", [key])
        self.open.append((conn, key))

    @precondition(lambda self: self.open)
    @rule(commit=st.booleans(), first=st.booleans())
    def end_long_transaction(self, commit: bool, first: bool) -> None:
        conn, _ = self.open.pop(0 if first else -1)
        (conn.commit if commit else conn.rollback)()
        conn.close()

    @precondition(lambda self: not self.open)
    @rule(pick=PICK, commit=st.booleans())
    def stay_open_across_a_run(self, pick: int, commit: bool) -> None:
        self.begin_long_transaction(pick, new=False)
        self.update(pick + 1, "después")
        self.replicate(verified=self.silent)
        self.end_long_transaction(commit, first=True)
        self.replicate(verified=False)

    @precondition(lambda self: not self.open and len(self.extra) < 2)
    @rule()
    def add_field(self) -> None:
        name = f"x_extra{len(self.extra)}"
        self.extra.append(name)
        self.lab.source(f"alter table {TABLE} add {name} varchar")
        self.lab.source(f"update {TABLE} set {name} = 'valor ' || id")
        self.lab.source("""insert into ir_model_fields (id, name, model, model_id, field_description, ttype, state, store)
                           select max(id) + 1, %s, %s, min(model_id) filter (where model = %s), '{"en_US": "Extra"}', 'char', 'manual', true
                           from ir_model_fields""", [name, MODEL, MODEL])
        self.lab.server.knobs.added_fields = {MODEL: dict.fromkeys(self.extra, "char")}

    # ---------- runs

    @rule(verified=st.booleans())
    def replicate(self, verified: bool) -> None:
        with every_turn():
            self.lab.one(ENTITY, verify=verified)
        self.silent = self.silent and not verified
        if not self.silent:
            self.laboratory.assert_same(self.extra)

    @rule(call=st.integers(1, 14))
    def replicate_with_the_warehouse_failing(self, call: int) -> None:
        with self.laboratory.interrupted(call, self.laboratory.end_warehouse_session):
            result = self.lab.replicate(ENTITY, verify=True)[ENTITY]
        assert result.status == "ok" or "cortó la conexión" in result.error, result.error

    @rule(call=st.integers(1, 8))
    def replicate_with_the_source_failing(self, call: int) -> None:
        with self.laboratory.interrupted(call, self.laboratory.end_source_sessions):
            result = self.lab.replicate(ENTITY)[ENTITY]
        assert result.status == "ok" or (self.laboratory.name == "sql" and "inesperado" not in result.error), result.error

    @precondition(lambda self: not self.restarted and self.laboratory.name == "rpc")
    @rule()
    def restart_odoo(self) -> None:
        self.lab.server.stop()
        self.lab.server.start()
        self.lab.server.knobs.added_fields = {MODEL: dict.fromkeys(self.extra, "char")}
        self.restarted = True

    def teardown(self) -> None:
        with ExitStack() as stack:
            for conn, _ in self.open:
                stack.callback(conn.close)
                conn.commit()
            stack.enter_context(every_turn())
            result = self.lab.one(ENTITY, verify=True)
            self.laboratory.assert_same(self.extra)
            assert result.reconciliation == "ok"


@pytest.mark.parametrize("transport", ["rpc", "sql"])
def test_whatever_happens_raw_is_the_source_in_the_end(module_lab: Any, transport: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        shutil.copytree(mapping.path_of("demo"), tmp_path / "demo")
        for file in (tmp_path / "demo").glob("*.yml"):
            file.write_text(file.read_text().replace(f"    model: {MODEL}\n", f"    model: {MODEL}\n    drift: evolve\n"))
        patch.setattr(mapping, "FOLDER", tmp_path)
        patch.setattr(verify, "WIDTH", 25)
        patch.setattr(loader, "MERGE_EVERY", 40)
        if transport == "sql":
            stack.enter_context(by_sql(module_lab.source_dsn))
        Machine.laboratory = Laboratory(module_lab, transport)
        run_state_machine_as_test(Machine, settings=STEPS)
        Machine.laboratory.reset()
