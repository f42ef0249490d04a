"""Settings come from the environment; the site's own file fills what the environment does not say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PRINT = "from caudal.settings import settings as s; print(s().odoo_url, s().site, s().today, repr(s().odoo_password))"


def read(home: Path, **environment: str) -> str:
    env = {"CAUDAL_HOME": str(home), "PATH": "/usr/bin:/bin", **environment}
    return subprocess.run([sys.executable, "-c", PRINT], env=env, capture_output=True, text=True, check=True).stdout


def test_the_environment_wins_over_the_sites_file_and_no_password_is_shown(tmp_path: Path) -> None:
    (tmp_path / "site.env").write_text("ODOO_URL='http://archivo:8069'\nCAUDAL_SITE='moca'\nODOO_PASSWORD='s3creto'\nCAUDAL_TODAY='2026-02-28'\n")
    assert read(tmp_path) == "http://archivo:8069 moca 2026-02-28 SecretStr('**********')\n"
    assert read(tmp_path, ODOO_URL="http://entorno:8069", CAUDAL_TODAY="2026-03-01").startswith("http://entorno:8069 moca 2026-03-01 ")


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read(tmp_path, CAUDAL_TODAY="2026-03-01") == "None demo 2026-03-01 None\n"


URLS = """
from caudal.settings import settings as s
from superset_assets.server import sqlalchemy_uri
for role in ("owner", "load", "transform", "read", "pii"):
    print(role, s().warehouse_url(role).rsplit("@", 1)[-1])
print("metadata", s().warehouse_url("owner", "superset").rsplit("@", 1)[-1])
print("superset", sqlalchemy_uri("caudal_read", "x").rsplit("@", 1)[-1])
"""


def test_who_only_reads_reads_the_replica(tmp_path: Path) -> None:
    """The writers and the metadata databases stay on the primary; the readers keep their own passwords, not the address's."""
    env = {"CAUDAL_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "CAUDAL_WAREHOUSE_URL": "postgresql://dba:x@primary/almacen",
           "CAUDAL_READ_URL": "postgresql://dba:y@replica:5433/almacen?sslmode=require"}
    out = subprocess.run([sys.executable, "-c", URLS], env=env, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    assert dict(line.split() for line in out.splitlines()) == {
        "owner": "primary/almacen", "load": "primary/almacen", "transform": "primary/almacen", "metadata": "primary/superset",
        **dict.fromkeys(("read", "pii", "superset"), "replica:5433/almacen?sslmode=require"),
    }
