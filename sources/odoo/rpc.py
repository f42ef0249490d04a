"""The transport `rpc`: odoorpc over JSON-RPC, which every hosting of Odoo offers. Deprecated from Odoo 19 on, gone in 22."""

from __future__ import annotations

from caudal.settings import settings
from sources.odoo.api import OdooApi
from sources.odoo.connection import Address, require
from sources.odoo.session import Session
from sources.transports import Options


def connect(options: Options) -> OdooRpc:
    """The transport `rpc`. Reads `ODOO_URL`, `ODOO_DB`, `ODOO_USER`, `ODOO_PASSWORD`, and `ODOO_AUDIT_USER`, `ODOO_AUDIT_PASSWORD` where set.

    Raises SourceError when one of the four is missing; logs in only at the first request.
    """
    s = settings()
    require({"ODOO_URL": s.odoo_url, "ODOO_DB": s.odoo_db, "ODOO_USER": s.odoo_user, "ODOO_PASSWORD": s.odoo_password})
    has_audit = s.odoo_audit_user and s.odoo_audit_password
    audit = Address(s.odoo_url, s.odoo_db, s.odoo_audit_user, s.odoo_audit_password.get_secret_value()) if has_audit else None
    address = Address(s.odoo_url, s.odoo_db, s.odoo_user, s.odoo_password.get_secret_value())
    return OdooRpc(address, options.clients, audit, options.page_rows)


class OdooRpc(OdooApi):
    """Odoo over JSON-RPC."""

    log_in = Session
