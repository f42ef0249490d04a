"""Tables that are not money moving: companies, catalogues, users and customers; calls those of the network and of customer service."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.catalogue import TODAY, Calendar, catalogue, day_number
from demo.utility.consumption import Consumption
from demo.utility.ledger import DAY_US, HOUR_US, Ledger
from demo.utility.network import USER_TYPES, Network
from demo.utility.network_tables import write_contracts, write_meters, write_places, write_readings
from demo.utility.numbering import DOCUMENT_TYPES
from demo.utility.people import People
from demo.utility.service_tables import write_service
from demo.utility.stamps import COMPANY, OTHER_COMPANY, SET_UP, USERS, ids_from, stamps

CONCEPTS = ["AGUA", "ALCA", "OTRO", "MORA", "RECO"]
_CONCEPT_NAMES = {"AGUA": ("Agua potable", "agua"), "ALCA": ("Alcantarillado", "alcantarillado"), "OTRO": ("Otros cargos", "otros"),
                  "MORA": ("Recargo por mora", "mora"), "RECO": ("Reconexión", "otros")}
_ACCOUNT_ROWS = [  # key, code, Spanish, English, type; the cash accounts of the channels follow
    ("CXC", "11030201", "Cuentas por cobrar clientes", "Trade receivables", "asset_receivable"),
    ("AGUA", "41010100", "Ingresos por agua potable", "Water revenue", "income"),
    ("ALCA", "41010200", "Ingresos por alcantarillado", "Sewer revenue", "income"),
    ("OTRO", "41010300", "Otros ingresos por servicios", "Other service revenue", "income"),
    ("MORA", "41020100", "Recargos por mora", "Late surcharges", "income"),
    ("RECO", "41010400", "Ingresos por reconexión", "Reconnection revenue", "income"),
    ("ITBIS", "21080101", "ITBIS por pagar", "ITBIS payable", "liability_current"),
]
ACCOUNTS = {row[0]: i for i, row in enumerate(_ACCOUNT_ROWS, 1)}
COMPANIES = ["Acueducto y Alcantarillado de Moca (sintético)", "Acueducto Rural Joba Arriba (sintético)"]
UNUSABLE_PASSWORD = "!unusable$"
FIRST_CUSTOMER_ID = 41  # partners before it: companies and users


@dataclass
class Masters:
    """Ids that the books need."""

    sale_journal: int
    journal_ids: np.ndarray  # of each channel with money
    cash_accounts: np.ndarray
    contract_partner: np.ndarray
    reading_id: np.ndarray  # contracts × months, −1 where none was planned; the last column is for documents of no month
    concept_names: list[str]
    rows: dict[str, int] = field(default_factory=dict)


def write_masters(conn: Connection, net: Network, people: People, use: Consumption, ledger: Ledger, calendar: Calendar,
                  rng: np.random.Generator) -> Masters:
    """COPY all these tables. Returns the ids the books need, and the rows written."""
    rows: dict[str, int] = {}
    money = _catalogues(conn, rows)
    partner = _partners(conn, rows, net, people, rng)
    write_places(conn, rows, net)
    write_contracts(conn, rows, net, ledger, partner, rng)
    first_meter, second_meter = write_meters(conn, rows, net, calendar, rng)
    reading = write_readings(conn, rows, net, use, ledger, calendar, first_meter, second_meter, rng)
    write_service(conn, rows, ledger)
    accounts = len(_ACCOUNT_ROWS)
    return Masters(1, np.arange(2, 2 + len(money)), np.arange(accounts + 1, accounts + 1 + len(money)), partner, reading,
                   [_CONCEPT_NAMES[c][0] for c in CONCEPTS], rows)


def _catalogues(conn: Connection, rows: dict[str, int]) -> list[dict]:
    spec = catalogue()
    channels = spec["channels"]
    money = [c for c in channels if c["kind"] != "sale"]

    def copy(table: str, **columns: out.Column) -> None:
        count = max(len(c) for c in columns.values() if not isinstance(c, str))
        rows[table] = out.copy_rows(conn, table, {"id": ids_from(count), **stamps(SET_UP, count), **columns})

    copy("res_currency", name=["DOP", "USD"], symbol=["RD$", "$"])
    copy("res_company", name=out.texts(COMPANIES),
         vat=["430000019", "430000027"], currency_id="1")
    copy("l10n_latam_identification_type", name=[out.translated("Cédula"), out.translated("RNC"), out.translated("Pasaporte", "Passport")],
         code=["cedula", "rnc", "pasaporte"], active="t")
    copy("l10n_latam_document_type", name=[out.translated(es, en) for es, en, _ in DOCUMENT_TYPES.values()],
         code=[p[1:] for p in DOCUMENT_TYPES], doc_code_prefix=list(DOCUMENT_TYPES),
         internal_type=[t for _, _, t in DOCUMENT_TYPES.values()], active="t")
    codes = [r[1] for r in _ACCOUNT_ROWS] + [f"1101{k:02d}01" for k in range(1, len(money) + 1)]
    names = [out.translated(r[2], r[3]) for r in _ACCOUNT_ROWS] + [out.translated(c["name"]) for c in money]
    copy("account_account", name=names, code=codes, account_type=[r[4] for r in _ACCOUNT_ROWS] + ["asset_cash"] * len(money))
    copy("account_journal", name=[*(out.translated(c["name"]) for c in channels), out.translated("Facturas Joba"), out.translated("Caja Joba")],
         code=[*(c["code"] for c in channels), "FACJ", "CJJOB"], type=[*(c["kind"] for c in channels), "sale", "cash"], active="t",
         company_id=[str(COMPANY)] * len(channels) + [str(OTHER_COMPANY)] * 2)
    methods = [(name, k, form) for k, c in enumerate(money, 2) for name, form, _ in c["methods"]] + [("Efectivo", len(channels) + 2, "efectivo")]
    copy("account_payment_method_line", name=out.texts([m[0] for m in methods]), journal_id=[str(m[1]) for m in methods],
         x_payment_form=[m[2] for m in methods])
    copy("product_product", name=[out.translated(_CONCEPT_NAMES[c][0]) for c in CONCEPTS], default_code=CONCEPTS,
         x_concept_type=[_CONCEPT_NAMES[c][1] for c in CONCEPTS], active="t")
    copy("water_municipality", name=out.texts(spec["municipalities"].values()), code=list(spec["municipalities"]))
    types = [spec["user_types"][u] for u in USER_TYPES]
    copy("water_user_type", name=[t["name"] for t in types], code=USER_TYPES)
    people = spec["collectors"]
    copy("water_collector", name=out.texts([p["name"] for p in people] + ["Cobrador retirado"]), code=[p["code"] for p in people] + ["COB-00"],
         is_external=out.booleans([p["journal"] == "COBEX" for p in people] + [True]), active=["t"] * len(people) + ["f"])
    return money


def _partners(conn: Connection, rows: dict[str, int], net: Network, people: People, rng: np.random.Generator) -> np.ndarray:
    """Companies and users first, then customers. Returns the partner id of each contract (−1: none)."""
    readers = catalogue()["readers"]
    users = [*USERS, *((f"lector{k}", name, COMPANY, True) for k, name in enumerate(readers, 1))]
    staff = [*((name, True) for name in COMPANIES), *((u[1], False) for u in users)]
    count = len(staff)
    rows["res_partner"] = out.copy_rows(conn, "res_partner", {
        "id": ids_from(count), **stamps(SET_UP, count), "active": "t", "name": out.texts([s[0] for s in staff]),
        "is_company": out.booleans([s[1] for s in staff]), "customer_rank": "0", "x_fraud_flag": "f", "x_einvoice_by_mail": "f",
    })
    secret = ["".join(row) for row in np.array(list("abcdefghijklmnopqrstuvwxyz0123456789"))[rng.integers(0, 36, (len(users), 86))]]
    rows["res_users"] = out.copy_rows(conn, "res_users", {
        "id": ids_from(len(users)), **stamps(SET_UP, len(users), 1), "active": out.booleans([u[3] for u in users]),
        "company_id": [str(u[2]) for u in users],
        "login": [u[0] for u in users], "name": out.texts([u[1] for u in users]), "partner_id": ids_from(len(users), 3),
        "password": [UNUSABLE_PASSWORD + s for s in secret],  # whoever serves the database sets the ones it uses
    })
    n = len(people)
    first_use = np.full(n, day_number(TODAY) - 400)
    known = people.of_contract >= 0
    np.minimum.at(first_use, people.of_contract[known], net.started_day[known])
    created = np.maximum(first_use * DAY_US + 14 * HOUR_US + rng.integers(0, 6 * HOUR_US, n), SET_UP)
    written = np.minimum(created + rng.integers(0, 400, n) * (rng.random(n) < 0.3) * DAY_US, (day_number(TODAY) - 1) * DAY_US)
    written = np.maximum(written, created)
    rows["res_partner"] += out.copy_rows(conn, "res_partner", {
        "id": ids_from(n, FIRST_CUSTOMER_ID), **stamps(created, len(created), 4, written),
        "active": out.booleans(people.active), "company_id": out.pick([str(COMPANY)], np.where(rng.random(n) < 0.03, -1, 0)),
        "name": out.texts(people.name), "vat": out.texts(people.vat), "is_company": out.booleans(people.is_company),
        "customer_rank": "1", "phone": out.texts(people.phone), "mobile": out.texts(people.mobile), "email": out.texts(people.email),
        "street": out.texts(people.street), "city": _cities(net, people),
        "l10n_latam_identification_type_id": out.integers([t + 1 if t >= 0 else -1 for t in people.id_type]),
        "l10n_do_dgii_tax_payer_type": out.texts(people.taxpayer), "x_fraud_flag": out.booleans(people.fraud),
        "x_einvoice_by_mail": out.booleans(people.by_mail), "x_mailing_consent": out.booleans(people.consent),
    })
    return np.where(known, people.of_contract + FIRST_CUSTOMER_ID, -1)


def _cities(net: Network, people: People) -> list[str]:
    """The municipality in which each customer's first contract lies."""
    sectors, names = catalogue()["sectors"], catalogue()["municipalities"]
    cities = ["Moca"] * len(people)
    for person, sector in zip(people.of_contract[::-1].tolist(), net.sector[::-1].tolist(), strict=True):
        if person >= 0:
            cities[person] = names[sectors[sector]["municipality"]]
    return cities


