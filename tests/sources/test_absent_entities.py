"""A site that lacks some of what others have: it declares it absent, and what is built on it is empty, not broken."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import demo
from sources.odoo import mapping

# none of these in this utility's Odoo: no help desk, no OCA auditlog, no agreements, no cut orders, no tills, no bill deliveries
LACKING = ("support_ticket", "support_stage", "support_team", "audit_log", "audit_log_line", "agreement", "agreement_instalment", "cut_order",
           "cash_register", "cash_session", "bill_delivery", "tariff_change")
LACKING_COLUMNS = {"has_sewer: boolean": "has_sewer: {type: boolean, absent: true}",
                   "mailing_consent: {type: boolean, field: x_mailing_consent}": "mailing_consent: {type: boolean, absent: true}"}


@pytest.fixture
def lean_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's mapping with those entities declared absent, a contract without the sewer field, a customer without consent."""
    folder = tmp_path / "demo"
    shutil.copytree(mapping.path_of("demo"), folder)
    declared = 0
    for file in folder.glob("*.yml"):
        text = file.read_text()
        for entity in LACKING:
            text, count = re.subn(rf"(?m)^(  {entity}:.*\n(?:    .*\n)*?)    model: .*\n", r"\1    absent: true\n", text)
            declared += count
        for there, absent in LACKING_COLUMNS.items():
            declared += text.count(there)
            text = text.replace(there, absent)
        file.write_text(text)
    assert declared == len(LACKING) + len(LACKING_COLUMNS)
    monkeypatch.setattr(mapping, "FOLDER", tmp_path)


def test_what_a_site_lacks_is_empty_and_all_else_is_built(lab, lean_site, tmp_path: Path) -> None:
    from caudal.build import build
    from geo.cadastre import load_cadastre

    for entity in LACKING:
        lab.warehouse(f"drop table raw.odoo_{entity} cascade")
    lab.warehouse("drop table raw.odoo_contract, raw.odoo_customer cascade")
    results = lab.replicate()
    assert {r.status for r in results.values()} == {"ok"}, [r.error for r in results.values() if r.error]
    assert {name for name, r in results.items() if r.mode == "ausente"} == set(LACKING)
    cadastre = tmp_path / "cadastre.geojson"
    demo.write_cadastre(cadastre, size="tiny")
    load_cadastre(cadastre)

    built = build(progress=lambda line: None)

    assert built.ok, built
    assert lab.warehouse("select count(*) from raw.odoo_cut_order") == [(0,)]
    assert lab.warehouse("select count(*) filter (where has_sewer is not null), count(*) > 0 from raw.odoo_contract") == [(0, True)]
    assert lab.warehouse("select sum(billed_amount) > 0, sum(active_contracts) > 0 from marts.mart_commercial__month") == [(True, True)]
    # nobody said that they may be written to: nobody is; no deliveries on record: nothing is said of them
    assert lab.warehouse("select sum(contacts_count), sum(without_consent_count) > 0 from marts.mart_contact__segment_size") == [(0, True)]
    assert lab.warehouse("select count(*) from marts.mart_contact__segment") == lab.warehouse("select count(*) from marts.mart_delivery__month") == [(0,)]
    # the audit trail of mail.thread is still there: the history does without auditlog
    assert lab.warehouse("select count(*) > 0 from marts.dim_contract_history where origin = 'auditoría'") == [(True,)]
