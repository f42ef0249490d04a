"""How large the next page is: smaller when Odoo gave no whole answer, larger again when it has answered for a while."""

from __future__ import annotations

import threading

PAGE_ROWS = 2_000  # measured on Odoo 18: larger pages gain nothing
LEAST_ROWS = 15
GROW_AFTER = 30  # a page that is too large costs Odoo a killed worker, so it is seldom tried again


class PageSize:
    """The page size of one entity in one run, shared by the threads that read it."""

    def __init__(self, rows: int = PAGE_ROWS) -> None:
        self.largest = self.rows = rows
        self.halvings = 0
        self._clean = 0
        self._lock = threading.Lock()

    def failed(self, rows: int) -> None:
        """A page of this many rows was not answered: halve, unless another thread has already."""
        with self._lock:
            self._clean = 0
            if rows <= self.rows > LEAST_ROWS:
                self.rows = max(LEAST_ROWS, rows // 2)
                self.halvings += 1

    def worked(self) -> None:
        """A page came whole."""
        with self._lock:
            self._clean += 1
            if self._clean >= GROW_AFTER and self.rows < self.largest:
                self.rows = min(self.largest, self.rows * 2)
                self._clean = 0
