"""The ZIP that Superset imports, byte for byte the same for the same files, metrics and warehouse address."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from caudal.secrets import get_or_create
from caudal.settings import settings

from .checks import check
from .context import DATABASE, PII_DATABASE, Context, identifier
from .expand_charts import chart
from .expand_dashboards import dashboard
from .expand_datasets import dataset
from .server import sqlalchemy_uri

ROOT, HEAD = "caudal", "metadata.yaml"
READERS = {DATABASE: "caudal_read", PII_DATABASE: "caudal_pii"}  # connection → the database's role it reads as
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_MASK = "XXXXXXXXXX"  # Superset's own sign for "the password comes apart"


def documents(context: Context) -> dict[str, Any]:
    """File in the bundle → its content. Raises AssetError when the chain is broken."""
    check(context)
    found: dict[str, Any] = {
        HEAD: {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
    }
    found |= {f"databases/{name}.yaml": _database(name) for name in READERS}
    found |= {f"datasets/{context.database_of(slug)}/{slug}.yaml": dataset(context, slug) for slug in context.assets.datasets}
    found |= {f"charts/{slug}.yaml": chart(context, slug) for slug in context.assets.charts}
    found |= {f"dashboards/{slug}.yaml": dashboard(context, slug) for slug in context.assets.dashboards}
    return found


def build(context: Context) -> bytes:
    """The ZIP's bytes."""
    return pack(documents(context))


def pack(files: dict[str, Any]) -> bytes:
    """The ZIP of `documents`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(f"{ROOT}/{name}", _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            # JSON is YAML, and has one way of writing a thing.
            archive.writestr(info, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True))
    return buffer.getvalue()


def passwords() -> dict[str, str]:
    """What the import call carries beside the ZIP: the readers' passwords, which no file holds."""
    return {f"databases/{name}.yaml": get_or_create(settings().home, role) for name, role in READERS.items()}


def _database(name: str) -> dict[str, Any]:
    return {
        "database_name": name,
        "sqlalchemy_uri": sqlalchemy_uri(READERS[name], _MASK),
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {"allows_virtual_table_explore": True, "engine_params": {"pool_pre_ping": True}},
        "uuid": identifier("database", name),
        "version": "1.0.0",
    }
