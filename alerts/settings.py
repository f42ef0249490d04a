"""Settings of the alerts, read from the environment only."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import yaml
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from alerts.errors import RuleError
from caudal.settings import settings

FOLDER = Path(__file__).parent


class AlertSettings(BaseSettings):
    """Where messages go and how. Without `CAUDAL_SMTP_HOST` they are written to `<home>/outbox/*.eml`."""

    model_config = SettingsConfigDict(extra="ignore")

    smtp_host: str | None = Field(default=None, validation_alias="CAUDAL_SMTP_HOST")
    smtp_port: int = Field(default=25, validation_alias="CAUDAL_SMTP_PORT")
    smtp_user: str | None = Field(default=None, validation_alias="CAUDAL_SMTP_USER")
    smtp_password: SecretStr | None = Field(default=None, validation_alias="CAUDAL_SMTP_PASSWORD")
    smtp_starttls: bool = Field(default=False, validation_alias="CAUDAL_SMTP_STARTTLS")
    sender: str = Field(default="Alertas de Caudal <caudal@localhost>", validation_alias="CAUDAL_SMTP_FROM")
    rules: Path = Field(default=FOLDER / "rules", validation_alias="CAUDAL_ALERT_RULES")
    contacts_file: Path = Field(default=FOLDER / "contacts.yml", validation_alias="CAUDAL_ALERT_CONTACTS")
    dashboard_url: str | None = Field(default=None, validation_alias="CAUDAL_DASHBOARD_URL")

    def dashboard(self, slug: str | None) -> str | None:
        """Link to a dashboard, from `CAUDAL_DASHBOARD_URL` (the address people use) or else the Superset of this home; None when there is none."""
        port = settings().home / "superset" / "port"
        base = self.dashboard_url or (f"http://127.0.0.1:{port.read_text().strip()}" if port.exists() else None)
        return f"{base.rstrip('/')}/superset/dashboard/{slug}/" if base and slug else None

    @cached_property
    def contacts(self) -> dict[str, list[str]]:
        """Name of a group → e-mail addresses. Raises RuleError naming file and group when an entry is not a list of addresses."""
        groups = yaml.safe_load(self.contacts_file.read_text(encoding="utf-8")) or {}
        for name, addresses in groups.items():
            if not isinstance(addresses, list) or not addresses or not all(isinstance(a, str) and "@" in a for a in addresses):
                raise RuleError(f"{self.contacts_file}: {name}: give a list of e-mail addresses")
        return groups


def alert_settings() -> AlertSettings:
    """The settings as the environment (and `<home>/site.env`) has them now."""
    settings()  # adds site.env to the environment
    return AlertSettings()
