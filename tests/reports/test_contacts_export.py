"""Lists for mass mailing over the tiny utility's published marts: who is in them, who may see their names, and who took them."""

from __future__ import annotations

import csv
import stat
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import psycopg
import pytest
from typer.testing import CliRunner

from caudal import warehouse
from caudal.settings import settings
from reports.cli import app
from reports.contacts.export import available, export
from reports.errors import ReportError
from reports.writers import files

SEGMENT = "aviso_vencimiento"


@pytest.fixture
def owner(built: object) -> Iterator[psycopg.Connection]:
    with warehouse.connect(autocommit=True) as conn:
        mark = conn.execute("select coalesce(max(build_id), 0) from ops.build").fetchone()[0]
        yield conn
        conn.execute("delete from ops.contact_export")
        conn.execute("delete from ops.build where build_id > %s", [mark])


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def audit(owner: psycopg.Connection) -> list[tuple]:
    return owner.execute("select exported_by, segment_code, sector_code, channel_code, with_personal_data, row_count, file, sha256 from ops.contact_export "
                         "order by export_id").fetchall()


def test_only_who_consented_and_can_be_reached_is_in_it(owner: psycopg.Connection, tmp_path: Path) -> None:
    made = export("general", "ana", out=tmp_path / "todos.csv", with_personal_data=True)
    listed = {row["Contrato"]: row for row in rows(made.path)}
    expected = {code: (name, mobile, email) for code, name, mobile, email in owner.execute(
        """select k.code, c.name, coalesce(c.mobile, c.phone), c.email from raw.odoo_contract k join raw.odoo_customer c on c.id = k.partner_id
           where k.state <> 'closed' and c.mailing_consent and c.active and coalesce(c.mobile, c.phone, c.email) is not null""").fetchall()}
    assert listed.keys() == expected.keys() and len(listed) == made.row_count > 50
    unsafe = ("=", "+", "-", "@", "\t", "\r")
    for code, (name, phone, email) in expected.items():
        assert (listed[code]["Cliente"].removeprefix("'"), listed[code]["Teléfono"] or None, listed[code]["Correo electrónico"] or None) == (name, phone, email)
        assert not listed[code]["Cliente"].startswith(unsafe)
    refused = owner.execute("select count(*) from raw.odoo_contract k join raw.odoo_customer c on c.id = k.partner_id where not c.mailing_consent").fetchone()
    assert refused[0] > 20


def test_the_notice_reaches_what_falls_due_within_a_week(owner: psycopg.Connection, tmp_path: Path) -> None:
    made = export(SEGMENT, "ana", out=tmp_path / "aviso.csv")
    due = dict(owner.execute(
        """select k.code, sum(m.amount_residual) from raw.odoo_account_move m join raw.odoo_contract k on k.id = m.contract_id
           where m.move_type = 'out_invoice' and m.state = 'posted' and m.amount_residual > 0 and m.invoice_date_due between '2026-11-15' and '2026-11-22'
           group by 1""").fetchall())
    listed = rows(made.path)
    assert listed and {row["Contrato"] for row in listed} < due.keys()
    assert all(row["Por vencer"] == str(due[row["Contrato"]]) for row in listed)


def test_masked_unless_asked_for_and_then_the_owners_alone(owner: psycopg.Connection, tmp_path: Path) -> None:
    masked = export(SEGMENT, "ana", out=tmp_path / "m.csv")
    named = export(SEGMENT, "ana", out=tmp_path / "n.csv", with_personal_data=True)
    assert [row["Contrato"] for row in rows(masked.path)] == [row["Contrato"] for row in rows(named.path)]
    for hidden, shown in zip(rows(masked.path), rows(named.path), strict=True):
        assert hidden["Cliente"] != shown["Cliente"] and "***" in hidden["Cliente"]
        for column in ("Teléfono", "Correo electrónico"):
            assert (hidden[column] == "") == (shown[column] == "")
            assert not shown[column] or hidden[column] != shown[column]
    assert stat.S_IMODE(named.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(masked.path.stat().st_mode) == 0o644


def test_whoever_takes_a_list_is_on_record(owner: psycopg.Connection, tmp_path: Path) -> None:
    sector = owner.execute("select sector_code from marts.mart_contact__segment where segment_code = 'general' and channel_code = 'whatsapp' limit 1").fetchone()[0]
    export("general", "ana", sector=sector, channel="whatsapp", out=tmp_path / "a.xlsx", with_personal_data=True)
    first, = audit(owner)
    assert first[:5] == ("ana", "general", sector, "whatsapp", True)
    assert first[6:] == (str(tmp_path / "a.xlsx"), files.sha256((tmp_path / "a.xlsx").read_bytes()))
    sheet = openpyxl.load_workbook(BytesIO((tmp_path / "a.xlsx").read_bytes()))["Contactos"]
    lines = [row for row in sheet.iter_rows(min_row=7, values_only=True) if row[0] and row[0].startswith("C-")]
    assert len(lines) == first[5] > 0
    with pytest.raises(OSError):
        export("general", "luis", out=Path("/proc/no/lista.csv"))
    assert [row[0] for row in audit(owner)] == ["ana", "luis"]  # recorded before it is written


@pytest.mark.parametrize(("arguments", "message"), [
    ({"segment": "todos"}, "general, aviso_vencimiento"), ({"segment": SEGMENT, "sector": "XX"}, "No existe el sector «XX».*MOC-01"),
    ({"segment": SEGMENT, "channel": "fax"}, "email, whatsapp, phone"), ({"segment": SEGMENT, "out": Path("a.pdf")}, ".xlsx o .csv"),
])
def test_what_there_is_not_is_refused_and_not_recorded(owner: psycopg.Connection, arguments: dict, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        export(by="ana", **arguments)
    assert audit(owner) == []


def test_an_empty_list_is_no_file(owner: psycopg.Connection, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="Nadie a quien escribir"):
        export("invitacion_correo", "ana", sector="S/A", channel="phone", out=tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists() and audit(owner) == []


def test_sizes_are_those_of_the_lists(owner: psycopg.Connection) -> None:
    found, _ = available()
    counted = dict(owner.execute("select segment_code, count(*) from marts.mart_contact__segment group by 1").fetchall())
    assert {s.code: s.contacts for s in found if s.contacts} == counted and len(found) == 6
    assert found[0].without_consent > 0


def test_the_masked_reader_cannot_read_names(built: object) -> None:
    with warehouse.connect("read") as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select 1 from marts.mart_contact__segment")


def test_the_command(owner: psycopg.Connection, tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["contacts"])
    assert listed.exit_code == 0 and SEGMENT in listed.output and "sin consentimiento" in listed.output
    done = CliRunner().invoke(app, ["contacts", "--segment", SEGMENT, "--by", "Ana Pérez"])
    assert done.exit_code == 0 and "enmascarados" in done.output, done.output
    (path,) = (settings().home / "reports" / "contactos").glob(f"contactos_{SEGMENT}_2026-11-15.xlsx")
    path.unlink()
    assert audit(owner)[0][:2] == ("Ana Pérez", SEGMENT)
    refused = CliRunner().invoke(app, ["contacts", "--segment", "nadie"])
    assert refused.exit_code == 1 and "No se exportó" in refused.output
