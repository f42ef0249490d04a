"""The design as TMDL text (Tabular Model Definition Language): one function a file of `definition/`."""

from __future__ import annotations

import json
import re

from .design import Column, Design, Measure, Relationship, RoleSpec, Table, tag

COMPATIBILITY = 1600
UNRELATED = "Caudal_SinRelaciones"  # annotation of a table that stands alone on purpose; the lint asks for it


def quoted(name: str) -> str:
    """An object's name as TMDL writes it."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else "'" + name.replace("'", "''") + "'"


def database() -> str:
    return f"database\n\tcompatibilityLevel: {COMPATIBILITY}\n"


def model(design: Design) -> str:
    order = json.dumps([*design.parameters, *(t.name for t in design.tables)], ensure_ascii=False, separators=(",", ":"))
    lines = [
        "model Model",
        f"\tculture: {design.culture}",
        "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
        "\tdiscourageImplicitMeasures",
        f"\tsourceQueryCulture: {design.culture}",
        "\tdataAccessOptions",
        "\t\tlegacyRedirects",
        "\t\treturnErrorValuesAsNull",
        "",
        "annotation __PBI_TimeIntelligenceEnabled = 0",
        "",
        f"annotation PBI_QueryOrder = {order}",
        "",
        *(f"ref table {quoted(t.name)}" for t in design.tables),
        "",
        *(f"ref role {quoted(name)}" for name in design.roles),
        "",
        f"ref cultureInfo {design.culture}",
    ]
    return "\n".join(lines) + "\n"


def expressions(design: Design) -> str:
    """The parameters of the source."""
    blocks = []
    for name, parameter in design.parameters.items():
        value = parameter.value.replace('"', '""')
        blocks.append(
            f"/// {parameter.description}\n"
            f'expression {quoted(name)} = "{value}" meta [IsParameterQuery=true, Type="Text", IsParameterQueryRequired=true]\n'
            f"\tlineageTag: {tag('expression', name)}\n\n"
            "\tannotation PBI_ResultType = Text\n"
        )
    return "\n".join(blocks)


def culture(design: Design) -> str:
    return f"cultureInfo {design.culture}\n"


def relationships(design: Design) -> str:
    return "\n".join(_relationship(r) for r in design.relationships)


def _relationship(r: Relationship) -> str:
    name = tag("relationship", r.from_table, r.from_column, r.to_table, r.to_column)
    # many-to-one, single direction and active are TMDL's defaults
    return (
        f"relationship {name}\n"
        f"\tfromColumn: {quoted(r.from_table)}.{quoted(r.from_column)}\n"
        f"\ttoColumn: {quoted(r.to_table)}.{quoted(r.to_column)}\n"
    )


def role(name: str, spec: RoleSpec) -> str:
    """Who sees which rows, once somebody is put in it where the model is published."""
    lines = [f"/// {spec.description}", f"role {quoted(name)}", "\tmodelPermission: read", ""]
    for table_name, rule in spec.rows.items():
        lines += [f"\ttablePermission {quoted(table_name)} = {rule}", ""]
    return "\n".join([*lines, f"\tannotation PBI_Id = {tag('role', name).replace('-', '')}"]) + "\n"


def table(t: Table, schema: str) -> str:
    head = [f"/// {t.description}"] if t.description else []
    head += [f"table {quoted(t.name)}", f"\tlineageTag: {tag('table', t.name)}"]
    if t.is_date:
        head.append("\tdataCategory: Time")
    blocks = ["\n".join(head) + "\n"]
    blocks += [_measure(m, t) for m in t.measures]
    blocks += [_column(c, t) for c in t.columns]
    blocks.append(_partition(t, schema))
    if not t.is_related:
        blocks.append(f"\tannotation {UNRELATED} = true\n")
    blocks.append("\tannotation PBI_ResultType = Table\n")
    return "\n".join(blocks)


def _measure(m: Measure, t: Table) -> str:
    lines = [f"\t/// {m.description}"]
    if "\n" in m.expression:
        lines.append(f"\tmeasure {quoted(m.name)} =")
        lines += [f"\t\t\t{line}" for line in m.expression.splitlines()]
    else:
        lines.append(f"\tmeasure {quoted(m.name)} = {m.expression}")
    lines += [f"\t\tformatString: {m.format}", f"\t\tdisplayFolder: {m.folder}", f"\t\tlineageTag: {tag('measure', t.name, m.metric)}"]
    return "\n".join(lines) + "\n"


def _column(c: Column, t: Table) -> str:
    lines = [f"\t/// {c.description}"] if c.description else []
    lines += [f"\tcolumn {quoted(c.name)}", f"\t\tdataType: {c.data_type}"]
    if c.is_hidden:
        lines.append("\t\tisHidden")
    if c.is_key:
        lines.append("\t\tisKey")
    if c.data_type == "dateTime":
        lines.append("\t\tformatString: dd/mm/yyyy" + (" hh:nn" if c.cast else ""))
    elif c.data_type == "decimal":
        lines.append("\t\tformatString: #,##0.00")
    elif c.data_type == "int64":
        lines.append("\t\tformatString: 0")
    lines += [f"\t\tlineageTag: {tag('column', t.name, c.source)}", "\t\tsummarizeBy: none", f"\t\tsourceColumn: {c.source}"]
    if c.sort_by:
        lines.append(f"\t\tsortByColumn: {quoted(c.sort_by)}")
    lines += ["", "\t\tannotation SummarizationSetBy = User"]
    return "\n".join(lines) + "\n"


def m_text(value: str) -> str:
    """A text literal of M."""
    return '"' + value.replace('"', '""') + '"'


def _partition(t: Table, schema: str) -> str:
    columns = ", ".join(m_text(c.source) for c in t.columns)
    casts = [f"{{{m_text(c.source)}, {c.cast}}}" for c in t.columns if c.cast]
    steps = [
        "Origen = PostgreSQL.Database(Servidor, BaseDatos)",
        f"Tabla = Origen{{[Schema={m_text(schema)}, Item={m_text(t.mart)}]}}[Data]",
        f"Columnas = Table.SelectColumns(Tabla, {{{columns}}})",
    ]
    if casts:
        steps.append(f"Tipos = Table.TransformColumnTypes(Columnas, {{{', '.join(casts)}}})")
    body = ["let", *(f"    {s}," for s in steps[:-1]), f"    {steps[-1]}", "in", f"    {'Tipos' if casts else 'Columnas'}"]
    lines = [f"\tpartition {quoted(t.name)} = m", "\t\tmode: import", "\t\tsource ="]
    lines += [f"\t\t\t\t{line}" for line in body]
    return "\n".join(lines) + "\n"
