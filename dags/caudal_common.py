"""What the three DAGs share: the assets that chain them, the defaults of their tasks and the failure notice. No I/O.

It defines no DAG (see `.airflowignore`). `airflow.sdk` is the only import at the top: everything else is imported inside the tasks, so
that parsing costs nothing and a broken package shows as a failed task, not as a DAG that vanished.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Asset, AssetAlias

TIMEZONE = "America/Santo_Domingo"

RAW = Asset(name="raw", uri="caudal://warehouse/raw", group="caudal")
RAW_ENTITY = AssetAlias(name="raw_entity", group="caudal")  # stands for caudal://warehouse/raw/odoo_<entity>, one asset each
MARTS = Asset(name="marts", uri="caudal://warehouse/marts", group="caudal")

# Pools (see pools.json): as many slots as requests Odoo stands at once (CAUDAL_SOURCE_SLOTS), each entity taking one; one slot to write marts.
SOURCE_POOL = "odoo"
BUILD_POOL = "warehouse_build"

DEFAULT_ARGS = {
    "owner": "caudal",
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=20),
    "execution_timeout": timedelta(minutes=30),
    "depends_on_past": False,
}
