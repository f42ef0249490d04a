"""The accounting route of concepts and customers: company-dependent accounts, some with a value of their own and the rest by ir.default."""

from __future__ import annotations

import json

from psycopg import Connection

from demo.utility import copying as out
from demo.utility.masters import ACCOUNTS, CONCEPTS, FIRST_CUSTOMER_ID
from demo.utility.platform_registry import field_ids
from demo.utility.stamps import COMPANY, SET_UP, ids_from, stamps

BY_DEFAULT = "OTRO"  # the concept that has no account of its own
OWN_RECEIVABLE = 7  # one customer in so many has the receivable account set by hand, which is the same


def write_routes(conn: Connection, rows: dict[str, int]) -> None:
    """Set the accounts that the lines of invoices use: AGUA 41010100, and so on; and COPY ir_default."""
    for product, code in enumerate(CONCEPTS, 1):
        if code != BY_DEFAULT:
            conn.execute("update product_product set property_account_income_id = jsonb_build_object(%s::text, %s::int) where id = %s",
                         [COMPANY, ACCOUNTS[code], product])
    conn.execute("update res_partner set property_account_receivable_id = jsonb_build_object(%s::text, %s::int) where id >= %s and id %% %s = 0",
                 [COMPANY, ACCOUNTS["CXC"], FIRST_CUSTOMER_ID, OWN_RECEIVABLE])
    income, receivable = field_ids()["product.product", "property_account_income_id"], field_ids()["res.partner", "property_account_receivable_id"]
    defaults = [(income, None, ACCOUNTS["AGUA"]), (income, COMPANY, ACCOUNTS[BY_DEFAULT]), (receivable, None, ACCOUNTS["CXC"])]
    rows["ir_default"] = out.copy_rows(conn, "ir_default", {
        "id": ids_from(len(defaults)), **stamps(SET_UP, len(defaults)), "field_id": [str(field) for field, _, _ in defaults],
        "company_id": [out.NULL if company is None else str(company) for _, company, _ in defaults],
        "json_value": [json.dumps(account) for _, _, account in defaults],
    })
