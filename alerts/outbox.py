"""The outbox `ops.alert_message`: queued in the transaction of the events, delivered after it, kept while it cannot be.

A message is sent at least once: it is marked only after the server took it, and carries the same Message-ID when it is sent again.
"""

from __future__ import annotations

import smtplib
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr

from psycopg import Connection
from psycopg.rows import dict_row

from alerts.channels import Channel, open_channel
from alerts.digest import Digest
from alerts.settings import AlertSettings

MAX_ATTEMPTS = 20
_POLICY = EmailPolicy(cte_type="7bit", max_line_length=78, utf8=False)


def enqueue(conn: Connection, digest: Digest) -> int:
    """Queue a message in the caller's transaction; its number."""
    return conn.execute(
        "insert into ops.alert_message (recipient, subject, body_text, body_html, event_ids) values (%s, %s, %s, %s, %s) returning message_id",
        [digest.recipient, digest.subject, digest.text, digest.html, digest.event_ids],
    ).fetchone()[0]


def deliver(conn: Connection, config: AlertSettings) -> list[str]:
    """Send every pending message; the errors of those that stay pending (or were given up after MAX_ATTEMPTS). `conn` is in autocommit."""
    with conn.cursor(row_factory=dict_row) as cursor:
        pending = cursor.execute("select * from ops.alert_message where status = 'pending' order by message_id").fetchall()
    if not pending:
        return []
    try:
        with open_channel(config) as channel:
            return [error for row in pending if (error := _deliver_one(conn, channel, row, config))]
    except (OSError, smtplib.SMTPException) as error:  # no session: none of the rest can go
        return [_failed(conn, row["message_id"], error) for row in pending if not _is_sent(conn, row["message_id"])]


def message(row: dict, config: AlertSettings) -> EmailMessage:
    """The e-mail of one row of the outbox: text and HTML, the same bytes every time."""
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"], mail["From"], mail["To"] = row["subject"], config.sender, row["recipient"]
    created: datetime = row["created_at"]
    domain = parseaddr(config.sender)[1].rpartition("@")[2] or "localhost"
    mail["Date"], mail["Message-ID"] = format_datetime(created), f"<caudal-{row['message_id']}-{created:%Y%m%d%H%M%S%f}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(row["body_text"], cte="quoted-printable")
    mail.add_alternative(row["body_html"], subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_caudal_{row['message_id']}")
    return mail


def _deliver_one(conn: Connection, channel: Channel, row: dict, config: AlertSettings) -> str | None:
    try:
        channel.send(message(row, config), row["message_id"])
    except (smtplib.SMTPServerDisconnected, ConnectionError):
        raise
    except (OSError, smtplib.SMTPException) as error:  # this message only
        return _failed(conn, row["message_id"], error)
    conn.execute(
        """update ops.alert_message set status = 'sent', channel = %s, attempts = attempts + 1, last_attempt_at = now(), sent_at = now(),
           last_error = null where message_id = %s""", [channel.name, row["message_id"]])
    return None


def _is_sent(conn: Connection, message_id: int) -> bool:
    return conn.execute("select status = 'sent' from ops.alert_message where message_id = %s", [message_id]).fetchone()[0]


def _failed(conn: Connection, message_id: int, error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"[:500]
    conn.execute(
        """update ops.alert_message set attempts = attempts + 1, last_attempt_at = now(), last_error = %s,
           status = case when attempts + 1 >= %s then 'failed' else 'pending' end where message_id = %s""", [text, MAX_ATTEMPTS, message_id])
    return text
