"""What is declared of the histories is the same in its three places: macro, snapshots, raw."""

from __future__ import annotations

import re

import yaml

from caudal.dbt_run import PROJECT
from sources.odoo import mapping


def test_the_snapshots_follow_the_columns_of_the_macro() -> None:
    macro = (PROJECT / "macros" / "history.sql").read_text()
    declared = {entity: set(re.findall(r"'(\w+)': '\w+'", block))
                for entity, block in re.findall(r"'(\w+)': \{([^}]*)\}", macro)}
    assert set(declared) == {"customer", "contract", "supply_point", "meter"}
    snapshots = yaml.safe_load((PROJECT / "snapshots" / "_snapshots.yml").read_text())["snapshots"]
    assert {s["name"].removeprefix("snap_odoo__"): {*s["config"]["check_cols"]} - {"_deleted_at"} for s in snapshots} == declared
    mapped = {e.name: {c.name for c in e.columns} for e in mapping.load(mapping.path_of("demo"))}
    for entity, columns in declared.items():
        assert {*columns, "write_uid", "write_date", "create_date"} <= mapped[entity], entity
