"""How each bill of the last year reached the customer: by e-mail, by WhatsApp, or printed and carried by a courier. Older ones were purged."""

from __future__ import annotations

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import POSTED, Books
from demo.utility.ledger import HOUR_US, INVOICE
from demo.utility.operations_base import NOW, at_hour
from demo.utility.stamps import ids_from, stamps

MONTHS_KEPT = 12
CHANNELS = ["email", "print", "whatsapp"]
EMAIL, PRINT, WHATSAPP = range(3)
STATES = ["sent", "delivered", "failed", "bounced"]
SENT, DELIVERED, FAILED, BOUNCED = range(4)
REASONS = ["buzon_inexistente", "buzon_lleno", "numero_sin_whatsapp", "direccion_no_encontrada", "inmueble_cerrado"]
COURIERS = ["Mensajería Espaillat", "Motoenvíos Moca"]
PHONE_SHARE = 0.45  # of those with a mobile and no e-mail
LOST_SHARE = np.array([0.015, 0.02, 0.012])  # by channel


def write_deliveries(conn: Connection, rows: dict[str, int], books: Books, rng: np.random.Generator) -> None:
    """COPY water_bill_delivery: one row for each posted invoice of the months kept."""
    first = books.calendar.month_numbers[max(len(books.calendar) - MONTHS_KEPT, 0)]
    bill = np.flatnonzero((books.kind == INVOICE) & (books.doc_state == POSTED) & (books.issued >= first))
    bill = bill[np.argsort(books.doc_move[bill], kind="stable")]
    count, contract, issued = len(bill), books.doc_contract[bill], books.issued[bill]
    channel = _channels(books, rng)[contract]
    printed = channel == PRINT
    sent = np.where(printed, at_hour(issued + 1, 7.5), at_hour(issued, 8)) + np.arange(count) * 7_919_000 % (2 * HOUR_US)
    took = np.where(printed, 5 * HOUR_US + rng.integers(0, 75 * HOUR_US, count), rng.integers(2, 40, count) * 1_000_000)
    lost = rng.random(count) < LOST_SHARE[channel]
    known = sent + took <= NOW
    state = np.select([~known, lost & (channel == EMAIL), lost], [SENT, BOUNCED, FAILED], DELIVERED)
    reason = np.select([state == BOUNCED, (state == FAILED) & printed, state == FAILED], [contract % 2, 3 + contract % 2, 2], -1)
    rows["water_bill_delivery"] = out.copy_rows(conn, "water_bill_delivery", {
        "id": ids_from(count), **stamps(sent, count, 1, np.where(known, sent + took, sent)), "move_id": out.integers(books.doc_move[bill]),
        "contract_id": out.integers(contract + 1), "channel": out.pick(CHANNELS, channel), "sent_at": out.moments(sent),
        "delivered_at": out.moments(np.where(state == DELIVERED, sent + took, -1)),
        "state": out.pick(STATES, state), "reason": out.pick(REASONS, reason),
        "courier": out.pick(COURIERS, np.where(printed, contract % len(COURIERS), -1)),
    })


def _channels(books: Books, rng: np.random.Generator) -> np.ndarray:
    """How each contract's bills are sent: as its customer asked, or printed."""
    people = books.people
    by_mail = np.array([*people.by_mail, False])[people.of_contract]
    mobile = np.array([*(m is not None for m in people.mobile), False])[people.of_contract]
    return np.select([by_mail, mobile & (rng.random(len(people.of_contract)) < PHONE_SHARE)], [EMAIL, WHATSAPP], PRINT)
