"""Replication: outside systems → `raw.*`, one contract for all of them (`contract.py`), one loader (`loader.py`).

Knows nothing of dbt and holds no transformation: raw keeps what the source said.
"""
