"""The tariff as the catalogue has it, sheet by sheet; and the contracts whose tariff changed.

A contract is billed by its present user type through the whole history, so changes took effect before it begins, or will after it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import TODAY, catalogue, day_number
from demo.utility.network import USER_TYPES
from demo.utility.operations_base import at_hour, since_set_up, uid
from demo.utility.stamps import SET_UP, ids_from, stamps
from demo.utility.tariff import BLOCKS, tariff

REASONS = ["cambio_uso", "error_categoria", "solicitud_cliente"]
SHARE, COMING = 0.006, 2  # of the contracts; changes that are authorised and wait for their month
COMES_ON = date(2026, 12, 1)


@dataclass
class Changes:
    """Tariff changes, in the order in which they took effect; tariffs are indexes into USER_TYPES."""

    contract: np.ndarray
    before: np.ndarray
    after: np.ndarray
    effective: np.ndarray
    asked: np.ndarray  # day of the request


def draw_changes(books: Books, rng: np.random.Generator) -> Changes:
    """Some old contracts that became what they are, and two homes that become shops next month."""
    net, first = books.net, int(books.calendar.month_numbers[0])
    earliest = np.maximum(net.started_day + 60, day_number(date(2019, 4, 1)))
    old = np.flatnonzero((earliest < first - 60) & (net.user_type < 2))
    rng.shuffle(old)
    picked = old[np.argsort(net.user_type[old] == 0, kind="stable")][:max(int(len(net) * SHARE), 3)]  # mostly homes that became shops
    homes = np.flatnonzero((net.user_type == 0) & (np.array(books.ledger.state) == "active"))
    coming = homes[len(homes) // 3 :: max(len(homes) // 3, 1)][:COMING]
    effective = np.concatenate([earliest[picked] + (rng.random(len(picked)) * (first - 45 - earliest[picked])).astype(int),
                                np.full(len(coming), day_number(COMES_ON))])
    contract = np.concatenate([picked, coming])
    after = np.concatenate([net.user_type[picked], np.ones(len(coming), int)])
    order = np.lexsort([contract, effective])
    asked = np.minimum(effective - 18, day_number(TODAY) - 8) - contract % 9
    return Changes(contract[order], 1 - after[order], after[order], effective[order], asked[order])


def write_tariffs(conn: Connection, rows: dict[str, int], changes: Changes, requests: dict[tuple[str, int], int]) -> None:
    """COPY the tariffs, their blocks and their changes; `requests`: id of the request (kind, contract) behind each."""
    rows["water_tariff"] = out.copy_rows(conn, "water_tariff", {
        "id": ids_from(len(USER_TYPES)), **stamps(SET_UP, len(USER_TYPES)), "active": "t",
        "name": [f"Tarifa {catalogue()['user_types'][u]['name'].lower()}" for u in USER_TYPES], "code": [f"T-{u}" for u in USER_TYPES],
        "user_type_id": ids_from(len(USER_TYPES)), "minimum_m3": [str(catalogue()["user_types"][u]["minimum_m3"]) for u in USER_TYPES],
    })
    blocks = [*_blocks()]
    created = since_set_up(np.array([at_hour(day_number(b[5]), 9) for b in blocks], dtype=np.int64))
    rows["water_tariff_block"] = out.copy_rows(conn, "water_tariff_block", {
        "id": ids_from(len(blocks)), **stamps(created, len(blocks)), "tariff_id": [str(b[0]) for b in blocks],
        "sequence": [str(b[1]) for b in blocks],
        "from_m3": [str(b[2]) for b in blocks], "to_m3": [out.NULL if b[3] is None else str(b[3]) for b in blocks],
        "price": out.cents([b[4] for b in blocks]), "valid_from": [b[5].isoformat() for b in blocks],
        "valid_to": [b[6].isoformat() if b[6] else out.NULL for b in blocks],
    })
    count = len(changes.contract)
    decided = since_set_up(at_hour(changes.asked + 6, 11) + changes.contract * 1_009)
    rows["water_tariff_change"] = out.copy_rows(conn, "water_tariff_change", {
        "id": ids_from(count), **stamps(decided, count, 4), "contract_id": out.integers(changes.contract + 1),
        "from_tariff_id": out.integers(changes.before + 1), "to_tariff_id": out.integers(changes.after + 1),
        "request_id": out.integers([requests["tariff_change", c] for c in changes.contract.tolist()]), "effective_on": out.days(changes.effective),
        "reason": out.pick(REASONS, changes.contract % len(REASONS)), "authorised_by": str(uid("gerencia")),
    })


def _blocks():
    """(tariff id, sequence, from m³, to m³ or None, cents, valid from, valid to or None), sheet by sheet."""
    starts = sorted(catalogue()["tariff_factors"])
    for begins, until in zip(starts, [*starts[1:], None], strict=True):
        for t, code in enumerate(USER_TYPES, 1):
            sheet = tariff(code, begins)
            limits = [limit for limit, _ in catalogue()["user_types"][code]["blocks"]]
            for k in range(BLOCKS):
                yield t, k + 1, limits[k - 1] if k else 0, limits[k], sheet.prices[k], begins, until - timedelta(days=1) if until else None
