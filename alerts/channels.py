"""Ways out for a message: an SMTP server, or `.eml` files under the home when none is set."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol

from alerts.settings import AlertSettings
from caudal.settings import settings

TIMEOUT_S = 20


class Channel(Protocol):
    """Something that delivers one message, or raises OSError / smtplib.SMTPException."""

    name: str

    def send(self, message: EmailMessage, message_id: int) -> None: ...


class FileChannel:
    """Writes `<home>/outbox/<number>-<recipient>.eml`: any mail program opens it."""

    name = "file"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage, message_id: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        path = self.folder / f"{message_id:06d}-{re.sub(r'[^A-Za-z0-9.@-]', '_', str(message['To']))}.eml"
        draft = path.with_suffix(".tmp")
        draft.write_bytes(message.as_bytes(policy=SMTP))
        draft.replace(path)


class SmtpChannel:
    """One SMTP session for a batch of messages."""

    name = "smtp"

    def __init__(self, connection: smtplib.SMTP) -> None:
        self.connection = connection

    def send(self, message: EmailMessage, message_id: int) -> None:
        self.connection.send_message(message)


@contextmanager
def open_channel(config: AlertSettings) -> Iterator[Channel]:
    """The channel of these settings, connected. Raises OSError or smtplib.SMTPException when the server refuses."""
    if not config.smtp_host:
        yield FileChannel(settings().home / "outbox")
        return
    with smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=TIMEOUT_S) as connection:
        if config.smtp_starttls:
            connection.starttls(context=ssl.create_default_context())
        if config.smtp_user:
            connection.login(config.smtp_user, config.smtp_password.get_secret_value() if config.smtp_password else "")
        yield SmtpChannel(connection)
