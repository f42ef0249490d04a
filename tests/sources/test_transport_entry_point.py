"""A transport of one's own: a distribution that registers it is enough, no file of Caudal changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from caudal.settings import settings
from sources import transports
from sources.contract import SourceError
from sources.odoo import mapping

MODULE = '''
"""Reads a ledger that is in no Odoo: the lines of a CSV file."""
import csv, os
from datetime import UTC, datetime
from decimal import Decimal

from sources.contract import Census, FieldInfo, RangePrint, SourceError, Tally

class Rows:
    def __init__(self, rows):
        self.rows = rows

class Ledger:
    source, copies = "ledger:2026", False

    def __init__(self, path):
        with open(path, newline="") as file:
            self._all = [{"id": int(r["id"]), "name": r["name"], "fee": float(r["fee"]), "write_date": r["write_date"]} for r in csv.DictReader(file)]

    def _rows(self, since=None):
        return [r for r in self._all if since is None or self._moment(r) >= since]

    @staticmethod
    def _moment(row):
        return datetime.fromisoformat(row["write_date"]).replace(tzinfo=UTC)

    def describe(self, entity):
        return {"id": FieldInfo("integer"), "name": FieldInfo("char"), "fee": FieldInfo("monetary"), "write_date": FieldInfo("datetime")}

    def count(self, entity, since=None):
        return len(self._rows(since))

    def census(self, entity):
        ids = [r["id"] for r in self._all]
        return Census(len(ids), sum(ids), max(ids, default=None))

    def pulse(self, entity):
        return None

    def ids(self, entity):
        yield [r["id"] for r in self._all]

    def changes(self, entity, since):
        return [iter([Rows(self._rows(since))])]

    def rows(self, entity, ids):
        wanted = set(ids)
        yield Rows([r for r in self._all if r["id"] in wanted])

    def span(self, entity, low, high):
        yield Rows([r for r in self._all if low <= r["id"] < high])

    def resume_from(self, entity):
        return max(map(self._moment, self._all), default=None)

    def clock(self):
        return None

    def total(self, entity, column):
        return sum((Decimal(repr(r["fee"])) for r in self._all), Decimal(0))

    def tallies(self, entity, since=None):
        yield Tally(None, None, len(self._all), None, None)

    def existing(self, entity, ids):
        return None

    def hidden(self, entity):
        return None

    def prints(self, entity, width, keys_only=False):
        numbers = {r["id"] // width for r in self._all}
        groups = {n: [r["id"] for r in self._all if r["id"] // width == n] for n in numbers}
        return {n: RangePrint(len(ids), Decimal(sum(ids)), (None,), None) for n, ids in groups.items()}

    def warnings(self, entity):
        return []

    def release(self, entity):
        pass

    def stop(self, reason):
        raise reason

    def close(self):
        self._all = []

def connect(options):
    path = os.environ.get("LEDGER_FILE")
    if not path:
        raise SourceError("Falta LEDGER_FILE.")
    return Ledger(path)
'''
MAPPING = """
site: ledger
common: {id: id, write_date: datetime}
entities:
  ledger_fee:
    model: ledger.fee
    columns: {name: text, fee: money}
    amount: fee
"""


@pytest.fixture
def ledger(lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution called ledger-transport on sys.path, a site that is mapped to it, and its file."""
    package = tmp_path / "site-packages"
    info = package / "ledger_transport-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ledger-transport\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[caudal.transports]\nledger = ledger_transport:connect\n")
    (package / "ledger_transport.py").write_text(MODULE)
    monkeypatch.syspath_prepend(package)
    folder = tmp_path / "mapping"
    folder.mkdir()
    (folder / "ledger.yml").write_text(MAPPING)
    monkeypatch.setattr(mapping, "FOLDER", folder)
    file = tmp_path / "ledger.csv"
    file.write_text("id,name,fee,write_date\n1,Lectura,150.25,2026-01-01 00:00:00\n2,Corte,800.00,2026-01-02 00:00:00\n")
    for name, value in {"ODOO_TRANSPORT": "ledger", "CAUDAL_SITE": "ledger", "LEDGER_FILE": str(file)}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield file
    monkeypatch.undo()
    settings.cache_clear()


def test_it_is_found_by_name_and_replicates(lab, ledger: Path) -> None:
    assert "ledger" in transports.names() and {"rpc", "json2"} <= set(transports.names())

    result = lab.one("ledger_fee")

    assert (result.inserted, result.reconciliation) == (2, "ok")
    assert lab.warehouse("select id, name, fee::text, _source from raw.odoo_ledger_fee order by id") == [
        (1, "Lectura", "150.25", "ledger:2026"), (2, "Corte", "800.00", "ledger:2026")]

    ledger.write_text("id,name,fee,write_date\n1,Lectura,175.50,2026-01-03 00:00:00\n")
    result = lab.one("ledger_fee", accept_deletions=True)
    assert (result.inserted, result.updated, result.deleted) == (0, 1, 1)


def test_its_own_refusal_is_what_is_said(lab, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEDGER_FILE")
    with pytest.raises(SourceError, match="Falta LEDGER_FILE"):
        lab.replicate("ledger_fee")


def test_an_unknown_name_lists_those_that_are_installed(lab, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_TRANSPORT", "telepatia")
    settings.cache_clear()
    with pytest.raises(SourceError, match="ODOO_TRANSPORT='telepatia' no existe.*json2, ledger, rpc"):
        lab.replicate("ledger_fee")
