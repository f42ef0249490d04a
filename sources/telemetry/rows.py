"""One hourly file → its good rows, in COPY's order, and its bad ones with line, field and reason. Reads the file, writes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

HEADER = ("inlet_code", "hour", "flow_m3h", "counter_m3")
REQUIRED = HEADER[:3]
LARGEST = Decimal(10) ** 12  # what numeric(18,3) takes with room to spare


@dataclass(frozen=True)
class Hour:
    """One hour of one meter: mean flow in it, and its counter at the end (None: the meter has none)."""

    inlet_code: str
    hour_at: datetime
    flow_m3h: Decimal
    counter_m3: Decimal | None


@dataclass(frozen=True)
class BadRow:
    """A row that was kept out. `line` counts from 1, the header included; `reason` is Spanish."""

    line: int
    field: str
    reason: str
    text: str


@dataclass
class Parsed:
    """What a file holds. A file without the header has no rows at all and one fault."""

    hours: list[Hour] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


class _Fault(ValueError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = name, reason


def parse(content: bytes, today: date, timezone: str) -> Parsed:
    """Check each row of a file. `today`: the business date; nothing may have been measured after it. `timezone`: of hours without an offset."""
    parsed = Parsed()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        parsed.bad.append(BadRow(line, "archivo", "no está en UTF-8; no se cargó ninguna fila", ""))
        return parsed
    zone = ZoneInfo(timezone)
    first: dict[tuple[str, datetime], tuple[int, Hour]] = {}
    lines = _lines(text)
    names = next(lines, (1, []))[1]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        parsed.bad.append(BadRow(1, missing[0], f"falta la columna {missing[0]} en el encabezado; no se cargó ninguna fila", ",".join(names)[:500]))
        return parsed
    for line, values in lines:
        try:
            if len(values) != len(names):
                raise _Fault("fila", f"tiene {len(values)} campos y el encabezado {len(names)}")
            hour = _hour(dict(zip(names, values, strict=True)), today, zone)
            earlier = first.setdefault((hour.inlet_code, hour.hour_at), (line, hour))
            if earlier[0] != line:
                if earlier[1] != hour:
                    raise _Fault("hour", f"la hora ya está en la línea {earlier[0]} con otros valores")
                continue
            parsed.hours.append(hour)
        except _Fault as fault:
            parsed.bad.append(BadRow(line, fault.field, fault.reason, ",".join(values)[:500]))
    return parsed


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the number of the line on which each ends. Comma or semicolon: whichever the header has."""
    separator = ";" if ";" in text.split("\n", 1)[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for values in reader:
        if values and any(v.strip() for v in values):
            yield reader.line_num, [v.strip() for v in values]


def _hour(row: dict[str, str], today: date, zone: ZoneInfo) -> Hour:
    if not row["inlet_code"]:
        raise _Fault("inlet_code", "no dice de qué medidor es")
    return Hour(row["inlet_code"], _moment(row["hour"], today, zone), _number(row, "flow_m3h"),
                _number(row, "counter_m3") if row.get("counter_m3") else None)


def _moment(text: str, today: date, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Fault("hour", f"«{text}» no es una hora ISO 8601 (AAAA-MM-DDTHH:00)") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    local = moment.astimezone(zone)
    if local.minute or local.second or local.microsecond:
        raise _Fault("hour", f"«{text}» no es una hora en punto")
    if local.date() > today:
        raise _Fault("hour", f"«{text}» todavía no ha llegado")
    if local.year < 2000:
        raise _Fault("hour", f"«{text}» es anterior a 2000: el reloj del equipo está mal")
    return moment


def _number(row: dict[str, str], name: str) -> Decimal:
    try:
        value = Decimal(row[name])
    except InvalidOperation:
        raise _Fault(name, f"«{row[name]}» no es un número con punto decimal" if row[name] else "está vacío") from None
    if not value.is_finite() or abs(value) >= LARGEST:
        raise _Fault(name, f"«{row[name]}» no es un valor posible")
    if value < 0:
        raise _Fault(name, f"«{row[name]}» es negativo")
    return value
