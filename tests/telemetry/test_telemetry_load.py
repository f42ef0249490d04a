"""Hourly files → raw.telemetry_hour: bad rows, repeats, corrections, late files, any order, a loader that is killed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal

import pytest
from hourly_rows import hours


def test_good_rows_are_loaded_and_each_bad_one_says_file_line_field_and_reason(folder, table, quarantine):
    folder.write("t_a.csv", [
        *hours(2, 2),
        "T-1,2026-03-01T05:00,N/D,1",
        "T-1,2026-03-01T05:30,2,1",
        "T-1,2026-03-01T06:00,-2,1",
        "T-1,ayer,2,1",
        "T-1,2026-11-16T00:00,2,1",
        ",2026-03-01T07:00,2,1",
        "T-1,2026-03-01T08:00,2",
        "T-1,2026-03-01T01:00,9,1",
        "T-1,2026-03-01T01:00,2,104",
        "T-1,2026-03-01T09:00,1e99,",
        "T-1,1999-03-01T09:00,1,",
        "T-1,2026-03-01T10:00:00-05:00,3.5,",
    ])
    result = folder.load()
    assert (result.files, result.inserted, result.quarantined) == (1, 3, 10)
    assert table() == [("T-1", 0, Decimal("2.000"), Decimal("102.000"), "t_a.csv"), ("T-1", 1, Decimal("2.000"), Decimal("104.000"), "t_a.csv"),
                       ("T-1", 11, Decimal("3.500"), None, "t_a.csv")]
    assert [(record, field) for record, field, _, _ in quarantine()] == [
        ("t_a.csv:4", "flow_m3h"), ("t_a.csv:5", "hour"), ("t_a.csv:6", "flow_m3h"), ("t_a.csv:7", "hour"), ("t_a.csv:8", "hour"),
        ("t_a.csv:9", "inlet_code"), ("t_a.csv:10", "fila"), ("t_a.csv:11", "hour"), ("t_a.csv:13", "flow_m3h"), ("t_a.csv:14", "hour")]
    reasons = [reason for _, _, reason, _ in quarantine()]
    assert reasons[0] == "«N/D» no es un número con punto decimal"
    assert reasons[7] == "la hora ya está en la línea 3 con otros valores"


def test_loading_again_reads_nothing_and_touches_no_row(folder, table):
    folder.write("t_a.csv", hours(2))
    folder.load()
    before = table(", xmin, ctid")
    result = folder.load()
    assert (result.files, result.skipped, result.inserted, result.updated) == (0, 1, 0, 0)
    assert table(", xmin, ctid") == before


def test_a_file_delivered_again_replaces_what_it_had_said_and_its_faults_are_resolved(folder, table, quarantine):
    folder.write("t_a.csv", [*hours(2, 3), "T-1,2026-03-01T05:00,N/D,"])
    folder.load()
    folder.write("t_a.csv", [*hours(3, 2), "T-1,2026-03-01T05:00,3,"], day=2)
    result = folder.load()
    assert (result.inserted, result.updated, result.deleted) == (1, 2, 1)
    assert [row[1:3] for row in table()] == [(0, Decimal("3.000")), (1, Decimal("3.000")), (5, Decimal("3.000"))]
    assert [resolved for *_, resolved in quarantine()] == [True]


def test_a_file_that_cannot_be_read_takes_nothing_back(folder, table, quarantine):
    folder.write("t_a.csv", hours(2, 3))
    folder.load()
    folder.write("t_a.csv", hours(3, 3), day=2, header="medidor,hora,caudal")
    assert folder.load().quarantined == 1
    assert [row[2] for row in table()] == [Decimal("2.000")] * 3
    assert quarantine()[0][:2] == ("t_a.csv:1", "inlet_code")
    (folder.path / "t_a.csv").write_bytes("inlet_code,hour,flow_m3h\nT-1,2026-03-01T00:00,2\nPeñón,2026-03-01T00:00,2\n".encode("latin-1"))
    folder.load()
    assert quarantine()[-1][:3] == ("t_a.csv:3", "archivo", "no está en UTF-8; no se cargó ninguna fila")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_files_give_the_same_table_in_whatever_order_they_arrive(folder, table, order):
    deliveries = [("t_late.csv", hours(1, 4), 1), ("t_a.csv", hours(2, 3), 2), ("t_corrected.csv", hours(3, 2, start=1), 3)]
    for k in order:
        name, rows, day = deliveries[k]
        folder.write(name, rows, day)
        folder.load()
    assert [(row[1], row[2], row[4]) for row in table()] == [
        (0, Decimal("2.000"), "t_a.csv"), (1, Decimal("3.000"), "t_corrected.csv"), (2, Decimal("3.000"), "t_corrected.csv"),
        (3, Decimal("1.000"), "t_late.csv")]


def test_semicolons_and_a_mark_of_byte_order_and_columns_of_others_do_no_harm(folder, table):
    path = folder.write("t_excel.csv", ["T-1;7.5;2026-03-01T00:00;2.25;x"], header="inlet_code;bateria;hour;flow_m3h;nota")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert folder.load().quarantined == 0
    assert [row[:4] for row in table()] == [("T-1", 0, Decimal("2.250"), None)]


def test_a_loader_killed_within_a_file_leaves_nothing_of_it_and_the_next_goes_on_there(folder, table, home):
    from caudal import warehouse

    folder.write("t_1.csv", hours(2, 3), day=1)
    folder.write("t_2.csv", [*hours(2, 3, meter="T-2"), "T-2,2026-03-01T05:00,N/D,"], day=2)
    with warehouse.connect() as held:
        held.execute("lock table ops.quarantine in exclusive mode")  # the first file has a quarantine to look at too: it stops there
        process = subprocess.Popen([sys.executable, "-c", f"from sources.telemetry import load; load({str(folder.path)!r})"],
                                   env={**os.environ, "CAUDAL_HOME": str(home)})
        waiting = "select count(*) from pg_locks where not granted and relation = 'ops.quarantine'::regclass"
        with warehouse.connect(autocommit=True) as watch:
            while watch.execute(waiting).fetchone()[0] == 0:
                assert process.poll() is None
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            assert table() == []
            while watch.execute(waiting).fetchone()[0]:
                watch.execute("select pg_terminate_backend(pid) from pg_locks where not granted and relation = 'ops.quarantine'::regclass")
                time.sleep(0.05)
        held.rollback()
    result = folder.load()
    assert (result.files, result.inserted, result.quarantined) == (2, 6, 1)


def test_a_loader_stopped_between_files_keeps_what_it_finished(folder, table):
    for k in (1, 2, 3):
        folder.write(f"t_{k}.csv", hours(2, 2, meter=f"T-{k}"), day=k)

    def stop(line: str) -> None:
        if line.startswith("t_2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.load(progress=stop)
    assert {row[0] for row in table()} == {"T-1", "T-2"}
    result = folder.load()
    assert (result.files, result.skipped, result.inserted) == (1, 2, 2)


def test_each_month_is_a_partition(folder):
    from caudal import warehouse

    folder.write("t_a.csv", ["T-1,2025-12-31T23:00,1,", "T-1,2026-01-31T23:00,1,"])  # in UTC both are of the next month
    folder.load()
    with warehouse.connect() as conn:
        found = conn.execute("select tableoid::regclass::text from raw.telemetry_hour where inlet_code = 'T-1' order by hour_at").fetchall()
    assert found == [("raw.telemetry_hour_2026_01",), ("raw.telemetry_hour_2026_02",)]


@pytest.mark.parametrize(("name", "text", "said"), [
    ("inlets.csv", "inlet_code,inlet_name\nT-1,Uno\n", "le falta la columna sector_code"),
    ("inlets.csv", "inlet_code,inlet_name,sector_code\nT-1,Uno,\n", "inlets.csv, línea 2: sector_code está vacío"),
    ("inlets.csv", "inlet_code,inlet_name,sector_code\nT-1,Uno,S\nT-1,Dos,S\n", "T-1 está más de una vez"),
    ("network.csv", "sector_code,mains_km,service_pipe_km,pressure_m\nS,dos,1,30\n", "network.csv, línea 2: mains_km debe ser un número"),
])
def test_a_mistake_in_what_describes_the_network_stops_the_load_and_says_where(folder, name, text, said):
    from sources.telemetry import TelemetryError

    (folder.path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TelemetryError, match=said):
        folder.load()


def test_a_folder_that_is_not_there_is_told(home):
    from typer.testing import CliRunner

    from sources.telemetry.cli import app

    result = CliRunner().invoke(app, ["load", "/no/hay"])
    assert result.exit_code == 1
    assert "No existe la carpeta de telemetría /no/hay" in result.output
    assert CliRunner().invoke(app, ["load"], env={"CAUDAL_TELEMETRY_DIR": ""}).exit_code == 2
