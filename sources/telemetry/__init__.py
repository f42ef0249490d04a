"""Telemetry of inlet and sector meters: hourly CSV files in a folder → raw.telemetry_hour. See README.md."""

from __future__ import annotations

from sources.telemetry.load import TelemetryError, TelemetryResult, load

__all__ = ["TelemetryError", "TelemetryResult", "load"]
