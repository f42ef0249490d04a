"""Seeded mistakes: each must be found, with its file and object. Microsoft's own parser lets most of these pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from powerbi.cli import app
from powerbi.lint import check

MODEL = "Caudal.SemanticModel/definition"
KPI, DATES, BILLS = f"{MODEL}/tables/Gestión comercial.tmdl", f"{MODEL}/tables/Calendario.tmdl", f"{MODEL}/tables/Facturas.tmdl"
LINKS, MAIN, PARAMETERS = f"{MODEL}/relationships.tmdl", f"{MODEL}/model.tmdl", f"{MODEL}/expressions.tmdl"
SECTORS = f"{MODEL}/tables/Sectores.tmdl"
RULES = f"{MODEL}/roles/Por usuario.tmdl"

MISTAKES = [
    # (name, file, what to replace, with what, words of the finding)
    ("unknown column in DAX", KPI, "SUM('Gestión comercial'[credited_amount])", "SUM('Gestión comercial'[credited])", "'Gestión comercial'[credited]"),
    ("unknown table in DAX", KPI, "SUM('Gestión comercial'[credited_amount])", "SUM('Gestion'[credited_amount])", "'Gestion'"),
    ("unknown measure in DAX", KPI, "SUM('Gestión comercial'[credited_amount])", "[Monto acreditdo] + 0", "[Monto acreditdo]"),
    ("unknown standalone table", KPI, "SUM('Gestión comercial'[credited_amount])", "COUNTROWS(Ventas)", "Ventas"),
    ("open bracket", KPI, "SUM('Gestión comercial'[credited_amount])", "SUM('Gestión comercial'[credited_amount]", "do not close"),
    ("empty expression", KPI, "measure 'Monto acreditado' = SUM('Gestión comercial'[credited_amount])", "measure 'Monto acreditado' =", "empty"),
    ("duplicate measure", f"{MODEL}/tables/Antigüedad de la deuda.tmdl", "measure 'Cuentas por cobrar por antigüedad'", "measure 'Monto facturado'",
     "another measure has this name"),
    ("measure named as a column", KPI, "measure 'Monto facturado'", "measure billed_amount", "a column of its table"),
    ("no format", KPI, "\t\tformatString: \\R\\D\\$ #,##0.00\n\t\tdisplayFolder: Facturación", "\t\tdisplayFolder: Facturación", "no formatString"),
    ("no folder", KPI, "\t\tdisplayFolder: Recaudación\n", "", "no displayFolder"),
    ("unknown source column", KPI, "sourceColumn: billed_amount\n", "sourceColumn: billed\n", "'billed'"),
    ("no source column", KPI, "\t\tsourceColumn: billed_amount\n", "", "no sourceColumn"),
    ("wrong type", KPI, "\tcolumn billed_amount\n\t\tdataType: decimal", "\tcolumn billed_amount\n\t\tdataType: double", "numeric(18,2)"),
    ("money not cast", KPI, '{"billed_amount", Currency.Type}, ', "", "would not be exact"),
    ("summarised by default", KPI, "\t\tsummarizeBy: none\n\t\tsourceColumn: billed_amount", "\t\tsummarizeBy: sum\n\t\tsourceColumn: billed_amount", "summarizeBy"),
    ("column not imported", KPI, '"billed_water_amount", "credited_amount", "collected_amount"', '"billed_water_amount", "collected_amount"', "is not imported"),
    ("M imports what no column shows", KPI, 'Table.SelectColumns(Tabla, {"period_month", ', 'Table.SelectColumns(Tabla, {"period_month", "otra", ', "'otra'"),
    ("unknown mart", KPI, 'Item="mart_commercial__month"', 'Item="mart_comercial__month"', "'mart_comercial__month'"),
    ("unpublished schema", KPI, 'Schema="marts"', 'Schema="staging"', "'staging'"),
    ("unknown parameter", KPI, "PostgreSQL.Database(Servidor, BaseDatos)", "PostgreSQL.Database(Server, BaseDatos)", "'Server'"),
    ("parameter not defined", PARAMETERS, "expression BaseDatos", "expression Base", "'BaseDatos'"),
    ("no partition", KPI, "\tpartition 'Gestión comercial' = m", "\tannotation 'Gestión comercial' = m", "0 partitions"),
    ("visible key", BILLS, "\t\tdataType: int64\n\t\tisHidden\n", "\t\tdataType: int64\n", "key must be hidden"),
    ("unknown sort column", DATES, "sortByColumn: month", "sortByColumn: mes", "sortByColumn 'mes'"),
    ("relationship to nothing", LINKS, "toColumn: Calendario.Fecha", "toColumn: Calendario.Dia", "Calendario.Dia"),
    ("relationship of two types", LINKS, "toColumn: Calendario.Fecha", "toColumn: Calendario.Mes", "different types"),
    ("both directions", LINKS, "\ttoColumn: Calendario.Fecha\n", "\ttoColumn: Calendario.Fecha\n\tcrossFilteringBehavior: bothDirections\n", "both directions"),
    ("many-to-many", LINKS, "\ttoColumn: Calendario.Fecha\n", "\ttoColumn: Calendario.Fecha\n\ttoCardinality: many\n", "many-to-one"),
    ("two active relationships", LINKS, "toColumn: Municipios.'Código del municipio'", "toColumn: Sectores.'Código del sector'", "ambiguous"),
    ("two paths", LINKS, "relationship ", "relationship x\n\tfromColumn: Sectores.'Municipio del sector'\n\ttoColumn: Municipios.Municipio\n\nrelationship ",
     "active paths"),
    ("a table related to nothing", f"{MODEL}/tables/Estado de los datos.tmdl", "\tannotation Caudal_SinRelaciones = true\n", "", "related to no table"),
    ("no date table", DATES, "\tdataCategory: Time\n", "", "marked as date table"),
    ("no date key", DATES, "\t\tisKey\n", "", "needs one key column"),
    ("table not in the model", MAIN, "ref table Pagos\n", "", "does not name this table"),
    ("table without a file", MAIN, "ref table Pagos\n", "ref table Pagos\nref table Almacenes\n", "no file"),
    ("rule on an unknown table", RULES, "tablePermission Sectores", "tablePermission Zonas", "'Zonas'"),
    ("rule on an unknown column", RULES, "IN CALCULATETABLE(VALUES(Accesos[sector_code])", "IN CALCULATETABLE(VALUES(Accesos[sector])", "'Accesos'[sector]"),
    ("rule on an unknown column of its own", RULES, "[Código del sector] IN", "[Sector comercial] IN", "[Sector comercial]"),
    ("role that may write", RULES, "modelPermission: read", "modelPermission: readRefresh", "modelPermission"),
    ("role not in the model", MAIN, "ref role 'Por usuario'\n", "", "does not name it"),
    ("role without a file", MAIN, "ref role 'Por usuario'\n", "ref role 'Por usuario'\nref role Otro\n", "'Otro'"),
    ("repeated lineage tag", KPI, "LINEAGE", "", "lineageTag"),
    ("not TMDL", SECTORS, "\tlineageTag", "\t?? lineageTag", "no TMDL"),
]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if old == "LINEAGE":
        tags = [line for line in text.splitlines() if "lineageTag" in line]
        old, new = tags[1], tags[2]
    assert old in text, "the mistake cannot be seeded"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(("file", "old", "new", "words"), [pytest.param(*m[1:], id=m[0]) for m in MISTAKES])
def test_a_seeded_mistake_is_found(spoilt, manifest_folder, file, old, new, words):
    edit(spoilt / file, old, new)
    problems = check(spoilt, manifest_folder)
    assert any(words in str(p) for p in problems), [str(p) for p in problems]


def visuals(folder: Path) -> list[Path]:
    return sorted((folder / "Caudal.Report").rglob("visual.json"))


def change(folder: Path, kind: str, how) -> None:
    for path in visuals(folder):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["visual"]["visualType"] == kind:
            how(document)
            path.write_text(json.dumps(document), encoding="utf-8")
            return
    raise AssertionError(f"no {kind}")


def _hide_the_status(document):
    [shown] = document["visual"]["query"]["queryState"]["Values"]["projections"]
    shown["field"]["Column"].update({"Expression": {"SourceRef": {"Entity": "Estado de los datos"}}, "Property": "is_stale"})


def _field(kind, name):
    def how(document):
        state = document["visual"]["query"]["queryState"]
        for role in state.values():
            for projection in role["projections"]:
                if kind in projection["field"]:
                    projection["field"][kind]["Property"] = name
    return how


@pytest.mark.parametrize(
    ("kind", "how", "words"),
    [
        ("card", _field("Measure", "Ganancia"), "measure Gestión comercial.Ganancia"),
        ("slicer", _field("Column", "Semana"), ".Semana, which does not exist"),
        ("slicer", _field("Column", "user_type_key"), "hidden column"),
        ("slicer", _hide_the_status, "hidden column Estado de los datos.is_stale"),
        ("card", lambda d: d["position"].update(x=5000), "does not fit"),
        ("card", lambda d: d["visual"].update(visualType="gauge2"), "'gauge2'"),
        ("card", lambda d: d["visual"]["query"].update(queryState={}), "shows no field"),
        ("card", lambda d: d.update(name="otro"), "is not its folder's"),
        ("card", lambda d: d.pop("$schema"), "no $schema"),
    ],
)
def test_a_mistake_on_the_page_is_found(spoilt, manifest_folder, kind, how, words):
    change(spoilt, kind, how)
    problems = check(spoilt, manifest_folder)
    assert any(words in str(p) for p in problems), [str(p) for p in problems]


def test_a_page_that_is_not_listed_and_a_lost_model_are_found(spoilt, manifest_folder):
    pages = spoilt / "Caudal.Report" / "definition" / "pages" / "pages.json"
    pages.write_text(json.dumps({**json.loads(pages.read_text(encoding="utf-8")), "pageOrder": []}), encoding="utf-8")
    edit(spoilt / "Caudal.Report" / "definition.pbir", "../Caudal.SemanticModel", "../Otro.SemanticModel")
    text = " ".join(map(str, check(spoilt, manifest_folder)))
    assert "pageOrder" in text
    assert "'../Otro.SemanticModel'" in text


def test_a_finding_names_file_line_and_object(spoilt, manifest_folder):
    edit(spoilt / KPI, "SUM('Gestión comercial'[credited_amount])", "SUM('Gestión comercial'[nada])")
    [problem] = check(spoilt, manifest_folder)
    line = (spoilt / KPI).read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert problem.file == KPI
    assert "measure 'Monto acreditado'" in line
    assert problem.item == "measure Monto acreditado"


def test_a_folder_without_a_project(tmp_path, manifest_folder):
    with pytest.raises(FileNotFoundError, match="caudal powerbi generate"):
        check(tmp_path, manifest_folder)


def test_the_commands(tmp_path, manifest_folder, monkeypatch):
    monkeypatch.setattr("caudal.semantic.manifest_path", lambda: manifest_folder / "semantic_manifest.json")
    monkeypatch.setattr("powerbi.design.manifest_path", lambda: manifest_folder / "semantic_manifest.json")
    run = CliRunner().invoke
    target = tmp_path / "Caudal"
    assert run(app, ["generate", str(target)]).exit_code == 0
    done = run(app, ["check", str(target)])
    assert (done.exit_code, "sin problemas" in done.stdout) == (0, True)
    edit(target / KPI, "'Gestión comercial'[credited_amount]", "'Gestión comercial'[nada]")
    done = run(app, ["check", str(target)])
    assert done.exit_code == 1
    assert "[nada]" in done.stderr
    assert run(app, ["check", str(tmp_path)]).exit_code == 1
