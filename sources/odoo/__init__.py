"""Odoo as a source: the mapping of a site (`mapping/*.yml`, `mapping.py`) and the transport over odoorpc (`session.py`, `rpc.py`)."""
