"""What goes wrong in alerts."""

from __future__ import annotations


class AlertsError(RuntimeError):
    """Base of the errors of this package."""


class RuleError(AlertsError):
    """A rule file is wrong; the message has one line for each mistake: file:line: field: what to do."""


class RulesNotEvaluated(AlertsError):
    """Some rules could not be evaluated. The others were, and their incidents are committed; `changes` holds them."""

    def __init__(self, problems: dict[str, str], changes: list) -> None:
        super().__init__("Rules that could not be evaluated:\n" + "\n".join(f"- {rule}: {reason}" for rule, reason in problems.items()))
        self.changes = changes


class DeliveryFailed(AlertsError):
    """Some messages were not delivered. They stay in `ops.alert_message` and go out with the next evaluation; `changes` is committed."""

    def __init__(self, errors: list[str], changes: list) -> None:
        super().__init__(f"{len(errors)} message(s) not delivered, kept for the next evaluation: " + "; ".join(sorted(set(errors))))
        self.changes = changes
