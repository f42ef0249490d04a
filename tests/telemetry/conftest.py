"""A folder of telemetry of the test's own, and what the warehouse holds of it. Meters are called T-… so that the shared utility's are left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Folder:
    """Files of hourly rows; `day` is when a file was written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, rows: list[str], day: int = 1, header: str = "inlet_code,hour,flow_m3h,counter_m3") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        moment = (FIRST + timedelta(days=day)).timestamp()
        os.utime(path, (moment, moment))
        return path

    def load(self, **options):
        from sources.telemetry import load

        return load(self.path, **options)


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Iterator[Folder]:
    from caudal import warehouse

    def clean() -> None:
        with warehouse.connect() as conn:
            if conn.execute("select to_regclass('raw.telemetry_hour') is not null").fetchone()[0]:
                conn.execute("delete from raw.telemetry_hour where inlet_code like 'T-%'")
            conn.execute("delete from ops.telemetry_file where file_name like 't_%'")
            conn.execute("delete from ops.quarantine where source = 'telemetry' and record_id like 't_%'")

    clean()
    yield Folder(tmp_path)
    clean()


@pytest.fixture
def table(home: Path):
    """The rows of the test's meters: (inlet, hour of the day in Santo Domingo, flow, counter, file)."""
    from caudal import warehouse

    def read(extra: str = "") -> list[tuple]:
        with warehouse.connect() as conn:
            return conn.execute(f"""select inlet_code, extract(hour from hour_at at time zone 'America/Santo_Domingo')::int, flow_m3h, counter_m3,
                source_file{extra} from raw.telemetry_hour where inlet_code like 'T-%' order by 1, 2""").fetchall()

    return read


@pytest.fixture
def quarantine(home: Path):
    """The test's faults: (file:line, field, reason, whether it is resolved)."""
    from caudal import warehouse

    def read() -> list[tuple]:
        with warehouse.connect() as conn:
            return conn.execute("""select record_id, field, reason, resolved_at is not null from ops.quarantine
                where source = 'telemetry' and record_id like 't_%' order by id""").fetchall()

    return read
