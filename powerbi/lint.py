"""The lint of a PBIP folder: what Microsoft's own parser lets pass. Works on the files, so it sees edits made by hand too.

Reads the folder and dbt's contract (`manifest.json`). Gives problems, each with its file, line, object and what is wrong; writes nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from PyDAX import DAXExpression

from .design import TYPES
from .pbir import KINDS
from .reader import Node, TmdlError, parse, split_path
from .tmdl import UNRELATED

_SOURCE = re.compile(r'\w+ = PostgreSQL\.Database\((?P<server>\w+), (?P<database>\w+)\)')
_ITEM = re.compile(r'\{\[Schema="(?P<schema>[^"]*)", ?Item="(?P<item>[^"]*)"\]\}\[Data\]')
_SELECT = re.compile(r"Table\.SelectColumns\(\w+, \{(?P<columns>[^}]*)\}\)")
_CAST = re.compile(r'\{"(?P<column>(?:[^"]|"")*)", (?P<type>[\w. ]+)\}')
_TEXT = re.compile(r'"((?:[^"]|"")*)"')
_CONTEXT_PROPERTY = {"Column", "Measure"}


@dataclass(frozen=True)
class Problem:
    """One finding: where, which object, what is wrong."""

    file: str
    line: int
    item: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.item}: {self.message}"


def check(folder: Path, manifest: Path | None = None) -> list[Problem]:
    """Every problem of the PBIP project in `folder`; empty when there is none.

    `manifest`: folder of dbt's manifest.json (default: the last build's). Raises FileNotFoundError when `folder` holds no project.
    """
    from caudal.semantic import manifest_path

    contracts_file = (Path(manifest) if manifest else manifest_path().parent) / "manifest.json"
    nodes = json.loads(contracts_file.read_text(encoding="utf-8"))["nodes"].values()
    contracts = {n["name"]: {c: v.get("data_type") or "" for c, v in n["columns"].items()} for n in nodes if n["resource_type"] == "model"}
    return _Lint(Path(folder), contracts).run()


class _Lint:
    def __init__(self, folder: Path, contracts: dict[str, dict[str, str]]) -> None:
        self.folder, self.contracts, self.problems = folder, contracts, []
        projects = sorted(folder.glob("*.pbip"))
        if len(projects) != 1:
            raise FileNotFoundError(f"{folder} holds {len(projects)} .pbip files; it must hold one: run `caudal powerbi generate`")
        self.name = projects[0].stem
        self.model_dir, self.report_dir = folder / f"{self.name}.SemanticModel", folder / f"{self.name}.Report"
        self.nodes: list[Node] = []
        self.tables: dict[str, Node] = {}
        self.columns: dict[str, dict[str, Node]] = {}
        self.measures: dict[str, Node] = {}

    def add(self, node: Node | None, message: str, file: str = "", item: str = "") -> None:
        self.problems.append(Problem(node.file if node else file, node.line if node else 1, f"{node.kind} {node.name}" if node else item, message))

    def run(self) -> list[Problem]:
        self.read()
        self.names()
        for table in self.tables.values():
            self.table(table)
        for measure in self.measures.values():
            self.measure(measure)
        self.relationships()
        self.dates()
        self.roles()
        self.report()
        return sorted(self.problems, key=lambda p: (p.file, p.line, p.message))

    # -- the files
    def read(self) -> None:
        for path in sorted((self.model_dir / "definition").rglob("*.tmdl")):
            try:
                self.nodes += parse(path.read_text(encoding="utf-8"), str(path.relative_to(self.folder)))
            except TmdlError as error:
                self.add(None, str(error), file=str(path.relative_to(self.folder)))
        for node in self.nodes:
            if node.kind == "table" and not node.is_ref:
                if node.name in self.tables:
                    self.add(node, "another table has this name")
                self.tables[node.name] = node
        if not self.tables:
            self.add(None, "the model has no table", file=str(self.model_dir.relative_to(self.folder)))
        referred = [n for n in self.nodes if n.kind == "table" and n.is_ref]
        for node in referred:
            if node.name not in self.tables:
                self.add(node, "model.tmdl names a table that has no file")
        for name, node in self.tables.items():
            if name not in {n.name for n in referred}:
                self.add(node, "model.tmdl does not name this table (ref table)")

    def names(self) -> None:
        seen: dict[str, Node] = {}
        for table in self.tables.values():
            self.columns[table.name] = {}
            for column in table.of("column"):
                if column.name.lower() in {c.lower() for c in self.columns[table.name]}:
                    self.add(column, f"table {table.name!r} has this column twice")
                self.columns[table.name][column.name] = column
            for measure in table.of("measure"):
                if measure.name.lower() in seen:
                    self.add(measure, f"another measure has this name ({seen[measure.name.lower()].file})")
                if measure.name.lower() in {c.lower() for c in self.columns[table.name]}:
                    self.add(measure, "a column of its table has this name")
                seen[measure.name.lower()] = measure
                self.measures[measure.name] = measure
        tags = Counter(n.properties["lineageTag"] for n in self.objects() if "lineageTag" in n.properties)
        for node in self.objects():
            value = node.properties.get("lineageTag")
            if value is None and node.kind in ("table", "column", "measure", "expression"):
                self.add(node, "it has no lineageTag")
            elif value is not None and tags[value] > 1:
                self.add(node, f"lineageTag {value} is not its own")

    def objects(self) -> list[Node]:
        tops = [n for n in self.nodes if not n.is_ref]
        return tops + [child for n in tops for child in n.children]

    # -- tables, their source and columns
    def table(self, table: Node) -> None:
        partitions = table.of("partition")
        if len(partitions) != 1:
            self.add(table, f"it has {len(partitions)} partitions; it must have one")
            return
        source = partitions[0].properties.get("source", "")
        contract = self.source(partitions[0], source)
        select = _SELECT.search(source)
        if not select:
            self.add(partitions[0], "its M does not choose columns (Table.SelectColumns)")
            return
        imported = [c.replace('""', '"') for c in _TEXT.findall(select["columns"])]
        casts = {m["column"]: m["type"] for m in _CAST.finditer(source)}
        for name in [*imported, *casts]:
            if contract is not None and name not in contract:
                self.add(partitions[0], f"its M names column {name!r}, which the mart does not have")
        for column in self.columns[table.name].values():
            self.column(column, table, contract, imported, casts)
        for missing in sorted(set(imported) - {c.properties.get("sourceColumn") for c in self.columns[table.name].values()}):
            self.add(table, f"its M imports {missing!r}, which is no column of the table")

    def source(self, partition: Node, source: str) -> dict[str, str] | None:
        expressions = {n.name for n in self.nodes if n.kind == "expression"}
        origin, item = _SOURCE.search(source), _ITEM.search(source)
        if not origin:
            self.add(partition, "its M does not call PostgreSQL.Database(<parámetro>, <parámetro>)")
        else:
            for parameter in (origin["server"], origin["database"]):
                if parameter not in expressions:
                    self.add(partition, f"its M uses the parameter {parameter!r}, which expressions.tmdl does not define")
        if not item:
            self.add(partition, "its M does not name schema and table of the mart")
            return None
        if item["schema"] != "marts":
            self.add(partition, f"it reads schema {item['schema']!r}; only marts is published")
        if item["item"] not in self.contracts:
            self.add(partition, f"dbt has no model {item['item']!r}")
            return None
        return self.contracts[item["item"]]

    def column(self, column: Node, table: Node, contract: dict[str, str] | None, imported: list[str], casts: dict[str, str]) -> None:
        source, kind = column.properties.get("sourceColumn"), column.properties.get("dataType")
        if not source:
            self.add(column, "it has no sourceColumn")
            return
        if source not in imported:
            self.add(column, f"its sourceColumn {source!r} is not imported by the table's M")
        if contract is not None:
            if source not in contract:
                self.add(column, f"its sourceColumn {source!r} is not in the mart's contract")
            else:
                base = re.sub(r"\(.*", "", contract[source]).strip().lower()
                expected, cast = TYPES.get(base, (None, None))
                if kind != expected:
                    self.add(column, f"dataType {kind} does not hold {contract[source]} ({expected} does)")
                if cast and casts.get(source) != cast:
                    self.add(column, f"its M does not cast {source!r} to {cast}: {contract[source]} would not be exact")
        if column.properties.get("summarizeBy") != "none":
            self.add(column, "summarizeBy is not none: numbers come from measures")
        if source.endswith("_key") and "isHidden" not in column.properties:
            self.add(column, "a key must be hidden")
        order = column.properties.get("sortByColumn")
        if order is not None:
            name = order.strip("'").replace("''", "'")
            if name not in self.columns[table.name]:
                self.add(column, f"sortByColumn {name!r} is no column of the table")

    # -- measures
    def measure(self, measure: Node) -> None:
        for needed in ("formatString", "displayFolder"):
            if not measure.properties.get(needed):
                self.add(measure, f"it has no {needed}")
        if not measure.description:
            self.add(measure, "it has no description")
        self.dax(measure, measure.expression)

    def dax(self, node: Node, text: str) -> None:
        if not text.strip():
            self.add(node, "its expression is empty")
            return
        if not _balanced(text):
            self.add(node, "its brackets or quotes do not close")
        expression = DAXExpression(text, verify_best_practices=False)
        for reference in expression.table_column_references:
            table, name = reference.table_name, reference.artifact_name
            if table:
                if table not in self.tables:
                    self.add(node, f"its DAX names table {table!r}, which does not exist")
                elif name not in self.columns[table] and name not in {m.name for m in self.tables[table].of("measure")}:
                    self.add(node, f"its DAX names '{table}'[{name}], which is neither column nor measure")
            elif name not in self.measures:
                self.add(node, f"its DAX names [{name}], which is no measure")
        for reference in expression.table_references:
            if reference.name not in self.tables:
                self.add(node, f"its DAX names table {reference.name!r}, which does not exist")
        for reference in expression.unknown_references:
            self.add(node, f"its DAX holds {reference.name!r}, which is neither table, variable nor function")

    # -- who sees which rows
    def roles(self) -> None:
        roles = [n for n in self.nodes if n.kind == "role" and not n.is_ref]
        named = {n.name for n in self.nodes if n.kind == "role" and n.is_ref}
        for role in roles:
            if role.name not in named:
                self.add(role, "model.tmdl does not name it (ref role)")
            if role.properties.get("modelPermission") != "read":
                self.add(role, "its modelPermission is not read")
            for rule in role.of("tablePermission"):
                if rule.name not in self.tables:
                    self.add(rule, f"there is no table {rule.name!r}")
                    continue
                own = {f"[{name}]" for name in self.columns[rule.name]}
                # a column of the filtered table stands without its table's name in a rule
                bare = re.sub(r"(?<![\w'])\[[^\]]+\]", lambda m, t=rule.name, own=own: f"'{t}'{m[0]}" if m[0] in own else m[0], rule.expression)
                self.dax(rule, bare)
        for name in sorted(named - {role.name for role in roles}):
            self.add(None, f"model.tmdl names role {name!r}, which has no file", file="model.tmdl", item="model")
        if not any("USERPRINCIPALNAME" in rule.expression for role in roles for rule in role.of("tablePermission")):
            self.add(None, "no role filters rows by the user (USERPRINCIPALNAME)", file="model.tmdl", item="model")

    # -- relationships
    def relationships(self) -> None:
        edges: dict[str, set[str]] = defaultdict(set)
        ends = Counter()
        for node in (n for n in self.nodes if n.kind == "relationship"):
            sides = []
            for side in ("fromColumn", "toColumn"):
                try:
                    table, column = split_path(node.properties.get(side, ""))
                except TmdlError as error:
                    self.add(node, f"{side}: {error}")
                    continue
                if column not in self.columns.get(table, {}):
                    self.add(node, f"{side}: there is no column {table}.{column}")
                    continue
                sides.append((table, self.columns[table][column]))
            if node.properties.get("crossFilteringBehavior", "oneDirection") != "oneDirection":
                self.add(node, "it filters in both directions")
            if (node.properties.get("fromCardinality", "many"), node.properties.get("toCardinality", "one")) != ("many", "one"):
                self.add(node, "it is not many-to-one")
            if len(sides) != 2:
                continue
            (many, a), (one, b) = sides
            if a.properties.get("dataType") != b.properties.get("dataType"):
                self.add(node, f"{many}.{a.name} and {one}.{b.name} have different types")
            ends[(many, one)] += node.properties.get("isActive") != "false"
            edges[many].add(one)
        for (many, one), active in ends.items():
            if active > 1:
                self.add(None, f"{active} active relationships: which one filters is ambiguous", file="relationships.tmdl", item=f"{many} → {one}")
        for start in sorted(edges):
            self.paths(start, edges)
        for name in sorted(set(self.tables) - set(edges) - {one for ones in edges.values() for one in ones}):
            if not _stands_alone(self.tables[name]):
                self.add(self.tables[name], f"it is related to no table (one that stands alone on purpose says so: annotation {UNRELATED} = true)")

    def paths(self, start: str, edges: dict[str, set[str]]) -> None:
        """More than one way from a fact to a dimension is ambiguous."""
        reached: Counter = Counter()
        todo = [(start, frozenset([start]))]
        while todo:
            table, seen = todo.pop()
            for one in edges.get(table, ()):
                if one in seen:
                    self.add(None, "relationships form a circle", file="relationships.tmdl", item=f"{table} → {one}")
                    continue
                reached[one] += 1
                todo.append((one, seen | {one}))
        for one, ways in sorted(reached.items()):
            if ways > 1:
                self.add(None, f"there are {ways} active paths", file="relationships.tmdl", item=f"{start} → {one}")

    def dates(self) -> None:
        marked = [t for t in self.tables.values() if t.properties.get("dataCategory") == "Time"]
        if len(marked) != 1:
            self.add(None, f"{len(marked)} tables are marked as date table; one must be", file="model.tmdl", item="model")
        for table in marked:
            keys = [c for c in table.of("column") if "isKey" in c.properties]
            if len(keys) != 1 or keys[0].properties.get("dataType") != "dateTime":
                self.add(table, "the date table needs one key column of type dateTime")

    # -- the report
    def report(self) -> None:
        definition = self.report_dir / "definition"
        documents: dict[Path, dict] = {}
        for path in sorted([self.report_dir / "definition.pbir", *definition.rglob("*.json")]):
            try:
                documents[path] = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                self.add(None, f"it is no JSON: {error}", file=str(path.relative_to(self.folder)))
        for path, document in documents.items():
            if "$schema" not in document:
                self.add(None, "it has no $schema", file=str(path.relative_to(self.folder)))
        link = documents.get(self.report_dir / "definition.pbir", {}).get("datasetReference", {}).get("byPath", {}).get("path", "")
        if not (self.report_dir / link).resolve().samefile(self.model_dir) if link and (self.report_dir / link).exists() else True:
            self.add(None, f"its semantic model {link!r} is not beside it", file=str((self.report_dir / "definition.pbir").relative_to(self.folder)))
        pages = documents.get(definition / "pages" / "pages.json", {})
        found = {p.parent.name for p in documents if p.name == "page.json"}
        if set(pages.get("pageOrder", [])) != found or pages.get("activePageName") not in found:
            self.add(None, "pageOrder and activePageName do not match the pages' folders", file="pages.json", item="pages")
        for path, document in documents.items():
            if path.name in ("page.json", "visual.json") and document.get("name") != path.parent.name:
                self.add(None, f"its name {document.get('name')!r} is not its folder's", file=str(path.relative_to(self.folder)))
            if path.name == "visual.json":
                page = documents.get(path.parents[2] / "page.json", {})
                self.visual(document, page, str(path.relative_to(self.folder)))

    def visual(self, document: dict, page: dict, file: str) -> None:
        visual, position = document.get("visual") or {}, document.get("position") or {}
        kind = visual.get("visualType", "")
        item = f"visual {kind}"
        if kind not in {"textbox", *(k[0] for k in KINDS.values())}:
            self.add(None, f"visualType {kind!r} is none this project uses", file=file, item=item)
        fits = (
            all(isinstance(position.get(k), (int, float)) and position[k] >= 0 for k in ("x", "y", "width", "height"))
            and position["x"] + position["width"] <= page.get("width", 0) and position["y"] + position["height"] <= page.get("height", 0)
        )
        if not fits:
            self.add(None, "it does not fit on its page", file=file, item=item)
        state = visual.get("query", {}).get("queryState", {})
        if kind != "textbox" and not any(role.get("projections") for role in state.values()):
            self.add(None, "it shows no field", file=file, item=item)
        for field_kind, entity, name in _fields(document):
            if entity not in self.tables:
                self.add(None, f"it names table {entity!r}, which does not exist", file=file, item=item)
            elif field_kind == "Column" and name not in self.columns[entity]:
                self.add(None, f"it names column {entity}.{name}, which does not exist", file=file, item=item)
            elif field_kind == "Column" and "isHidden" in self.columns[entity][name].properties:
                self.add(None, f"it shows the hidden column {entity}.{name}", file=file, item=item)
            elif field_kind == "Measure" and name not in {m.name for m in self.tables[entity].of("measure")}:
                self.add(None, f"it names measure {entity}.{name}, which does not exist", file=file, item=item)


def _stands_alone(table: Node) -> bool:
    return any(a.name == UNRELATED and a.expression.strip() == "true" for a in table.of("annotation"))


def _fields(document: object) -> list[tuple[str, str, str]]:
    """(Column|Measure, entity, property) of every field in a PBIR document."""
    found = []
    if isinstance(document, dict):
        for key, value in document.items():
            if key in _CONTEXT_PROPERTY and isinstance(value, dict) and "Property" in value:
                found.append((key, value["Expression"]["SourceRef"].get("Entity", ""), value["Property"]))
            else:
                found += _fields(value)
    elif isinstance(document, list):
        for value in document:
            found += _fields(value)
    return found


def _balanced(text: str) -> bool:
    stripped = re.sub(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]", "", text)
    if any(c in stripped for c in "\"'[]"):
        return False
    depth = 0
    for c in stripped:
        depth += (c == "(") - (c == ")")
        if depth < 0:
            return False
    return depth == 0
