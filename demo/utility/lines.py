"""account_move_line: water by blocks of the tariff, sewer, other concepts, tax, and the receivable line of every move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.books import STATES, Books, at
from demo.utility.catalogue import catalogue
from demo.utility.ledger import CANCELLED, DRAFT, INVOICE, REFUND, SEWER, WATER
from demo.utility.masters import ACCOUNTS, CONCEPTS
from demo.utility.network import USER_TYPES
from demo.utility.stamps import COMPANY
from demo.utility.tariff import BLOCKS, share_of, tariff

PRODUCT, TERM, TAX = range(3)
DISPLAY = ["product", "payment_term", "tax"]
SLICE = 100_000  # lines turned into text at a time
Part = list[np.ndarray]  # owner, is_pay, seq, display, concept, account, quantity, price, subtotal, tax, balance, residual


def write_lines(conn: Connection, books: Books) -> tuple[int, np.ndarray, np.ndarray]:
    """COPY account_move_line. Returns the rows written, and the id of the receivable line of each document and of each payment."""
    parts = [*_water(books), _extras(books), _taxes(books), _terms(books), *_money(books)]
    owner, is_pay, seq, *values = (np.concatenate(c) for c in zip(*parts, strict=True))
    move = np.where(is_pay == 1, at(books.pay_move, owner, is_pay == 1), at(books.doc_move, owner, is_pay == 0))
    order = np.lexsort([seq, move])
    owner, pay, move = owner[order], is_pay[order] == 1, move[order]
    values = [v[order] for v in values]
    ids = books.gapped(len(move))
    headers = _headers(books)
    who = np.where(pay, owner + len(books.kind), owner)  # one index over documents and payments
    names = _names(books, owner, pay, *values[:2])
    for start in range(0, len(move), SLICE):
        part = slice(start, start + SLICE)
        columns = _text(ids[part], move[part], pay[part], at(books.pay_id, owner, pay)[part], *(v[part] for v in values))
        columns |= {name: words[who[part]].tolist() for name, words in headers.items()}
        maturity = np.where(values[0][part] == TERM, headers["date_maturity"][who[part]], out.NULL).tolist()
        out.copy_rows(conn, "account_move_line", columns | {"name": names[part].tolist(), "date_maturity": maturity})
    term = values[0] == TERM
    doc_term, pay_term = np.zeros(len(books.kind), np.int64), np.zeros(len(books.amount), np.int64)
    doc_term[owner[term & ~pay]], pay_term[owner[term & pay]] = ids[term & ~pay], ids[term & pay]
    return len(move), doc_term, pay_term


def _headers(books: Books) -> dict[str, np.ndarray]:
    """What a line repeats of its move, as text over documents and then payments."""
    pairs = {
        "create_date": (out.moments(books.doc_created), out.moments(books.pay_created)),
        "write_date": (out.moments(books.doc_written), out.moments(books.pay_written)),
        "partner_id": (out.integers(books.partner(books.doc_contract)), out.integers(books.partner(books.pay_contract))),
        "parent_state": (out.pick(STATES, books.doc_state), out.pick(STATES, books.annulled.astype(int))),
        "move_name": (books.doc_name, books.pay_name),
        "date": (out.days(books.issued), out.days(books.pay_day)),
        "date_maturity": (out.days(books.due), out.days(books.pay_day)),
    }
    return {name: np.array([*of_docs, *of_pays], dtype=object) for name, (of_docs, of_pays) in pairs.items()}


def _text(ids, move, pay, payment, display, concept, account, quantity, price, subtotal, tax, balance, residual) -> dict[str, out.Column]:
    """The columns of a slice of lines that are their own."""
    term, product = display == TERM, (display == PRODUCT) & ~pay
    return {
        "id": out.integers(ids), "company_id": str(COMPANY), "create_uid": "1", "write_uid": "1", "move_id": out.integers(move),
        "account_id": out.integers(account), "product_id": out.integers(np.where(product, concept + 1, -1)),
        "display_type": out.pick(DISPLAY, display),
        "quantity": out.integers(quantity), "price_unit": _or_null(price, product), "price_subtotal": _or_null(subtotal, product),
        "price_total": _or_null(subtotal + tax, product), "debit": out.cents(np.maximum(balance, 0)), "credit": out.cents(np.maximum(-balance, 0)),
        "balance": out.cents(balance), "amount_residual": out.cents(residual), "reconciled": out.booleans(term & (residual == 0)),
        "payment_id": out.integers(np.where(pay, payment, -1)),
    }


def _part(owner, display, concept, account, quantity, price, subtotal, tax, balance, residual=0, is_pay=0, seq=0) -> Part:
    """One part of the lines: arrays or scalars, made the length of `owner`."""
    fields = (owner, is_pay, seq, display, concept, account, quantity, price, subtotal, tax, balance, residual)
    return [np.broadcast_to(np.asarray(f, dtype=np.int64), (len(owner),)) for f in fields]


def _water(books: Books) -> Iterator[Part]:
    """WATER by blocks of the tariff, and SEWER, for invoices and for corrections of their m³."""
    before = np.where(np.isin(books.kind, [INVOICE, CANCELLED, DRAFT]), books.m3, 0)
    after = np.zeros_like(before)
    for i, doc in enumerate(books.ledger.docs):
        if doc.kind == REFUND and doc.water:
            before[i], after[i] = doc.water
    blocks = np.zeros((len(before), BLOCKS), np.int64)
    prices = np.zeros((len(before), BLOCKS), np.int64)
    charge = np.zeros((len(before), 2), np.int64)
    key = books.net.user_type[books.doc_contract] * 1000 + books.doc_month
    for k in np.unique(key).tolist():
        rows = np.flatnonzero(key == k)
        sheet = tariff(USER_TYPES[k // 1000], books.calendar.first_days[k % 1000])
        blocks[rows] = sheet.split(before[rows]) - sheet.split(after[rows])
        prices[rows] = sheet.prices
        charge[rows, 0], charge[rows, 1] = sheet.charge(before[rows]), sheet.charge(after[rows])
    for b in range(BLOCKS):
        rows = np.flatnonzero(blocks[:, b])
        amount = blocks[rows, b] * prices[rows, b]
        yield _part(rows, PRODUCT, WATER, ACCOUNTS["AGUA"], blocks[rows, b], prices[rows, b], amount, 0, books.sign(rows) * amount, seq=b)
    rate = round(catalogue()["sewer_share"] * 1000)
    sewer = np.where(books.net.has_sewer[books.doc_contract], share_of(charge[:, 0], rate) - share_of(charge[:, 1], rate), 0)
    rows = np.flatnonzero(sewer)
    yield _part(rows, PRODUCT, SEWER, ACCOUNTS["ALCA"], 1, sewer[rows], sewer[rows], 0, books.sign(rows) * sewer[rows], seq=10)


def _extras(books: Books) -> Part:
    flat = [(i, *extra) for i, doc in enumerate(books.ledger.docs) for extra in doc.extras]
    owner, concept, amount, tax = np.array(flat, dtype=np.int64).reshape(-1, 4).T
    account = np.array([ACCOUNTS[code] for code in CONCEPTS])[concept]
    return _part(owner, PRODUCT, concept, account, 1, amount, amount, tax, books.sign(owner) * amount, seq=20 + concept)


def _taxes(books: Books) -> Part:
    rows = np.flatnonzero(books.tax)
    return _part(rows, TAX, -1, ACCOUNTS["ITBIS"], -1, 0, 0, 0, books.sign(rows) * books.tax[rows], seq=30)


def _terms(books: Books) -> Part:
    rows = np.arange(len(books.kind))
    sign = -books.sign(rows)
    return _part(rows, TERM, -1, ACCOUNTS["CXC"], -1, 0, 0, 0, sign * books.total, sign * books.residual, seq=40)


def _money(books: Books) -> Iterator[Part]:
    """Of each payment's entry: the bank or cash side, and the receivable side with what is left to apply."""
    rows = np.arange(len(books.amount))
    sign = np.where(books.reversal_of >= 0, -1, 1)
    account = books.masters.cash_accounts[books.channel]
    yield _part(rows, PRODUCT, -1, account, -1, 0, 0, 0, sign * books.amount, 0, 1, 0)
    left = np.where(books.annulled, books.amount, books.left)
    yield _part(rows, TERM, -1, ACCOUNTS["CXC"], -1, 0, 0, 0, -sign * books.amount, -sign * left, 1, 1)


def _names(books: Books, owner: np.ndarray, pay: np.ndarray, display: np.ndarray, concept: np.ndarray) -> np.ndarray:
    months = [f" {d:%m/%Y}" for d in books.calendar.first_days]
    words = [f"{name}{month}" for name in books.masters.concept_names for month in months]
    label = np.array([*words, "ITBIS 18%", "Pago de cliente", out.NULL], dtype=object)
    month = np.where(pay, 0, at(books.doc_month, owner, ~pay))
    index = np.where(pay, -2, np.where(display == TAX, -3, np.where(display == TERM, -1, concept * len(months) + month)))
    return label[index]


def _or_null(values: np.ndarray, where: np.ndarray) -> list[str]:
    """Cents where it applies, NULL elsewhere."""
    found = np.array(out.cents(np.where(where, values, 0)), dtype=object)
    found[~where] = out.NULL
    return found.tolist()
