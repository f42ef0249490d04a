"""More users than bill and read meters, their groups, and the log-ins that Odoo's daily job has left of them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.catalogue import ENDS_AT, TODAY, day_number
from demo.utility.ledger import DAY_US, HOUR_US
from demo.utility.masters import UNUSABLE_PASSWORD
from demo.utility.stamps import COMPANY, SET_UP, ids_from, stamps

GROUPS = [  # key, Spanish, English; ids from 1
    ("interno", "Usuario interno", "Internal User"), ("ajustes", "Administración / Ajustes", "Administration / Settings"),
    ("facturacion", "Facturación / Responsable", "Billing / Manager"), ("caja", "Caja / Cajero", "Cash / Cashier"),
    ("lectura", "Lectura / Lector", "Reading / Reader"), ("atencion", "Servicio al cliente / Agente", "Customer Service / Agent"),
    ("cobros", "Cobros / Gestor", "Collections / Officer"), ("supervision", "Comercial / Supervisor", "Commercial / Supervisor"),
    ("auditoria", "Auditoría / Sólo lectura", "Audit / Read-only"),
]
_GROUP = {key: i for i, (key, _, _) in enumerate(GROUPS, 1)}
# login, name, active, groups: they come after the users that the rest of the utility knows
MORE_USERS = [
    ("caja.moca2", "Ingrid Taveras", True, ["caja"]), ("caja.sanvictor", "Yeuri Disla", True, ["caja"]), ("caja.auxiliar", "Belkis Morel", False, ["caja"]),
    ("servicio1", "Yolanda Espaillat", True, ["atencion"]), ("servicio2", "Starling Ureña", True, ["atencion"]),
    ("servicio3", "Wendy Paulino", True, ["atencion"]), ("servicio4", "Rafael Camilo", False, ["atencion"]),
    ("cobros1", "Arelis Guzmán", True, ["cobros"]), ("cobros2", "Domingo Liriano", True, ["cobros"]),
    ("supervisor1", "Xiomara Bencosme", True, ["supervision", "atencion"]), ("supervisor2", "Héctor Lantigua", True, ["supervision", "lectura"]),
    ("auditoria", "Milagros Zapata", True, ["auditoria"]),
]
_KNOWN = {"__system__": ["ajustes"], "admin": ["ajustes", "facturacion"], "caudal": ["auditoria"], "facturacion": ["facturacion"],
          "gerencia": ["supervision", "auditoria"], "caja": ["caja"], "exempleado": ["caja"], "otra": ["ajustes"]}
PARTNER_OF = 2  # a user's partner is its own id and this
LOGGED_TODAY = 0.5


def write_people(conn: Connection, rows: dict[str, int], rng: np.random.Generator) -> None:
    """COPY users with their partners, groups and log-ins."""
    known = conn.execute("select id, login, active from res_users order by id").fetchall()
    first, count = known[-1][0] + 1, len(MORE_USERS)
    hired = SET_UP + rng.integers(20, 2_000, count) * DAY_US + rng.integers(0, 6 * HOUR_US, count)
    left = np.where([u[2] for u in MORE_USERS], hired, day_number(TODAY) * DAY_US - rng.integers(100, 400, count) * DAY_US + 15 * HOUR_US)
    rows["res_partner"] += out.copy_rows(conn, "res_partner", {
        "id": ids_from(count, first + PARTNER_OF), **stamps(hired, count), "active": "t", "name": out.texts([u[1] for u in MORE_USERS]),
        "is_company": "f", "customer_rank": "0", "x_fraud_flag": "f", "x_einvoice_by_mail": "f",
    })
    secret = ["".join(row) for row in np.array(list("abcdefghijklmnopqrstuvwxyz0123456789"))[rng.integers(0, 36, (count, 86))]]
    rows["res_users"] += out.copy_rows(conn, "res_users", {
        "id": ids_from(count, first), **stamps(hired, count, written=left), "active": out.booleans([u[2] for u in MORE_USERS]),
        "company_id": str(COMPANY), "login": [u[0] for u in MORE_USERS], "name": out.texts([u[1] for u in MORE_USERS]),
        "partner_id": ids_from(count, first + PARTNER_OF), "password": [UNUSABLE_PASSWORD + s for s in secret],
    })
    rows["res_groups"] = out.copy_rows(conn, "res_groups", {
        "id": ids_from(len(GROUPS)), **stamps(SET_UP, len(GROUPS), 1), "name": [out.translated(es, en) for _, es, en in GROUPS], "share": "f"})
    groups = [(uid, _KNOWN.get(login, ["lectura"])) for uid, login, _ in known] + [(first + k, u[3]) for k, u in enumerate(MORE_USERS)]
    pairs = [(uid, _GROUP[key]) for uid, keys in groups for key in ["interno", *keys]]
    out.copy_rows(conn, "res_groups_users_rel", {"uid": [str(p[0]) for p in pairs], "gid": [str(p[1]) for p in pairs]})
    _log_ins(conn, rows, rng, [(uid, active) for uid, _, active in known] + [(first + k, u[2]) for k, u in enumerate(MORE_USERS)])


def _log_ins(conn: Connection, rows: dict[str, int], rng: np.random.Generator, users: list[tuple[int, bool]]) -> None:
    """One row a user who ever logged in, and today's, which the job has not thinned out yet."""
    end = int((ENDS_AT - timedelta(minutes=5) - ENDS_AT.replace(hour=0, minute=0)).total_seconds() * 1e6) + day_number(TODAY) * DAY_US
    moments = []
    for uid, active in users:
        draw = rng.random(4)
        if not active:
            moments.append((end - int((100 + draw[0] * 300) * DAY_US), uid))
        elif draw[1] < LOGGED_TODAY:
            moments += [(end - int((k * 2.5 + draw[2]) * HOUR_US), uid) for k in range(1 + int(draw[3] * 3))]
        elif draw[1] < 0.95:
            moments.append((end - int((1 + draw[0] * 20) * DAY_US), uid))
    moments.sort()
    ids = np.cumsum(rng.integers(1, 40, len(moments)))  # the rows between were deleted
    when = out.moments([m for m, _ in moments])
    who = [str(uid) for _, uid in moments]
    rows["res_users_log"] = out.copy_rows(conn, "res_users_log", {
        "id": out.integers(ids), "create_date": when, "write_date": when, "create_uid": who, "write_uid": who})
