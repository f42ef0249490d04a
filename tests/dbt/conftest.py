"""Both sides of the marts as a warehouse has them that is built every day."""

from __future__ import annotations

import pytest
from incremental_lab import settle

from caudal import warehouse


@pytest.fixture(scope="module")
def both_sides(built: object) -> None:
    """Each side is whole, has read all of raw and is tested: the next build is one of a day without changes."""
    with warehouse.connect(autocommit=True) as conn:
        # what came after a run that is open is read again until it ends: one that a test before this one had killed would never end
        conn.execute("update ops.run set status = 'failed', ended_at = now() where status = 'running'")
        settle(conn, tested=True)
