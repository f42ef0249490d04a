"""Months of a report: parsing, the last closed one, and their names in Spanish."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.errors import PeriodError

MONTHS_ES = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre")
WEEKDAYS_ES = ("lun", "mar", "mié", "jue", "vie", "sáb", "dom")
_TEXT = re.compile(r"(\d{4})-?(\d{2})\Z", re.ASCII)


def parse(text: str) -> date:
    """First day of the month written `2026-10` or `202610`. Raises PeriodError for anything else, a month 13 included."""
    match = _TEXT.match(text.strip())
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 2000:
        raise PeriodError(f"El período «{text}» no es un mes válido. Escríbalo como AAAA-MM, por ejemplo 2026-10.")
    return date(int(match[1]), int(match[2]), 1)


def shift(month: date, months: int) -> date:
    """The first day of the month that lies `months` after (before, when negative) that of `month`."""
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def end_of(month: date) -> date:
    """Last day of the month."""
    return shift(month, 1) - timedelta(days=1)


def last_closed(today: date) -> date:
    """First day of the last month that ended before `today`."""
    return shift(today.replace(day=1), -1)


def closed(month: date | None, today: date) -> date:
    """First day of `month` (default: the last closed one). Raises PeriodError when it has not ended before `today`."""
    if month is None:
        return last_closed(today)
    first = month.replace(day=1)
    if end_of(first) >= today:
        raise PeriodError(
            f"El mes de {name(first)} no ha cerrado: hoy es {today:%d/%m/%Y}. El último mes cerrado es {name(last_closed(today))} "
            f"({last_closed(today):%Y-%m})."
        )
    return first


def name(month: date) -> str:
    """`octubre de 2026`."""
    return f"{MONTHS_ES[month.month - 1]} de {month.year}"


def local(moment: datetime) -> datetime:
    """The moment in the utility's time zone."""
    from caudal.settings import settings

    return moment.astimezone(ZoneInfo(settings().timezone))


def day_label(day: date) -> str:
    """`jue 01/10/2026`."""
    return f"{WEEKDAYS_ES[day.weekday()]} {day:%d/%m/%Y}"
