"""What people receive: one digest each, in Spanish, through a real SMTP server; nothing is lost while it is down."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from decimal import Decimal
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

import alerts
from alerts.errors import DeliveryFailed


class Sink:
    """Keeps what it receives; refuses the addresses in `refused`."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"

    def to(self, address: str) -> EmailMessage:
        (message,) = [m for m in self.received if m["To"] == address]
        return message


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def smtp(mart, monkeypatch) -> Iterator[Sink]:
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    monkeypatch.setenv("CAUDAL_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("CAUDAL_SMTP_PORT", str(controller.port))
    monkeypatch.setenv("CAUDAL_SMTP_FROM", "Alertas <alertas@agua.example>")
    yield sink
    controller.stop()


def text(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def html(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def test_each_recipient_gets_one_digest_in_spanish(mart, smtp, monkeypatch):
    monkeypatch.setenv("CAUDAL_DASHBOARD_URL", "https://tableros.agua.example")
    mart.set("Las Acacias", collected_amount=Decimal("61234.56"), overdue_amount=Decimal(150000))
    mart.set("La Loma", overdue_amount=Decimal(100000))
    alerts.evaluate()
    assert sorted(m["To"] for m in smtp.received) == ["cobros@caudal.example", "gerencia.comercial@caudal.example"]
    message = smtp.to("cobros@caudal.example")
    assert message["Subject"] == "Alertas de Caudal: 4 nuevas (2 graves) · Eficiencia de cobranza baja y 1 más"
    assert message["From"] == "Alertas <alertas@agua.example>"
    for body in (text(message), html(message).replace("\u00a0", " ")):
        assert "Eficiencia de cobranza de octubre 2026: 61.2 %; mínimo 75.0 % (límite crítico)." in body
        assert "Recaudación: RD$ 61,234.56 · Monto facturado: RD$ 100,000.00" in body
        assert "Índice de morosidad de octubre 2026: 75.0 %; máximo 70.0 % (límite crítico)." in body
        assert "Responsable: Departamento de Cobros" in body
        assert "abierta desde el 15/11/2026" in body
        assert "Qué hacer:" in body
        assert "convenios de pago" in body
        assert "https://tableros.agua.example/superset/dashboard/morosidad/" in body
        assert "Datos al 15/11/2026" in body
    # the rule of others is not told to them; the worst comes first
    assert "Morosidad alta" not in text(smtp.to("gerencia.comercial@caudal.example"))
    assert text(message).index("Sector Las Acacias") < text(message).index("Toda la empresa")
    alerts.evaluate()
    assert len(smtp.received) == 2


def test_a_change_and_a_recovery_are_told(mart, smtp):
    mart.set("Las Acacias", overdue_amount=Decimal(90000))
    mart.set("La Loma", overdue_amount=Decimal(90000))
    alerts.evaluate()
    smtp.received.clear()
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    body = text(smtp.to("cobros@caudal.example"))
    assert "[Alta] Empeoró: Municipio Moca · Sector Las Acacias" in body
    assert "75.0 %; máximo 70.0 % (límite crítico). Antes: 45.0 %." in body
    assert "Además sigue abierta 1 alerta sin cambios." in body
    smtp.received.clear()
    mart.set("Las Acacias", overdue_amount=Decimal(40000))
    alerts.evaluate()
    message = smtp.to("cobros@caudal.example")
    assert message["Subject"].startswith("Alertas de Caudal: 1 resuelta")
    assert "Índice de morosidad de octubre 2026: 20.0 %, de nuevo dentro de lo aceptado (máximo 40.0 %)." in text(message)
    assert "estuvo abierta desde el 15/11/2026" in text(message)
    assert "Qué hacer" not in text(message)


def test_old_data_are_called_old(mart, smtp):
    mart.build(ok=False)
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    message = smtp.to("cobros@caudal.example")
    assert message["Subject"].startswith("[Datos atrasados] ")
    for body in (text(message), html(message)):
        assert "no pasó 1 prueba(s) de calidad y no se publicó" in body
        assert "hasta octubre 2026" in body
    assert "Datos desactualizados" in text(smtp.to("tecnologia@caudal.example"))


def test_a_figure_close_to_its_bound_is_told_apart_from_it(mart, smtp):
    mart.set("Las Acacias", collected_amount=Decimal(84990))
    alerts.evaluate()
    assert "84.99 %; mínimo 85.00 %" in text(smtp.to("cobros@caudal.example"))


def test_what_comes_from_data_cannot_write_html(mart, smtp):
    mart.execute("update marts.mart_commercial__month set sector_name = '<b>x</b>' where sector_name = 'La Loma'")
    mart.set("<b>x</b>", overdue_amount=Decimal(150000))
    alerts.evaluate()
    body = html(smtp.to("cobros@caudal.example"))
    assert "&lt;b&gt;x&lt;/b&gt;" in body
    assert "<b>x</b>" not in body


def test_a_server_that_is_down_loses_nothing(mart, monkeypatch):
    monkeypatch.setenv("CAUDAL_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("CAUDAL_SMTP_PORT", str(free_port()))
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    with pytest.raises(DeliveryFailed, match="1 message.*ConnectionRefusedError") as error:
        alerts.evaluate()
    assert [c.rule for c in error.value.changes] == ["morosidad_sector"]
    assert mart.fetch("select status from ops.incident") == [("open",)]
    with pytest.raises(DeliveryFailed):  # no new event, the message is tried again
        alerts.evaluate()
    assert mart.fetch("select status, attempts, last_error like 'ConnectionRefusedError%%' from ops.alert_message") == [("pending", 2, True)]
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        monkeypatch.setenv("CAUDAL_SMTP_PORT", str(controller.port))
        assert alerts.evaluate() == []
        assert alerts.evaluate() == []
    finally:
        controller.stop()
    assert [m["To"] for m in sink.received] == ["cobros@caudal.example"]
    assert mart.fetch("select status, channel, attempts, last_error from ops.alert_message") == [("sent", "smtp", 3, None)]


def test_one_refused_address_does_not_hold_the_others(mart, smtp):
    smtp.refused = {"cobros@caudal.example"}
    mart.set("Las Acacias", collected_amount=Decimal(60000))
    with pytest.raises(DeliveryFailed, match="550"):
        alerts.evaluate()
    assert [m["To"] for m in smtp.received] == ["gerencia.comercial@caudal.example"]
    smtp.refused = set()
    alerts.evaluate()
    assert [m["To"] for m in smtp.received] == ["gerencia.comercial@caudal.example", "cobros@caudal.example"]


def test_a_refused_log_in_is_told_without_the_password(mart, smtp, monkeypatch):
    monkeypatch.setenv("CAUDAL_SMTP_USER", "alertas")
    monkeypatch.setenv("CAUDAL_SMTP_PASSWORD", "un-secreto-largo")
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    with pytest.raises(DeliveryFailed) as error:
        alerts.evaluate()
    assert "un-secreto-largo" not in str(error.value)
    assert "un-secreto-largo" not in str(mart.fetch("select last_error from ops.alert_message") + mart.fetch("select error, details::text from ops.run"))


def test_without_a_server_the_messages_are_files(mart):
    mart.set("Las Acacias", overdue_amount=Decimal(150000))
    alerts.evaluate()
    (path,) = (mart.home / "outbox").iterdir()
    assert path.name == "000001-cobros@caudal.example.eml"
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert "Morosidad alta" in text(message)
    first = path.read_bytes()
    mart.execute("update ops.alert_message set status = 'pending'")
    alerts.evaluate()
    assert path.read_bytes() == first
