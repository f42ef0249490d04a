"""Companies, users, ids, and who wrote a row when."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from demo.utility import copying as out

COMPANY, OTHER_COMPANY = 1, 2
SET_UP = int((datetime(2019, 3, 4, 14, 25, 11) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000 + 483_120  # the day the system was installed
# login, name, company, active; ids from 1
USERS = [("__system__", "OdooBot", 1, False), ("admin", "Administrador", 1, True), ("caudal", "Replicación Caudal", 1, True),
         ("facturacion", "Nurys Bretón", 1, True), ("gerencia", "Lic. Pedro Ant. Capellán", 1, True), ("caja", "Caja Moca", 1, True),
         ("exempleado", "Usuario retirado", 1, False), ("otra", "Administrador Joba", 2, True)]


def stamps(created: np.ndarray | int, count: int, uid: int = 2, written: np.ndarray | None = None) -> dict[str, out.Column]:
    """create_date, write_date (the same unless `written` is given) and who; µs of UTC."""
    moments = out.moments(np.broadcast_to(np.asarray(created, dtype=np.int64), (count,)))
    return {"create_date": moments, "write_date": moments if written is None else out.moments(written), "create_uid": str(uid), "write_uid": str(uid)}


def ids_from(count: int, first: int = 1) -> list[str]:
    """`count` ids in a row."""
    return [str(i) for i in range(first, first + count)]
