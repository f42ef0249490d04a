"""Incidents open, change and close with the figures; the same figures twice write and say nothing."""

from __future__ import annotations

import shutil
from decimal import Decimal

import pytest
from typer.testing import CliRunner

import alerts
from alerts.errors import AlertsError, RuleError, RulesNotEvaluated
from alerts.incidents import acknowledge
from alerts.settings import FOLDER
from caudal import warehouse
from tests.alerts.conftest import NOVEMBER, OCTOBER

ACACIAS = "Municipio Moca · Sector Las Acacias"


def told(changes) -> list[tuple[str, str, str, str]]:
    return sorted((c.kind, c.rule, c.label, c.severity) for c in changes)


def counts(mart) -> list[tuple]:
    return mart.fetch("""select (select count(*) from ops.incident), (select count(*) from ops.incident_event), (select count(*) from ops.alert_message),
                         (select max(updated_at) from ops.incident)""")


def test_healthy_figures_open_nothing(mart):
    assert alerts.evaluate() == []
    assert counts(mart)[0][:3] == (0, 0, 0)


def test_an_incident_opens_worsens_improves_and_closes(mart):
    mart.set("Las Acacias", overdue_amount=Decimal(90000))  # 45 % of 200,000
    assert told(alerts.evaluate()) == [("opened", "morosidad_sector", ACACIAS, "media")]
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    (worse,) = alerts.evaluate()
    assert (worse.kind, worse.severity, worse.previous_severity) == ("worsened", "alta", "media")
    assert (worse.value, worse.previous_value, worse.threshold) == (Decimal("0.75"), Decimal("0.45"), Decimal("0.7"))
    mart.set("Las Acacias", overdue_amount=Decimal(144000))
    assert [c.kind for c in alerts.evaluate()] == ["changed"]
    mart.set("Las Acacias", overdue_amount=Decimal(120000))
    assert [c.kind for c in alerts.evaluate()] == ["improved"]
    mart.set("Las Acacias", overdue_amount=Decimal(80000))  # exactly 40 %: within bounds
    (closed,) = alerts.evaluate()
    assert (closed.kind, closed.reason) == ("closed", "recovered")
    assert mart.fetch("select status, closed_on::text, closed_reason, severity, opened_on::text from ops.incident") == [
        ("closed", "2026-11-15", "recovered", "media", "2026-11-15")]
    assert mart.fetch("select kind, severity_before, severity_after, value_before, value_after from ops.incident_event order by event_id") == [
        ("opened", None, "media", None, Decimal("0.45")),
        ("updated", "media", "alta", Decimal("0.45"), Decimal("0.75")),
        ("updated", "alta", "alta", Decimal("0.75"), Decimal("0.72")),
        ("updated", "alta", "media", Decimal("0.72"), Decimal("0.6")),
        ("closed", "media", None, Decimal("0.6"), Decimal("0.4")),
    ]
    mart.set("Las Acacias", overdue_amount=Decimal(90000))
    assert [c.incident_id for c in alerts.evaluate()] == [2]  # a new episode, a new incident


def test_the_three_rules_see_total_and_sectors(mart):
    mart.set("Las Acacias", collected_amount=Decimal(60000), overdue_amount=Decimal(150000), estimated_m3=Decimal(1400))
    assert told(alerts.evaluate()) == [
        ("opened", "consumo_estimado", ACACIAS, "media"),
        ("opened", "eficiencia_cobranza", ACACIAS, "alta"),
        ("opened", "eficiencia_cobranza", "Toda la empresa", "media"),  # 244,000 of 300,000 = 81.3 %
        ("opened", "morosidad_sector", ACACIAS, "alta"),
    ]


def test_evaluating_twice_writes_and_says_nothing(mart):
    mart.set("Las Acacias", collected_amount=Decimal("33333.33"))
    mart.build(ok=False)
    assert alerts.evaluate()
    before = counts(mart)
    assert alerts.evaluate() == []
    assert counts(mart) == before


def test_only_the_last_closed_month_counts(mart):
    mart.add_month(NOVEMBER)  # open on 15 November
    mart.set("Las Acacias", NOVEMBER, collected_amount=Decimal(0))
    assert alerts.evaluate() == []
    mart.set("Las Acacias", OCTOBER, collected_amount=Decimal(50000))
    assert {c.period_month for c in alerts.evaluate()} == {OCTOBER}
    assert alerts.values("collection_efficiency") == [{"collection_efficiency": Decimal(234000) / Decimal(300000)}]
    by_sector = alerts.values("collection_efficiency", ["sector_name"], {"municipality_name": "Moca"})
    assert by_sector == [{"sector_name": "El Mirador", "collection_efficiency": Decimal("0.92")},
                         {"sector_name": "Las Acacias", "collection_efficiency": Decimal("0.5")}]


