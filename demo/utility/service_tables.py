"""Tables of customer service: cut orders, claims, agreements and their instalments."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.catalogue import TODAY, day_number
from demo.utility.ledger import DAY_US, HOUR_US, Ledger
from demo.utility.operations_claims import claim_outcome
from demo.utility.stamps import ids_from, stamps


def cuts_in_order(ledger: Ledger) -> list[tuple[int, str, str, int, int]]:
    """Cut orders in the order of their ids."""
    return sorted(ledger.cuts, key=lambda k: (k[3], k[0]))


def claims_in_order(ledger: Ledger) -> list[tuple[int, str, int, int, int]]:
    """Claims in the order of their ids."""
    return sorted(ledger.claims, key=lambda k: (k[2], k[0]))


def write_service(conn: Connection, rows: dict[str, int], ledger: Ledger) -> None:
    """Cut orders, claims, agreements and their instalments."""
    today = day_number(TODAY)
    cuts = cuts_in_order(ledger)
    ordered = np.array([k[3] for k in cuts], dtype=np.int64)
    executed = np.array([k[4] for k in cuts], dtype=np.int64)
    noise = np.arange(len(cuts)) * 7_654_321 % (5 * HOUR_US)
    created = ordered * DAY_US + 13 * HOUR_US + noise
    rows["water_cut_order"] = out.copy_rows(conn, "water_cut_order", {
        "id": ids_from(len(cuts)), **stamps(created, len(created), 4,
                 np.maximum(created, np.where(executed >= 0, executed * DAY_US + 19 * HOUR_US + noise, 0))),
        "contract_id": [str(k[0] + 1) for k in cuts], "kind": [k[1] for k in cuts], "state": [k[2] for k in cuts],
        "ordered_on": out.days(ordered), "executed_on": out.days(executed),
    })
    claims = claims_in_order(ledger)
    opened = np.array([k[2] * DAY_US + 13 * HOUR_US + k[0] * 31_415_926 % (7 * HOUR_US) for k in claims], dtype=np.int64)
    closed = np.array([k[3] * DAY_US + 20 * HOUR_US + k[0] % 3600 if k[3] >= 0 else -1 for k in claims], dtype=np.int64)
    rows["water_claim"] = out.copy_rows(conn, "water_claim", {
        "id": ids_from(len(claims)), **stamps(opened, len(opened), 4, np.maximum(opened, closed)),
        "contract_id": [str(k[0] + 1) for k in claims], "kind": [k[1] for k in claims], "state": ["closed" if k[3] >= 0 else "open" for k in claims],
        "opened_at": out.moments(opened), "closed_at": out.moments(closed), "founded": out.pick(["f", "t"], [k[4] for k in claims]),
        **claim_outcome(ledger, claims, opened),
    })
    agreements = ledger.agreements
    ids = np.empty(len(agreements), np.int64)
    ids[np.lexsort([[a[0] for a in agreements], [a[1] for a in agreements]])] = np.arange(1, len(agreements) + 1)
    by_id = [agreements[i] for i in np.argsort(ids).tolist()]
    signed = np.array([a[1] for a in by_id], dtype=np.int64)
    last = np.array([max([i[2] for i in a[5]] + [a[1]] + [i[0] for i in a[5] if i[3] == "overdue"]) for a in by_id], dtype=np.int64)
    rows["water_agreement"] = out.copy_rows(conn, "water_agreement", {
        "id": ids_from(len(by_id)), **stamps(signed * DAY_US + 15 * HOUR_US + 12_345, len(signed), 4,
                 np.minimum(last, today) * DAY_US + 16 * HOUR_US + 12_345), "contract_id": [str(a[0] + 1) for a in by_id],
        "name": [f"CONV/{i:05d}" for i in range(1, len(by_id) + 1)], "signed_on": out.days(signed), "amount": out.cents([a[2] for a in by_id]),
        "down_payment": out.cents([a[3] for a in by_id]), "state": [a[4] for a in by_id],
    })
    parts = [(k, a[1], sequence, *instalment) for k, a in enumerate(by_id, 1) for sequence, instalment in enumerate(a[5], 1)]
    made = np.array([p[1] for p in parts], dtype=np.int64) * DAY_US + 15 * HOUR_US + 12_345
    paid = np.array([p[5] for p in parts], dtype=np.int64)
    due = np.array([p[3] for p in parts], dtype=np.int64)
    changed = np.where(paid >= 0, paid, np.where(due < today, due + 1, 0)) * DAY_US + 16 * HOUR_US + 98_765
    rows["water_agreement_instalment"] = out.copy_rows(conn, "water_agreement_instalment", {
        "id": ids_from(len(parts)), **stamps(made, len(made), 4, np.maximum(made, changed)),
        "agreement_id": [str(p[0]) for p in parts], "sequence": [str(p[2]) for p in parts], "due_on": out.days(due),
        "amount": out.cents([p[4] for p in parts]),
        "paid_on": out.days(paid), "state": [p[6] for p in parts],
    })
