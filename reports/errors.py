"""What stops a report. Messages are in Spanish: the clerk who asked for the report reads them."""

from __future__ import annotations


class ReportError(RuntimeError):
    """A report could not be made; the message says why and what to do."""


class ConfigError(ReportError):
    """A configuration file is wrong; the message names file, line and field."""


class PeriodError(ReportError):
    """The month is not one that can be reported."""


class PeriodChanged(PeriodError):
    """The data of a month that was handed to accounting are no longer what was handed over."""


class NothingPublished(ReportError):
    """There are no published marts to report on."""


class FiguresDisagree(ReportError):
    """Two figures that must be equal are not: nothing is written."""


class InexactNumber(ReportError):
    """A number that a spreadsheet cell cannot hold to the cent."""


class DataChanged(ReportError):
    """A new build was published while the report was being read, several times over."""