def test_a_small_slice_says_nothing(mart):
    mart.set("Las Acacias", billed_amount=Decimal("4999.99"), collected_amount=Decimal(0))
    assert alerts.evaluate() == []
    mart.set("Las Acacias", billed_amount=Decimal(5000))
    assert ("opened", "eficiencia_cobranza", ACACIAS, "alta") in told(alerts.evaluate())
    mart.set("Las Acacias", billed_amount=Decimal(0))  # nothing billed: no ratio at all
    closed = [c for c in alerts.evaluate() if c.label == ACACIAS]
    assert [(c.kind, c.reason) for c in closed] == [("closed", "not_evaluable")]


def test_a_sector_that_left_the_data_and_a_rule_that_was_removed_close(mart, tmp_path):
    mart.set("La Loma", overdue_amount=Decimal(199000))
    mart.set("Las Acacias", overdue_amount=Decimal(199000))
    alerts.evaluate()
    mart.drop_sector("La Loma")
    assert [(c.kind, c.reason) for c in alerts.evaluate()] == [("closed", "not_evaluable")]
    shutil.copy(FOLDER / "rules" / "consumo_estimado.yml", tmp_path)
    assert [(c.kind, c.rule, c.reason) for c in alerts.evaluate(rules=tmp_path)] == [("closed", "morosidad_sector", "rule_removed")]


def test_old_data_close_nothing(mart):
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    mart.build(ok=False)
    mart.set("Las Acacias", overdue_amount=Decimal(0))
    assert told(alerts.evaluate()) == [("opened", "datos_desactualizados", "Publicación de los datos", "critica")]
    mart.build(ok=True)
    assert told(alerts.evaluate()) == [("closed", "datos_desactualizados", "Publicación de los datos", "critica"),
                                       ("closed", "morosidad_sector", ACACIAS, "alta")]


def test_a_month_that_is_missing_closes_nothing(mart, monkeypatch):
    from caudal.settings import settings

    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    monkeypatch.setenv("CAUDAL_TODAY", "2026-12-02")  # November has closed, the published marts end in October
    settings.cache_clear()
    mart.set("Las Acacias", overdue_amount=Decimal(0))
    mart.drop_sector("La Loma")
    assert alerts.evaluate() == []
    mart.add_month(NOVEMBER)
    assert [(c.kind, c.period_month) for c in alerts.evaluate()] == [("closed", NOVEMBER)]


def test_an_incident_that_lasts_is_brought_to_the_new_month(mart, monkeypatch):
    from caudal.settings import settings

    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    monkeypatch.setenv("CAUDAL_TODAY", "2026-12-02")
    settings.cache_clear()
    mart.add_month(NOVEMBER)
    mart.set("Las Acacias", NOVEMBER, overdue_amount=Decimal(150000))
    (change,) = alerts.evaluate()
    assert (change.kind, change.incident_id, change.period_month, change.previous_period) == ("changed", 1, NOVEMBER, OCTOBER)
    assert str(change.opened_on) == "2026-11-15"


def test_the_warehouse_s_own_health(mart):
    mart.execute("update ops.run set ended_at = now() - interval '31 hours'")
    assert told(alerts.evaluate()) == [("opened", "datos_desactualizados", "Antigüedad de la carga", "media")]
    mart.execute("update ops.run set ended_at = now() - interval '3 days'")
    assert told(alerts.evaluate()) == [("worsened", "datos_desactualizados", "Antigüedad de la carga", "critica")]
    assert alerts.evaluate() == []
    mart.execute("insert into ops.run (pipeline, entity, status, ended_at, error) values ('replicate', 'meter', 'failed', now(), 'UnknownField: serial')")
    mart.execute("update ops.run set ended_at = now() where entity = 'account_move'")
    assert told(alerts.evaluate()) == [("closed", "datos_desactualizados", "Antigüedad de la carga", "critica"),
                                       ("opened", "datos_desactualizados", "Carga de meter", "media")]
    mart.execute("insert into ops.run (pipeline, entity, status, ended_at) values ('replicate', 'meter', 'ok', now())")
    assert [c.kind for c in alerts.evaluate()] == ["closed"]


