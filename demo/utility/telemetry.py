"""Telemetry of the synthetic utility: hourly files of the meters at the inlets of some sectors, with all that goes wrong in such files.

The water follows from the same seed as the readings: what a sector's customers used, what their meters did not see, what nobody pays for, and
what leaks, most of it at night. Juan López leaks more each month. Whole litres throughout; nothing is written to a database.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from demo.utility.catalogue import TODAY, UTC_OFFSET_H, Calendar, Size, catalogue, size_named
from demo.utility.consumption import LEAK, simulate_consumption
from demo.utility.network import build_network
from demo.utility.people import build_people

# Inlet: sector that it feeds, sector that it takes from ('' = from outside), share of the sector's water.
INLETS = {
    "MOC-01-A": ("MOC-01", "", 0.7), "MOC-01-B": ("MOC-01", "", 0.3), "MOC-02-A": ("MOC-02", "", 1.0), "MOC-03-A": ("MOC-03", "", 1.0),
    "MOC-04-A": ("MOC-04", "", 1.0), "MOC-05-A": ("MOC-05", "", 1.0), "MOC-06-T": ("MOC-06", "MOC-01", 1.0), "CGE-01-A": ("CGE-01", "", 1.0),
}
# Real losses as a share of what customers use.
LOSSES = {"MOC-01": 0.38, "MOC-02": 0.52, "MOC-03": 0.25, "MOC-04": 0.70, "MOC-05": 0.45, "MOC-06": 0.85, "CGE-01": 0.60}
UNSEEN = 1.13  # customers use this much of what their meters say, theft included
# Mains and private service pipes in metres for each thousand contracts of the utility, and mean pressure in m.
NETWORK = {"MOC-01": (6280, 1640, 32), "MOC-02": (4980, 1200, 28), "MOC-03": (3960, 1020, 30), "MOC-05": (4460, 1320, 35)}
MONTHS = {"tiny": 6, "demo": 18}
PATTERN = np.array([30, 25, 22, 22, 28, 60, 120, 160, 165, 150, 135, 130, 135, 125, 115, 110, 115, 130, 150, 155, 135, 100, 65, 40], dtype=float)
STUCK = ("MOC-04-A", 20, 60)  # inlet; days before the end; hours with the same reading
RESET = ("MOC-02-A", 40)  # inlet; days before the end on which its counter was changed for a new one
OUTAGE = ("MOC-03-A", 75, 18)  # inlet; days before the end; days without any data, and a counter that was set to 0 meanwhile
UNKNOWN = "POZO-09"  # nobody entered it in inlets.csv


@dataclass(frozen=True)
class TelemetrySummary:
    """What was written."""

    folder: Path
    files: int
    hours: int


def write_telemetry(folder: Path, size: str = "tiny", seed: int = 20261115) -> TelemetrySummary:
    """Write inlets.csv, network.csv and a file for each inlet and month into `folder`; the same for the same size and seed."""
    what = size_named(size)
    calendar = Calendar.of(what)
    months = min(MONTHS.get(size, MONTHS["demo"]), what.months)
    folder.mkdir(parents=True, exist_ok=True)
    _masters(folder, what)
    first = calendar.first_days[-months - 1]
    hours = (TODAY - first).days * 24
    starts = [datetime(first.year, first.month, first.day) + timedelta(hours=h) for h in range(hours)]  # local: no summer time there
    month = np.array([(s.year - first.year) * 12 + s.month - first.month for s in starts])
    used = _monthly_use(what, calendar, seed)[:, -months - 1:]
    rng = np.random.default_rng([seed, 9])
    files = rows = 0
    for code, (sector, _, share) in INLETS.items():
        flow = _flow(sector, share, used, month, starts, rng)
        if sector == "MOC-01":  # what it hands on to Las Lagunas comes in through its own inlets
            flow = flow + _flow("MOC-06", share, used, month, starts, np.random.default_rng([seed, 10]))
        counter = 1_000_000 * (1 + len(code) + rng.integers(0, 90)) + np.cumsum(flow)
        there = _gaps(hours, rng)
        end = hours - 1
        if code == RESET[0]:
            at = end - RESET[1] * 24 + 10
            counter[at:] -= counter[at - 1]
        if code == OUTAGE[0]:
            at = slice(end - OUTAGE[1] * 24, end - (OUTAGE[1] - OUTAGE[2]) * 24)
            there[at] = False
            counter[at.stop:] -= counter[at.stop - 1]
        if code == STUCK[0]:
            at = end - STUCK[1] * 24
            flow[at:at + STUCK[2]], counter[at:at + STUCK[2]] = flow[at], counter[at]
        for m in range(months + 1):
            lines = _lines(code, starts, flow, counter, there & (month == m))
            if not lines:
                continue
            stem = f"{first.year + (first.month + m - 1) // 12}-{(first.month + m - 1) % 12 + 1:02d}"
            if code == "CGE-01-A" and m == months - 1:
                _spoil(lines)
            delivered = starts[int(np.flatnonzero(month == m)[-1])] + timedelta(hours=6)
            if code == "MOC-06-T" and m == months - 2:
                delivered += timedelta(days=40)  # its modem was down: the month came late
            _write(folder / f"{code}_{stem}.csv", lines, delivered)
            files, rows = files + 1, rows + len(lines)
        if code == "MOC-01-B":  # a day was sent again, corrected, under another name
            day = (month == months - 1) & there & (np.array([s.day for s in starts]) == 12)
            lines = _lines(code, starts, flow + 1, counter, day)
            _write(folder / "correcciones" / f"{code}_12.csv", lines, datetime(TODAY.year, TODAY.month, TODAY.day) - timedelta(days=2))
            files, rows = files + 1, rows + len(lines)
    _write(folder / f"{UNKNOWN}_nuevo.csv", _lines(UNKNOWN, starts[-24:], np.full(24, 12_500), np.cumsum(np.full(24, 12_500)), np.ones(24, bool)),
           datetime(TODAY.year, TODAY.month, TODAY.day))
    return TelemetrySummary(folder, files + 1, rows + 24)


def _monthly_use(size: Size, calendar: Calendar, seed: int) -> np.ndarray:
    """Litres that the readings took, by sector and month: drawn again from the seed, as `generate` draws them."""
    rng = np.random.default_rng(seed)
    net = build_network(size, calendar, rng)
    build_people(net, rng)
    m3 = simulate_consumption(net, calendar, rng).m3
    return np.stack([m3[net.sector == s].sum(axis=0) for s in range(len(catalogue()["sectors"]))]) * 1000


def _flow(sector: str, share: float, used: np.ndarray, month: np.ndarray, starts: list[datetime], rng: np.random.Generator) -> np.ndarray:
    """Litres of each hour through an inlet that carries `share` of the sector's water."""
    index = next(i for i, s in enumerate(catalogue()["sectors"]) if s["code"] == sector)
    typical = used[index, :-1].mean() / (30.4 * 24)  # the current month is not read yet
    monthly = np.append(used[index, :-1], used[index, -2])
    days = np.array([(date(s.year + s.month // 12, s.month % 12 + 1, 1) - date(s.year, s.month, 1)).days for s in starts])
    # what a month's reading took was used over two calendar months: smooth it
    smooth = np.convolve(np.pad(monthly, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    demand = smooth[month] / (days * 24) * UNSEEN * (PATTERN / PATTERN.mean())[[s.hour for s in starts]] * rng.lognormal(0, 0.06, len(starts))
    pressure = 1.08 - 0.16 * (PATTERN / PATTERN.max())[[s.hour for s in starts]]  # higher at night
    lost = typical * LOSSES[sector] * pressure
    if sector == LEAK[0]:
        grown = np.maximum(month - (month.max() - LEAK[1]), 0)
        lost = lost + typical * 0.22 * grown * pressure
    return np.rint((demand + lost) * share).astype(np.int64)


def _gaps(hours: int, rng: np.random.Generator) -> np.ndarray:
    """Which hours arrived: a short gap every few weeks. The counter goes on meanwhile."""
    there = np.ones(hours, bool)
    for at in rng.integers(48, hours - 48, max(hours // 800, 1)):
        there[at:at + rng.integers(2, 30)] = False
    return there


def _lines(code: str, starts: list[datetime], flow: np.ndarray, counter: np.ndarray, which: np.ndarray) -> list[str]:
    def m3(litres: int) -> str:
        return f"{litres // 1000}.{litres % 1000:03d}"

    return [f"{code},{starts[h]:%Y-%m-%dT%H:%M},{m3(int(flow[h]))},{m3(int(counter[h]))}" for h in np.flatnonzero(which)]


def _spoil(lines: list[str]) -> None:
    """What a logger writes when its battery ends."""
    head = lines[30].rsplit(",", 2)[0]
    lines[30] = f"{head},N/D,"
    head, flow, counter = lines[31].rsplit(",", 2)
    lines[31] = f"{head},-{flow},{counter}"
    lines[40] = lines[40].replace(":00,", ":30,", 1)
    lines[50] = lines[50][: len(lines[50]) // 2]


def _write(path: Path, lines: list[str], delivered: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("inlet_code,hour,flow_m3h,counter_m3\n" + "\n".join(lines) + "\n", encoding="utf-8")
    moment = (delivered + timedelta(hours=UTC_OFFSET_H)).replace(tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))


def _masters(folder: Path, size: Size) -> None:
    names = {s["code"]: s["name"] for s in catalogue()["sectors"]}
    inlets = [f"{code},Entrada {names[sector]}{' (traspaso)' if source else ''} {code[-1]},{sector},{source}" for code, (sector, source, _) in INLETS.items()]
    (folder / "inlets.csv").write_text("inlet_code,inlet_name,sector_code,from_sector_code\n" + "\n".join(inlets) + "\n", encoding="utf-8")
    network = [f"{sector},{mains * size.contracts / 1e6:.3f},{pipes * size.contracts / 1e6:.3f},{pressure}"
               for sector, (mains, pipes, pressure) in NETWORK.items()]
    (folder / "network.csv").write_text("sector_code,mains_km,service_pipe_km,pressure_m\n" + "\n".join(network) + "\n", encoding="utf-8")
