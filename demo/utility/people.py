"""Customers: names, identification numbers (most valid), duplicates with typos, and the partners of users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from stdnum import luhn
from stdnum.do import rnc

from demo.utility.catalogue import catalogue
from demo.utility.network import Network

CEDULA, RNC, PASSPORT, NONE = 0, 1, 2, -1  # index into the identification types
DUPLICATE_SHARE, OWNS_SEVERAL, INVALID_SHARE = 0.02, 0.06, 0.012
# What people really type into a name or an address: it must survive every hop.
UGLY_NAMES = [
    'Colmado "La Bendición" & Hijos', "Ñúñez\tPeña, José  ", "Salón D'Aliza 💇‍♀️✨", "María de los Ángeles\nRojas (viuda)",
    "Repuestos C:\\Moca\\taller|2",
    "  altagracia DE LA CRUZ  ", "O'Reilly; DROP TABLE clientes;--", "Iglesia \u200bPentecostal “Roca Eterna”",
]


@dataclass
class People:
    """Rows of customers; `of_contract`: the row of each contract's customer (−1: nobody)."""

    name: list[str]
    vat: list[str | None]
    id_type: list[int]
    is_company: list[bool]
    taxpayer: list[str | None]
    phone: list[str | None]
    mobile: list[str | None]
    email: list[str | None]
    street: list[str | None]
    fraud: list[bool]
    by_mail: list[bool]
    consent: list[bool]  # to be written to by mass mailings
    active: list[bool]
    of_contract: np.ndarray

    def __len__(self) -> int:
        return len(self.name)


def build_people(net: Network, rng: np.random.Generator) -> People:
    """A customer for each contract, some with several contracts, some entered twice."""
    people = People(*([] for _ in range(13)), of_contract=np.full(len(net), -1))
    u = rng.random((len(net), 4))
    for c, user_type in enumerate(net.user_type.tolist()):
        if c > 5 and user_type == 0 and u[c, 0] < OWNS_SEVERAL:
            people.of_contract[c] = people.of_contract[int(u[c, 1] * c)]
            people.of_contract[c] = max(people.of_contract[c], 0)
        elif c > 5 and user_type == 0 and u[c, 0] < OWNS_SEVERAL + DUPLICATE_SHARE:
            people.of_contract[c] = _duplicate(people, int(u[c, 1] * len(people)), rng)
        else:
            people.of_contract[c] = _person(people, user_type, rng)
    people.of_contract[len(net) // 4] = -1  # nobody entered the customer
    _make_ugly(people, rng)
    return people


def _word(words: list[str], rng: np.random.Generator) -> str:
    return words[int(rng.random() * len(words))]


def _person(people: People, user_type: int, rng: np.random.Generator) -> int:
    spec = catalogue()
    surname, other = _word(spec["surnames"], rng), _word(spec["surnames"], rng)
    u = rng.random(9)
    company = user_type != 0 and not (user_type == 1 and u[0] < 0.35)
    if user_type == 0:
        second = f" {_word(spec['first_names'], rng)}" if u[1] < 0.45 else ""
        name = f"{_word(spec['first_names'], rng)}{second} {surname} {other}"
    else:
        kind = _word(spec[["", "shops", "industries", "government"][user_type]], rng)
        tail = "" if user_type == 3 or u[2] < 0.5 else " SRL"
        name = f"{kind} {_word(spec['first_names'], rng)} {surname}{tail}"
    if company:
        id_type, vat = RNC, _rnc(rng, "4" if user_type == 3 else "1")
    elif u[3] < 0.93:
        id_type, vat = CEDULA, _cedula(rng)
    elif u[3] < 0.945:
        id_type, vat = PASSPORT, f"{'ABCHPR'[int(u[4] * 6)]}{int(u[5] * 9e6) + 1_000_000}"
    else:
        id_type, vat = NONE, None
    phone = f"809-578-{int(u[6] * 10_000):04d}" if u[6] < 0.55 else None
    mobile = f"{['809', '829', '849'][int(u[7] * 3)]}-{int(rng.random() * 900) + 100}-{int(u[8] * 10_000):04d}" if u[7] < 0.85 else None
    mail = u[8] < 0.4
    ascii_name = f"{surname}.{len(people)}".lower().encode("ascii", "ignore").decode().replace(" ", "")
    people.name.append(name)
    people.vat.append(vat)
    people.id_type.append(id_type)
    people.is_company.append(company)
    people.taxpayer.append("governmental" if user_type == 3 else "taxpayer" if company and u[4] < 0.8 else "non_payer")
    people.phone.append(phone)
    people.mobile.append(mobile)
    people.email.append(f"{ascii_name}@ejemplo.do" if mail else None)
    people.street.append(f"{_word(spec['streets'], rng)} No. {int(u[5] * 180) + 1}")
    people.fraud.append(bool(u[2] < 0.012))
    people.by_mail.append(bool(mail and u[4] < 0.6))
    people.consent.append(people.by_mail[-1] or len(people) % 9 < 5)  # by rule: a draw would move all others
    people.active.append(bool(u[1] < 0.985))
    return len(people) - 1


def _cedula(rng: np.random.Generator) -> str:
    series = ["055", "054", "031", "402", "001", "039"][int(rng.random() ** 2 * 6)]
    body = f"{series}{int(rng.random() * 10_000_000):07d}"
    vat = body + luhn.calc_check_digit(body)
    u = rng.random()
    if u < INVALID_SHARE:
        return vat[:-1] + str((int(vat[-1]) + 3) % 10)
    return f"{vat[:3]}-{vat[3:10]}-{vat[10]}" if u > 0.92 else vat


def _rnc(rng: np.random.Generator, first: str) -> str:
    body = f"{first}{int(rng.random() * 10_000_000):07d}"
    u = rng.random()
    vat = body + rnc.calc_check_digit(body)
    if u < INVALID_SHARE:
        return vat[:-1] + str((int(vat[-1]) + 4) % 10)
    return f"{vat[0]}-{vat[1:3]}-{vat[3:8]}-{vat[8]}" if u > 0.95 else vat


def _duplicate(people: People, of: int, rng: np.random.Generator) -> int:
    """The same person entered again: a letter lost or swapped, the number with dashes or without, no phone."""
    name = people.name[of]
    k = 1 + int(rng.random() * (len(name) - 2))
    name = name[:k] + name[k + 1:] if rng.random() < 0.5 else name[:k - 1] + name[k] + name[k - 1] + name[k + 1:]
    vat = people.vat[of]
    for column in (people.id_type, people.is_company, people.taxpayer, people.mobile, people.street):
        column.append(column[of])
    people.name.append(name.upper() if rng.random() < 0.4 else name)
    people.vat.append(vat.replace("-", "") if vat and rng.random() < 0.8 else None)
    people.phone.append(None)
    people.email.append(None)
    people.fraud.append(False)
    people.by_mail.append(False)
    people.consent.append(False)
    people.active.append(True)
    return len(people) - 1


def _make_ugly(people: People, rng: np.random.Generator) -> None:
    rows = rng.choice(np.arange(6, len(people)), len(UGLY_NAMES), replace=False)
    for row, name in zip(rows.tolist(), UGLY_NAMES, strict=True):
        people.name[row] = name
    people.street[int(rows[0])] = "C/ Duarte #12,\n\tesq. \"El Conde\" \\ 2do. piso"
    people.active[int(rows[5])] = False
