"""The cadastre's entry of a contract, of a cadastral code, or of whoever has a cédula or RNC (by its hash)."""

from __future__ import annotations

import re
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from caudal import warehouse

BY = {"contract": "contract_code", "cadastral_code": "cadastral_code", "identification_hash": "identification_hash"}


def find(by: str, value: str) -> list[dict[str, Any]]:
    """Rows of mart_cadastre__lookup, whole, in the order of the contracts. by: a key of BY. Raises KeyError for another."""
    with warehouse.connect("read") as conn, conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql.SQL("select * from marts.mart_cadastre__lookup where {} = %s order by contract_code").format(
            sql.Identifier(BY[by])), [value]).fetchall()


def identification_hash(number: str) -> str:
    """The hash that the warehouse keeps of a cédula or RNC (dashes and spaces do not count). Needs the role caudal_pii."""
    digits = re.sub(r"[^0-9A-Za-z]", "", number)
    with warehouse.connect("pii") as conn:
        return conn.execute("select encode(sha256(convert_to(pepper || %s, 'UTF8')), 'hex') from ops.identity_pepper", [digits]).fetchone()[0]
