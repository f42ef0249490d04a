"""A question of the marts with nothing built: what each mart is made from becomes a CTE, down to the staging views over raw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Self

import psycopg
from psycopg import sql

from caudal.dbt_run import compiled

MARTS = "marts"


@dataclass(frozen=True)
class Unbuilt:
    """The models of the project: relation → its CTE, in the order in which they are made, and what each reads."""

    ctes: dict[str, str]
    reads: dict[str, list[str]]

    @classmethod
    def of(cls, conn: psycopg.Connection) -> Self:
        """Of the project as it is, with the types of the columns that are built in `marts`: a contract's numeric(18, 2) rounds here as there."""
        nodes = {key: node for key, node in compiled("resource_type:model", schema=MARTS)["nodes"].items() if node["resource_type"] == "model" and node["schema"] != "staging"}
        above = {key: [n for n in node["depends_on"]["nodes"] if n in nodes] for key, node in nodes.items()}
        names = {key: f"{node['schema']}.{node['alias']}" for key, node in nodes.items()}
        ctes, reads = {}, {}
        for key in TopologicalSorter(above).static_order():
            code, reads[names[key]] = nodes[key]["compiled_code"], [names[n] for n in above[key]]
            for n in above[key]:
                code = code.replace(nodes[n]["relation_name"], _cte(names[n]))
            columns = conn.execute("""select attname, format_type(atttypid, atttypmod) from pg_attribute
                                      where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum""", [names[key]]).fetchall()
            typed = ", ".join(f"{sql.Identifier(name).as_string(conn)}::{kind}" for name, kind in columns)
            ctes[names[key]] = f"{_cte(names[key])} as materialized (select {typed} from (\n{code}\n) as model)"
        return cls(ctes, reads)

    def asked(self, question: str) -> str:
        """The question, asked of raw."""
        wanted = set(re.findall(rf"\b{MARTS}\.\w+", question))
        question = re.sub(rf"\b{MARTS}\.\w+", lambda found: _cte(found[0]), question)
        waiting = list(wanted)
        while waiting:
            waiting += (new := set(self.reads[waiting.pop()]) - wanted)
            wanted |= new
        used = [cte for name, cte in self.ctes.items() if name in wanted]
        return "with " + ",\n".join(used) + f"\nselect * from (\n{question}\n) as question" if used else question


def _cte(name: str) -> str:
    return name.partition(".")[2]  # a question may name its columns by it
