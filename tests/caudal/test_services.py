"""Background programs: started once, stopped with their children, and a silent or dying one is told with its log."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import psutil
import pytest

from caudal import services
from caudal.services import Service, ServiceError
from caudal.settings import settings

SERVER = "import http.server, subprocess, sys; subprocess.Popen(['sleep', '600']); http.server.test(port=int(sys.argv[1]), bind='127.0.0.1')"


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAUDAL_HOME", str(tmp_path))
    settings.cache_clear()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        number = s.getsockname()[1]
    yield number
    services.stop_all()
    monkeypatch.undo()
    settings.cache_clear()


def answers(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def test_it_starts_once_and_stops_with_its_children(port: int) -> None:
    service = Service("web", [sys.executable, "-c", SERVER, str(port)], lambda: answers(port), timeout_s=30)
    service.start()
    pid = int(service.pid_file.read_text().split()[0])
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    assert len(family) == 2
    service.start()
    assert int(service.pid_file.read_text().split()[0]) == pid
    assert services.stop_all() == ["web"]
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    assert services.stop_all() == []
    assert not service.is_running()


def test_one_that_dies_is_told_with_its_log(port: int) -> None:
    service = Service("broken", [sys.executable, "-c", "raise SystemExit('no database here')"], lambda: False, timeout_s=30)
    with pytest.raises(ServiceError, match="broken ended(.|\n)*no database here"):
        service.start()


def test_one_that_stays_silent_is_told(port: int) -> None:
    service = Service("mute", [sys.executable, "-c", "import time; print('thinking', flush=True); time.sleep(600)"], lambda: False, timeout_s=1)
    with pytest.raises(ServiceError, match="mute does not answer(.|\n)*thinking"):
        service.start()


def test_a_stale_pid_file_is_nobody(port: int) -> None:
    service = Service("web", [sys.executable, "-c", SERVER, str(port)], lambda: answers(port), timeout_s=30)
    service.folder.mkdir(parents=True)
    service.pid_file.write_text("1 12345.0")  # a pid that lives, but is another program
    assert not service.is_running()
    assert not service.stop()
    assert psutil.pid_exists(1)
