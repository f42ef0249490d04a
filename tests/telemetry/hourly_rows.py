"""Rows of an hourly file."""

from __future__ import annotations


def hours(flow: float, count: int = 4, meter: str = "T-1", start: int = 0) -> list[str]:
    """Rows of one meter on 1 March, its counter running from 100."""
    return [f"{meter},2026-03-01T{h:02d}:00,{flow},{100 + flow * (h + 1)}" for h in range(start, start + count)]
