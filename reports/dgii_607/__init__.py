"""DGII format 607 (sales of a month): the TXT to send, the summary of small consumption documents, and the list of refused documents.

Reads `marts.mart_dgii__607` and its summary as role pii (the fields are built by dbt); writes its documents and `ops.quarantine` (source `dgii_607`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

from psycopg import Connection

from reports import config
from reports.archive import Document, Output
from reports.dgii_607 import companion, layout, quarantine, reading, rules, selection, txt, validator
from reports.errors import FiguresDisagree
from reports.status import DataStatus
from reports.writers import files
from reports.writers.numbers import money

ROLE = "pii"


def produce(conn: Connection, month: date, status: DataStatus) -> Output:
    """The files of `month`. Refused documents are left out of the TXT, which is then marked `observado`, and quarantined.

    Raises ConfigError for a wrong RNC of the declarer, FiguresDisagree when what was written is not what was read.
    """
    return compose(reading.read(conn, month, layout.load()), month, config.site(), status)


def compose(found: reading.Month, month: date, site: config.Site, status: DataStatus) -> Output:
    """The files for a month already read, with everything checked; touches no database."""
    spec = layout.load()
    chosen = selection.select(found.rows, month, spec)
    content = txt.build(txt.Header(spec.format, site.rnc, month, len(chosen.lines)), chosen.lines, spec)
    name = spec.name_of_file(site.rnc, month)
    _prove(found, chosen, content, name, spec)
    stem = name.removesuffix(".TXT")
    look = {"status": "observado" if chosen.rejected else "ok", "mode": files.PRIVATE}
    amounts = {**companion.totals(chosen.declared, spec), "rejected": len(chosen.rejected)}
    summary, fingerprint = companion.summary(found, chosen, month, site, status, spec)
    made = [
        Document(name, "txt", content, files.sha256(content), len(chosen.lines), amounts, **look),
        Document(f"{stem}_RESUMEN.csv", "csv", summary, fingerprint, found.summary_count, found.summary, **look),
    ]
    if chosen.rejected:
        faults = companion.errors(chosen.rejected, spec)
        made.append(Document(f"{stem}_ERRORES.csv", "csv", faults, files.sha256(faults), len(chosen.rejected), **look))
    return Output(made, rows_read=len(found.rows), rows_quarantined=len(chosen.rejected),
                  register=partial(quarantine.sync, month=month, rejected=chosen.rejected))


def _prove(found: reading.Month, chosen: selection.Selection, content: bytes, name: str, spec: layout.Layout) -> None:
    """No document is lost on the way from the invoices to the files, and the bytes read back as a valid file with the same amounts."""
    count = len(chosen.declared) + len(chosen.rejected) + found.summary_count
    total = sum((rules.total(record, spec) for _, record in found.rows), Decimal(0)) + sum((found.summary.get(n, Decimal(0)) for n in spec.totals.of), Decimal(0))
    if (count, total) != (found.control_count, found.control_total):
        raise FiguresDisagree(
            f"El 607 no se escribió: reúne {count} comprobantes por {money(total)} y en el mes se emitieron {found.control_count} por "
            f"{money(found.control_total)}. Avise a quien administra los datos."
        )
    findings = validator.validate(content, name, spec)
    if findings:
        raise FiguresDisagree(f"El 607 no se escribió: no pasa su propia revisión. {findings[0]}")
    if companion.totals(validator.records(content, spec), spec) != companion.totals(chosen.declared, spec):
        raise FiguresDisagree("El 607 no se escribió: los montos del archivo no son los que se leyeron.")
