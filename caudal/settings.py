"""Settings of one installation, read from the environment (see `docs/operations.md` for the list).

`<home>/site.env`, when it is there, is added to the environment first; what the environment already says wins.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from dotenv import load_dotenv
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from caudal.secrets import get_or_create

ROOT = Path(__file__).resolve().parent.parent
Role = Literal["owner", "load", "transform", "read", "pii"]


class Settings(BaseSettings):
    """One installation. Every field is an environment variable, `CAUDAL_…` or `ODOO_…`."""

    model_config = SettingsConfigDict(extra="ignore")

    home: Path = Field(default=ROOT / ".caudal", validation_alias="CAUDAL_HOME")
    external_warehouse: SecretStr | None = Field(default=None, validation_alias="CAUDAL_WAREHOUSE_URL")
    read_replica: SecretStr | None = Field(default=None, validation_alias="CAUDAL_READ_URL")
    today_override: date | None = Field(default=None, validation_alias="CAUDAL_TODAY")
    timezone: str = Field(default="America/Santo_Domingo", validation_alias="CAUDAL_TIMEZONE")
    site: str = Field(default="demo", validation_alias="CAUDAL_SITE")

    odoo_url: str | None = Field(default=None, validation_alias="ODOO_URL")
    odoo_db: str | None = Field(default=None, validation_alias="ODOO_DB")
    odoo_user: str | None = Field(default=None, validation_alias="ODOO_USER")
    odoo_password: SecretStr | None = Field(default=None, validation_alias="ODOO_PASSWORD")
    odoo_transport: str = Field(default="rpc", validation_alias="ODOO_TRANSPORT")
    odoo_api_key: SecretStr | None = Field(default=None, validation_alias="ODOO_API_KEY")
    odoo_sql_url: SecretStr | None = Field(default=None, validation_alias="ODOO_SQL_URL")
    odoo_sql_timeout_s: int = Field(default=3600, ge=1, validation_alias="ODOO_SQL_TIMEOUT_S")
    odoo_audit_user: str | None = Field(default=None, validation_alias="ODOO_AUDIT_USER")
    odoo_audit_password: SecretStr | None = Field(default=None, validation_alias="ODOO_AUDIT_PASSWORD")
    odoo_audit_api_key: SecretStr | None = Field(default=None, validation_alias="ODOO_AUDIT_API_KEY")

    @property
    def root(self) -> Path:
        """The checkout."""
        return ROOT

    @property
    def today(self) -> date:
        """The business date: `CAUDAL_TODAY`, or the present day in the utility's time zone."""
        return self.today_override or datetime.now(ZoneInfo(self.timezone)).date()

    def warehouse_url(self, role: Role = "owner", dbname: str | None = None) -> str:
        """libpq URL of the warehouse as `role`, in database `dbname` (default: the warehouse's own). Starts nothing.

        The owner of an external warehouse is who `CAUDAL_WAREHOUSE_URL` says; the passwords of the other roles are
        made at the first bootstrap and kept under `<home>/secrets`, or come from `CAUDAL_PASSWORD_<ROLE>`. Who only reads the warehouse reads
        the replica of `CAUDAL_READ_URL` where there is one (docs/scale.md): its host and database, the same roles and passwords.
        """
        if self.read_replica is not None and role in ("read", "pii") and dbname is None:
            return self._as_role(self.read_replica, role, None)
        if self.external_warehouse is not None:
            return self._as_role(self.external_warehouse, role, dbname)
        from caudal.postgres import EmbeddedPostgres

        user = "caudal" if role == "owner" else f"caudal_{role}"
        return EmbeddedPostgres(self.home).url(user, dbname or "caudal")

    def _as_role(self, server: SecretStr, role: Role, dbname: str | None) -> str:
        parts = urlsplit(server.get_secret_value())
        name = dbname or parts.path.lstrip("/") or "caudal"
        if role == "owner":
            return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
        host = parts.netloc.rsplit("@", 1)[-1]
        netloc = f"caudal_{role}:{quote(get_or_create(self.home, f'caudal_{role}'), safe='')}@{host}"
        return urlunsplit((parts.scheme, netloc, f"/{name}", parts.query, ""))


def site_env_file() -> Path:
    """The site's own file of environment variables; it may hold passwords, so it is outside git and readable by its owner only."""
    return Path(os.environ.get("CAUDAL_HOME", ROOT / ".caudal")) / "site.env"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once (`settings.cache_clear()` after changing the environment)."""
    load_dotenv(site_env_file(), override=False)
    return Settings()
