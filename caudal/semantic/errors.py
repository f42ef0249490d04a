"""Errors of the semantic layer. Each message says which metric, which file, and what to do."""


class SemanticError(Exception):
    """Base of every error raised by `caudal.semantic`."""


class ManifestMissing(SemanticError):
    """The semantic manifest has not been generated yet."""


class MetricMetaError(SemanticError):
    """A metric's `config.meta` lacks a field, or holds a value of the wrong kind."""


class UnknownMetric(SemanticError):
    """A name that is no metric of the layer."""


class UnknownDimension(SemanticError):
    """A column to group or filter by that is no dimension of the metric's semantic model."""


class UntranslatableMetric(SemanticError):
    """A metric that a translator cannot express exactly. It is never approximated."""

    def __init__(self, metric: str, reason: str):
        super().__init__(f"metric {metric!r} cannot be translated exactly: {reason}")
        self.metric = metric
        self.reason = reason


class InvalidFilter(SemanticError):
    """A filter text that is not understood, or compares a dimension with a value it cannot have."""
