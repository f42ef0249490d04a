"""How figures, months, slices and severities are written for people: Dominican Spanish, RD$ 1,234.56, dd/mm/aaaa."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from alerts.thresholds import Direction, Level
from caudal.semantic import Metric, formats

MONTHS = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre")
DIMENSIONS = {"municipality_name": "Municipio", "sector_name": "Sector", "sector_code": "Sector", "user_type_name": "Tipo de usuario",
              "ageing_bucket": "Antigüedad"}
SEVERITIES = {"baja": "Baja", "media": "Media", "alta": "Alta", "critica": "Crítica"}
TOTAL = "Toda la empresa"


def month(day: date) -> str:
    """'octubre 2026'."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def day(value: date) -> str:
    """'15/11/2026'."""
    return f"{value:%d/%m/%Y}"


def figures_apart(metric: Metric, value: Decimal, threshold: Decimal) -> tuple[str, str]:
    """Both in the metric's own format, with as many decimals as it takes to tell them apart (74.98 % and 75.00 %, never 75.0 % twice)."""
    comma, places, percent = formats.d3_parts(metric)
    for extra in range(7):
        finer = metric.model_copy(update={"format": f"{',' if comma else ''}.{min(places + extra, 9)}{'%' if percent else 'f'}"})
        pair = formats.value(finer, value), formats.value(finer, threshold)
        if pair[0] != pair[1] or value == threshold:
            break
    return pair


def bound(threshold: str, direction: Direction) -> str:
    """What is accepted: 'mínimo 75.0 %' or 'máximo 40.0 %'."""
    return f"{'mínimo' if direction == 'up' else 'máximo'} {threshold}"


def slice_label(slice_: Mapping[str, str]) -> str:
    """'Municipio Moca · Sector La Rosa', or 'Toda la empresa'."""
    return " · ".join(f"{DIMENSIONS.get(name, name)} {value}" for name, value in slice_.items()) or TOTAL


def level(value: Level) -> str:
    """'límite crítico' or 'límite de aviso'."""
    return "límite crítico" if value == "critical" else "límite de aviso"


def count(number: int, one: str, many: str) -> str:
    """'1 alerta nueva', '3 alertas nuevas'."""
    return f"{number:,} {one if number == 1 else many}"
