"""`caudal reconcile`: source against warehouse, by entity, day and state, down to the ids that explain a difference.

    from sources.reconciliation import reconcile
    results = reconcile(["account_move"], since=date(2026, 10, 1))

Reads the source (a transport's `tallies`, `ids`, `rows`, `existing`), `raw.*`, `ops.watermark` and `ops.quarantine`;
writes `ops.reconciliation` and `ops.reconciliation_detail`.
"""

from sources.reconciliation.check import EntityCheck, reconcile
from sources.reconciliation.compare import Tolerance

__all__ = ["EntityCheck", "Tolerance", "reconcile"]
