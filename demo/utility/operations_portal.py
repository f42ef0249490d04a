"""What customers did in the virtual office: every online payment, what came before it, claims made there, and visits without a payment."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import Books
from demo.utility.catalogue import TODAY, catalogue, day_number
from demo.utility.ledger import HOUR_US
from demo.utility.operations_base import MINUTE_US, NOW, at_hour
from demo.utility.service_tables import claims_in_order
from demo.utility.stamps import ids_from, stamps

KINDS = ["login", "view_bill", "pay", "claim", "update_data", "download"]
LOGIN, VIEW, PAY, CLAIM, UPDATE, DOWNLOAD = range(6)
VISITS = 0.06  # visits without a payment, of the contracts, each month
CLAIMS_ONLINE = 4  # one claim in so many
FAILED_SHARE, WRONG_PASSWORD = 0.035, 0.03


def write_portal(conn: Connection, rows: dict[str, int], books: Books, rng: np.random.Generator) -> None:
    """COPY water_virtual_office_action, in the order in which things happened."""
    online = [c["code"] for c in catalogue()["channels"] if c["kind"] != "sale"].index("ENLIN")
    paid = np.flatnonzero((books.channel == online) & (books.reversal_of < 0))
    contract, moment = books.pay_contract[paid], books.paid_at[paid]
    before = rng.integers(90, 400, len(paid)) * 1_000_000
    viewed, refused = rng.random(len(paid)) < 0.55, rng.random(len(paid)) < FAILED_SHARE
    visitor, visited = _visits(books, rng)
    claims = [(k[0], k[2]) for i, k in enumerate(claims_in_order(books.ledger)) if i % CLAIMS_ONLINE == 0]
    claimant, day = np.array(claims, dtype=np.int64).reshape(-1, 2).T
    claimed = at_hour(day, 9) - MINUTE_US  # the office opens the claim after it
    what = rng.choice([VIEW, UPDATE, DOWNLOAD], len(visitor), p=[0.6, 0.08, 0.32])
    parts = [  # kind, contract, moment, failed
        (LOGIN, contract, moment - before, False), (VIEW, contract[viewed], (moment - before // 2)[viewed], False), (PAY, contract, moment, False),
        (PAY, contract[refused], (moment - before // 3)[refused], True), (LOGIN, visitor, visited, False),
        (what, visitor, visited + 40_000_000, False), (LOGIN, claimant, claimed - 3 * MINUTE_US, False), (CLAIM, claimant, claimed, False),
    ]
    kind, who, when, failed = (np.concatenate([np.broadcast_to(np.asarray(p[i]), p[1].shape) for p in parts]) for i in range(4))
    mistaken = np.flatnonzero((kind == LOGIN) & (rng.random(len(kind)) < WRONG_PASSWORD))
    kind, who = np.concatenate([kind, kind[mistaken]]), np.concatenate([who, who[mistaken]])
    when, failed = np.concatenate([when, when[mistaken] - 25_000_000]), np.concatenate([failed, np.ones(len(mistaken), bool)])
    order = np.lexsort([kind, who, when])
    order = order[when[order] <= NOW]
    kind, who, when, failed = kind[order], who[order], when[order], failed[order]
    rows["water_virtual_office_action"] = out.copy_rows(conn, "water_virtual_office_action", {
        "id": ids_from(len(kind)), **stamps(when, len(kind), 1), "contract_id": out.integers(who + 1), "kind": out.pick(KINDS, kind),
        "happened_at": out.moments(when), "channel": out.pick(["web", "app"], (who % 5 < 2).astype(int)),
        "result": out.pick(["ok", "failed"], failed.astype(int)),
    })


def _visits(books: Books, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Contract and moment of the visits in which nothing was paid, while the contract was in force."""
    net, first, today = books.net, int(books.calendar.month_numbers[0]), day_number(TODAY)
    count = int(len(net) * len(books.calendar) * VISITS)
    contract, day = rng.integers(0, len(net), count), rng.integers(first, today, count)
    ended = np.array(books.ledger.ended)[contract]
    there = (net.started_day[contract] <= day) & ((ended < 0) | (day < ended))
    return contract[there], at_hour(day[there], 6) + rng.integers(0, 17 * HOUR_US, int(there.sum()))
