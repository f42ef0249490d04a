"""The synthetic utility and the stand-in of Odoo. Nothing of production imports this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.utility.generator import Summary
    from demo.utility.telemetry import TelemetrySummary


def generate(dsn: str, size: str = "tiny", seed: int = 20261115, progress: bool = True) -> Summary:
    """Write a synthetic utility into the PostgreSQL database `dsn`; see `demo.utility.generator.generate`."""
    from demo.utility.generator import generate as work

    return work(dsn, size, seed, progress)


def write_cadastre(path: Path, size: str = "tiny") -> Path:
    """Write its sectors as GeoJSON in EPSG:32619; see `demo.utility.cadastre.write_cadastre`."""
    from demo.utility.cadastre import write_cadastre as work

    return work(path, size)


def write_streets(path: Path) -> Path:
    """Write its streets as GeoJSON in EPSG:32619; see `demo.utility.streets.write_streets`."""
    from demo.utility.streets import write_streets as work

    return work(path)


def write_bank_file(dsn: str, path: Path) -> Path:
    """Write the bank's file of the last closed month, with its wrong total; see `demo.utility.bank_file.write_bank_file`."""
    from demo.utility.bank_file import write_bank_file as work

    return work(dsn, path)


def write_telemetry(folder: Path, size: str = "tiny", seed: int = 20261115) -> TelemetrySummary:
    """Write the hourly files of its inlet meters; see `demo.utility.telemetry.write_telemetry`."""
    from demo.utility.telemetry import write_telemetry as work

    return work(folder, size, seed)
