"""Reports for people and for the tax administration, made from the published marts.

Reads `marts` and the semantic layer; writes files under `<home>/reports/<AAAA-MM>/` and their rows in `ops.report_file`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.archive import ReportFile

REPORTS = ("monthly_collections", "dgii_607", "journal_entry")


def generate(period: date | None = None, only: Sequence[str] | None = None, root: object = None) -> list[ReportFile]:
    """Write every report (or those named in `only`) of the month of `period` (any day of it; default: the last closed month).

    Returns one ReportFile per file, whether it was written now or found unchanged. Raises `reports.errors.ReportError` (Spanish
    message) when the month is not closed, nothing was published, or the figures do not agree with each other. `root` replaces
    `<home>/reports`. A report that fails leaves the files of the others in place.
    """
    from reports.run import generate as run

    return run(period, only, root)
