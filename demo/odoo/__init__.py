"""The stand-in of Odoo 18: the source database served over JSON-RPC, faults included."""
