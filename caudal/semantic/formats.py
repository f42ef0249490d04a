"""How a metric's value is written for a person: RD$ 1,234.56, 85.3 %, 1,234 m³, 93.2 días. From the metric's own `format` (d3) and `unit`."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from .errors import MetricMetaError
from .model import Metric

MONTHS = ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic")
_D3 = re.compile(r"(?P<comma>,?)\.(?P<places>\d)(?P<kind>[f%])\Z")
_UNITS = {"RD$": "RD$ {}", "%": "{} %", "m3": "{} m³", "dias": "{} días", "n": "{}", "RD$/m3": "RD$ {}/m³", "años": "{} años",
          "h": "{} h", "min": "{} min", "m3/h": "{} m³/h", "veces": "{} veces"}


def d3_parts(metric: Metric) -> tuple[bool, int, bool]:
    """(thousands separator, decimals, is percentage) of the metric's d3 format. Raises MetricMetaError for a format not in use here."""
    match = _D3.match(metric.format)
    if not match:
        raise MetricMetaError(f"metric {metric.name!r}: format {metric.format!r} is not one of ,.Nf .Nf .N%")
    return bool(match["comma"]), int(match["places"]), match["kind"] == "%"


def number(metric: Metric, value: Decimal | None) -> str:
    """The number alone, rounded half up (`1,234.56`, `85.3`); a dash for no value."""
    if value is None:
        return "—"
    comma, places, percent = d3_parts(metric)
    shown = (value * 100 if percent else value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    shown = abs(shown) if shown == 0 else shown
    return f"{shown:,}" if comma else str(shown)


def value(metric: Metric, amount: Decimal | None) -> str:
    """The number with its unit: `RD$ 1,234.56`, `85.3 %`, `93.2 días`."""
    if amount is None:
        return "—"
    return _UNITS.get(metric.unit, "{} " + metric.unit).format(number(metric, amount))


def month(day: date) -> str:
    """`oct 2026`."""
    return f"{MONTHS[day.month - 1]} {day.year}"
