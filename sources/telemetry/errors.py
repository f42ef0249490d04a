"""What stops a load of telemetry as a whole. Single bad rows are no error: they go to quarantine."""


class TelemetryError(RuntimeError):
    """The folder, or a file that describes the network, cannot be used; the message (Spanish) says what to do."""