def test_an_entity_that_does_not_reconcile_is_told(mart):
    def checked(status: str, kind: str = "reconcile") -> None:
        mart.execute("insert into ops.reconciliation (entity, status, kind, different_groups) values ('account_move', %s, %s, 2)", [status, kind])

    checked("difference", "replicate")  # people work in Odoo while a replication counts: no news
    assert told(alerts.evaluate()) == []
    checked("difference")
    assert told(alerts.evaluate()) == [("opened", "datos_desactualizados", "Conciliación de account_move", "media")]
    checked("pending")
    assert told(alerts.evaluate()) == [("closed", "datos_desactualizados", "Conciliación de account_move", "media")]


def test_a_key_about_to_end_is_told_before_it_does(mart):
    mart.execute("insert into ops.source_credential (source, expires_on) values ('odoo:x', current_date + 30)")
    assert told(alerts.evaluate()) == []
    mart.execute("update ops.source_credential set expires_on = current_date + 14")
    assert told(alerts.evaluate()) == [("opened", "datos_desactualizados", "Clave de Odoo", "media")]
    mart.execute("update ops.source_credential set expires_on = current_date + 3")
    assert told(alerts.evaluate()) == [("worsened", "datos_desactualizados", "Clave de Odoo", "critica")]
    mart.execute("update ops.source_credential set expires_on = current_date + 90")  # another key took its place
    assert told(alerts.evaluate()) == [("closed", "datos_desactualizados", "Clave de Odoo", "critica")]


def test_before_the_first_publication_a_failed_build_is_told(mart):
    mart.execute("truncate ops.build cascade")
    mart.execute("drop table marts.mart_commercial__month")
    mart.build(ok=False)
    assert told(alerts.evaluate()) == [("opened", "datos_desactualizados", "Publicación de los datos", "critica")]


def test_a_rule_that_cannot_be_evaluated_leaves_the_others_running(mart):
    mart.set("Las Acacias", overdue_amount=Decimal(150000), estimated_m3=Decimal(2000))
    alerts.evaluate()
    mart.execute("alter table marts.mart_commercial__month rename estimated_m3 to estimated_old_m3")
    mart.set("Las Acacias", overdue_amount=Decimal(0))
    with pytest.raises(RulesNotEvaluated, match="consumo_estimado.*estimated_m3") as error:
        alerts.evaluate()
    assert [(c.kind, c.rule) for c in error.value.changes] == [("closed", "morosidad_sector")]
    assert mart.fetch("select rule, status from ops.incident order by rule") == [("consumo_estimado", "open"), ("morosidad_sector", "closed")]
    assert mart.fetch("select status from ops.run where pipeline = 'alerts' order by run_id") == [("ok",), ("failed",)]


def test_a_wrong_rule_stops_the_evaluation_before_anything_changes(mart, tmp_path):
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    for path in (FOLDER / "rules").glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text().replace("overdue_amount", "overdue_amounts"))
    with pytest.raises(RuleError, match=r"morosidad_sector.yml:\d+: figures.0"):
        alerts.evaluate(rules=tmp_path)
    assert counts(mart)[0][:3] == (0, 0, 0)


def test_without_notice_nobody_is_told(mart):
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    assert alerts.evaluate(notify=False)
    assert alerts.evaluate() == []
    assert counts(mart)[0][:3] == (1, 1, 0)


def test_somebody_takes_it_in_hand(mart):
    from alerts.cli import app

    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    run = CliRunner().invoke
    first, second = run(app, ["evaluate"]), run(app, ["evaluate"])
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "Nueva #1 [alta] Morosidad alta: Municipio Moca · Sector Las Acacias" in first.output
    assert "Sin cambios desde la última evaluación." in second.output
    assert run(app, ["ack", "1", "--by", "Ana Pérez", "--note", "Visita el jueves"]).exit_code == 0
    listed = run(app, ["list"], env={"COLUMNS": "200"})
    assert "75.0 %" in listed.output
    assert mart.fetch("select acknowledged_by, acknowledged_note from ops.incident") == [("Ana Pérez", "Visita el jueves")]
    assert mart.fetch("select kind, note from ops.incident_event order by event_id")[-1] == ("acknowledged", "Ana Pérez: Visita el jueves")
    assert alerts.evaluate() == []
    with warehouse.connect("load") as conn, pytest.raises(AlertsError, match="número 99"):
        acknowledge(conn, 99, "Ana")


def test_readers_see_incidents_but_not_addresses(mart):
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    with warehouse.connect("read") as conn:
        assert conn.execute("select count(*) from ops.incident").fetchone() == (1,)
        with pytest.raises(Exception, match="permission denied"):
            conn.execute("select recipient from ops.alert_message")
