"""Documents that customers brought, by their metadata, and support tickets."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import numpy as np
from psycopg import Connection

from demo.utility import copying as out
from demo.utility.catalogue import ENDS_AT, TODAY
from demo.utility.stamps import COMPANY, SET_UP, ids_from, stamps

DOCUMENTED, PORTRAITS = 0.25, 0.05  # customers with documents; those with a picture, which is an attachment too
PAPERS = [("Cédula de {}.pdf", "application/pdf"), ("Contrato firmado {}.pdf", "application/pdf"), ("Título de propiedad {}.jpg", "image/jpeg"),
          ("Acto de alguacil {}.pdf", "application/pdf")]
CONTRACTS_PER_TICKET = 6
TEAMS = [("Servicio al cliente", "Customer Care"), ("Oficina virtual", "Virtual Office")]
STAGES = [("Nuevo", "New", False), ("En proceso", "In Progress", False), ("En espera del cliente", "On Hold", False), ("Resuelto", "Solved", True),
          ("Cancelado", "Cancelled", True)]
NEW, SOLVED, CANCELLED = 1, 4, 5
SUBJECTS = ["Factura no llega al correo", "No puedo pagar en línea", "Cambio de titular", "Duplicado de factura", "Consumo más alto de lo normal",
            "El pago no aparece", "Olvidé mi clave de la oficina virtual", "Agua turbia", "Baja presión"]


def write_documents(conn: Connection, rows: dict[str, int], rng: np.random.Generator) -> None:
    """COPY ir_attachment: papers of customers, their portraits (which belong to a field), and the PDF of some invoices."""
    clerks = [row[0] for row in conn.execute("select id from res_users where login like 'servicio%' order by id")]
    found: list[tuple[datetime, str, str, int, str | None, str, int]] = []
    for partner, created in conn.execute("select id, create_date from res_partner where customer_rank > 0 order by id").fetchall():
        draw = rng.random(5)
        if draw[0] < DOCUMENTED:
            for k in range(1 + int(draw[1] * 3)):
                name, mimetype = PAPERS[(partner + k) % len(PAPERS)]
                at = min(created + timedelta(minutes=9 + k * 3, days=int(draw[2] < 0.2) * 200), ENDS_AT - timedelta(days=1, minutes=partner % 50))
                found.append((at, name.format(f"{partner:05d}"), "res.partner", partner, None, mimetype, 40_000 + int(draw[3] * 1_500_000)))
        if draw[4] < PORTRAITS:
            found.append((created + timedelta(minutes=2), "image_1920", "res.partner", partner, "image_1920", "image/png", 9_000 + int(draw[3] * 80_000)))
    for move, name, created in conn.execute("select id, name, create_date from account_move where move_type = 'out_invoice' order by id limit 40").fetchall():
        found.append((created + timedelta(minutes=1), f"{name}.pdf", "account.move", move, "invoice_pdf_report_file", "application/pdf", 31_000))
    found.sort(key=lambda a: (a[0], a[2], a[3], a[1]))
    count = len(found)
    digits = np.array(list("0123456789abcdef"))[rng.integers(0, 16, (count, 40))]
    checksums = ["".join(row) for row in digits]
    when, who = [a[0].isoformat(sep=" ") for a in found], [str(clerks[a[3] % len(clerks)]) for a in found]
    rows["ir_attachment"] = out.copy_rows(conn, "ir_attachment", {
        "id": ids_from(count), "create_date": when, "write_date": when, "create_uid": who, "write_uid": who, "company_id": str(COMPANY),
        "name": out.texts([a[1] for a in found]), "res_model": [a[2] for a in found], "res_id": [str(a[3]) for a in found],
        "res_field": out.texts([a[4] for a in found]), "type": "binary", "mimetype": [a[5] for a in found], "file_size": [str(a[6]) for a in found],
        "checksum": checksums, "store_fname": [f"{c[:2]}/{c}" for c in checksums], "public": "f"})


def write_tickets(conn: Connection, rows: dict[str, int], rng: np.random.Generator) -> None:
    """COPY helpdesk_team, helpdesk_stage and helpdesk_ticket: those of the last year; the open ones are recent."""
    rows["helpdesk_team"] = out.copy_rows(conn, "helpdesk_team", {
        "id": ids_from(len(TEAMS)), **stamps(SET_UP, len(TEAMS)), "active": "t", "company_id": str(COMPANY),
        "name": [out.translated(es, en) for es, en in TEAMS], "sequence": ids_from(len(TEAMS))})
    rows["helpdesk_stage"] = out.copy_rows(conn, "helpdesk_stage", {
        "id": ids_from(len(STAGES)), **stamps(SET_UP, len(STAGES)), "active": "t", "name": [out.translated(es, en) for es, en, _ in STAGES],
        "sequence": ids_from(len(STAGES)), "fold": out.booleans([fold for _, _, fold in STAGES])})
    agents = [row[0] for row in conn.execute("select id from res_users where login like 'servicio%' and active order by id")]
    contracts = conn.execute("select id, partner_id from water_contract where partner_id is not null order by id").fetchall()
    count = len(contracts) // CONTRACTS_PER_TICKET
    now = datetime.combine(TODAY, time(19))
    opened = sorted(now - timedelta(days=365 * u) for u in rng.random(count).tolist())
    columns: dict[str, list[str | None]] = {name: [] for name in (
        "create_date", "write_date", "name", "team_id", "stage_id", "user_id", "partner_id", "priority", "kanban_state", "assign_date", "close_date",
        "date_last_stage_update", "x_contract_id", "active")}
    for at in opened:
        draw = rng.random(8)
        contract, partner = contracts[int(draw[0] * len(contracts))]
        assigned = at + timedelta(minutes=3 + draw[1] * 900)
        closed = assigned + timedelta(hours=1 + 96 * draw[2] ** 2)
        over = closed < now and draw[3] < 0.97
        stage = (CANCELLED if draw[4] < 0.06 else SOLVED) if over else NEW if assigned > now else 2 + int(draw[4] * 2)
        last = closed if over else min(assigned, now) if stage > NEW else at
        values = {"create_date": at, "write_date": last, "name": SUBJECTS[int(draw[5] * len(SUBJECTS))], "team_id": 1 + int(draw[6] < 0.4), "stage_id": stage,
                  "user_id": agents[int(draw[7] * len(agents))] if stage > NEW else None, "partner_id": partner, "priority": int(draw[7] * 10 % 4),
                  "kanban_state": "normal", "assign_date": assigned.replace(microsecond=0) if stage > NEW else None,
                  "close_date": closed.replace(microsecond=0) if over else None, "date_last_stage_update": last.replace(microsecond=0),
                  "x_contract_id": contract, "active": "f" if stage == CANCELLED else "t"}
        for name, value in values.items():
            columns[name].append(None if value is None else str(value))
    rows["helpdesk_ticket"] = out.copy_rows(conn, "helpdesk_ticket", {
        "id": ids_from(count), "create_uid": "2", "write_uid": "2", "company_id": str(COMPANY), "ticket_ref": [f"{i:05d}" for i in range(1, count + 1)],
        **{name: out.texts(values) for name, values in columns.items()}})
