"""The generated PBIP project: the same bytes each time, the contract's columns, the semantic layer's measures."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from pbix_mcp.formats.tmdl_reader import parse_tmdl_folder

import powerbi
from caudal.semantic import load
from powerbi import design as designs
from powerbi.design import DesignError, ModelSpec, PageSpec
from powerbi.lint import check


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_contracts_give_the_same_bytes(project, manifest_folder, tmp_path):
    assert tree(powerbi.generate(tmp_path / "otra", manifest_folder)) == tree(project)


def test_generating_again_replaces_what_was_there(spoilt, project, manifest_folder):
    (spoilt / "Caudal.SemanticModel" / "definition" / "tables" / "Vieja.tmdl").write_text("table Vieja\n", encoding="utf-8")
    powerbi.generate(spoilt, manifest_folder)
    assert tree(spoilt) == tree(project)


def test_a_folder_of_something_else_is_not_overwritten(tmp_path, manifest_folder):
    (tmp_path / "importante.txt").write_text("no borrar", encoding="utf-8")
    with pytest.raises(DesignError, match="not empty"):
        powerbi.generate(tmp_path, manifest_folder)
    assert (tmp_path / "importante.txt").read_text(encoding="utf-8") == "no borrar"


def test_the_lint_finds_nothing(project, manifest_folder):
    assert check(project, manifest_folder) == []


def test_another_reader_sees_the_same_model(project, design):
    """pbix-mcp's TMDL reader, written by others, as a second opinion on our text."""
    model = parse_tmdl_folder(str(project / "Caudal.SemanticModel" / "definition"))
    assert {t["name"] for t in model["tables"]} == {t.name for t in design.tables}
    for table in model["tables"]:
        expected = next(t for t in design.tables if t.name == table["name"])
        assert [(c["name"], c["source_column"]) for c in table["columns"]] == [(c.name, c.source) for c in expected.columns]
        found = {m["name"]: " ".join(m["expression"].split()) for m in table["measures"]}
        assert found == {m.name: " ".join(m.expression.split()) for m in expected.measures}
    assert len(model["relationships"]) == len(design.relationships)


def test_every_metric_is_a_measure_with_its_label_folder_format_and_description(design, manifest_folder):
    measures = {m.metric: m for t in design.tables for m in t.measures}
    layer = load(manifest_folder)
    assert set(measures) == set(layer.metrics)
    for metric in layer.metrics.values():
        measure = measures[metric.name]
        assert (measure.name, measure.folder) == (metric.label_es, metric.folder)
        assert metric.formula_es in measure.description
        assert measure.format
    assert measures["collection_efficiency"].format == "0.0%"
    assert measures["billed_amount"].format == r"\R\D\$ #,##0.00"
    assert measures["active_contracts"].format == "#,##0"


def test_a_mart_with_metrics_needs_no_entry_of_its_own(spec, page, manifest_folder):
    """Its name, its columns and its relationships follow from the semantic model and the contract."""
    written = {t.mart: t for t in build(spec, page, manifest_folder).tables}
    links = {(r.from_table, r.to_table, r.to_column) for r in build(spec, page, manifest_folder).relationships}
    del spec["tables"]["Antigüedad de la deuda"], spec["tables"]["Calidad de los datos"]
    page["visuals"] = [v for v in page["visuals"] if v["id"] != "antiguedad"]
    design = build(spec, page, manifest_folder)
    derived = {t.mart: t for t in design.tables}
    for mart, name in (("mart_receivables__month", "Cuentas por cobrar"), ("mart_data_quality__month", "Cuadre del almacén con Odoo")):
        table, by_hand = derived[mart], written[mart]
        assert table.name == name
        assert {m.metric for m in table.measures} == {m.metric for m in by_hand.measures}
        assert {(c.source, c.name) for c in table.columns if not c.is_hidden} == {(c.source, c.name) for c in by_hand.columns if not c.is_hidden}
        assert {c.sort_by for c in table.columns} == {c.sort_by for c in by_hand.columns}
        ours = {(r.to_table, r.to_column) for r in design.relationships if r.from_table == name}
        assert ours == {(to, column) for start, to, column in links if start == by_hand.name}
    assert "receivable_bucket_contracts" not in {c.source for c in derived["mart_receivables__month"].columns}, "no metric reads it"


def test_a_second_table_of_a_name_says_what_it_shows(spec, page, manifest_folder):
    del spec["tables"]["Calidad de los datos"]
    spec["tables"]["Cuadre del almacén con Odoo"] = {"mart": "mart_reconciliation", "related": False}
    assert "Cuadre del almacén con Odoo (entidad)" in {t.name for t in build(spec, page, manifest_folder).tables}


def test_a_derived_project_is_sound(spec, page, manifest_folder, tmp_path, monkeypatch):
    """The lint over what nobody wrote."""
    del spec["tables"]["Calidad de los datos"]
    monkeypatch.setattr(designs, "_yaml", lambda path, kind: kind.model_validate(spec if path.name == "model.yml" else page))
    assert check(powerbi.generate(tmp_path / "Caudal", manifest_folder), manifest_folder) == []


def test_two_metrics_of_one_label_are_refused(spec, page, manifest_folder):
    nodes = json.loads((manifest_folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    contracts = {n["name"]: n for n in nodes.values() if n["resource_type"] == "model"}
    layer = load(manifest_folder)
    twin = layer.metric("receivable_by_age").model_copy(update={"label_es": "MONTO facturado"})
    layer = layer.model_copy(update={"metrics": {**layer.metrics, "receivable_by_age": twin}})
    with pytest.raises(DesignError, match="'billed_amount' and 'receivable_by_age'"):
        designs.design(ModelSpec.model_validate(spec), PageSpec.model_validate(page), layer, contracts)


def test_columns_and_types_come_from_the_contract(design, manifest_folder, spec):
    nodes = json.loads((manifest_folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    contracts = {n["name"]: n["columns"] for n in nodes.values() if n["resource_type"] == "model"}
    for table in design.tables:
        if table.name not in spec["tables"]:
            continue  # what no metric reads stays out
        missing = set(contracts[table.mart]) - {c.source for c in table.columns}
        assert missing <= {"geojson", "ring", *spec["tables"][table.name].get("drop", ())}, table.name
    mart = next(t for t in design.tables if t.mart == "mart_commercial__month")
    assert mart.column_of("billed_amount").data_type == "decimal"
    assert mart.column_of("active_contracts").data_type == "int64"
    assert all(c.is_hidden for c in mart.columns), "what measures aggregate is hidden"


def test_the_status_of_the_data_stands_alone_and_shows_only_its_message(design, project):
    table = next(t for t in design.tables if t.mart == "mart_data_status")
    assert table.name == "Estado de los datos"
    assert [c.source for c in table.columns if not c.is_hidden] == ["message_es"]
    assert table.name not in {end for r in design.relationships for end in (r.from_table, r.to_table)}
    alone = {p.stem for p in (project / "Caudal.SemanticModel").rglob("*.tmdl") if "annotation Caudal_SinRelaciones = true" in p.read_text(encoding="utf-8")}
    assert alone == {table.name, "Accesos"}


def page_visuals(project):
    return [json.loads(p.read_text(encoding="utf-8")) for p in sorted((project / "Caudal.Report").rglob("visual.json"))]


def test_the_page_says_how_old_its_data_are_above_its_figures(project):
    visuals = page_visuals(project)
    message = next(v for v in visuals if "Estado de los datos" in json.dumps(v, ensure_ascii=False))
    assert message["visual"]["visualType"] == "tableEx"
    [shown] = message["visual"]["query"]["queryState"]["Values"]["projections"]
    assert shown["field"] == {"Column": {"Expression": {"SourceRef": {"Entity": "Estado de los datos"}}, "Property": "Mensaje"}}
    [width] = message["visual"]["objects"]["columnWidth"]
    assert width["selector"] == {"metadata": shown["queryRef"]}
    bottom = message["position"]["y"] + message["position"]["height"]
    assert all(v["position"]["y"] >= bottom for v in visuals if v is not message and v["visual"]["visualType"] != "textbox")


def test_no_visual_covers_another(project):
    for a, b in combinations([v["position"] for v in page_visuals(project)], 2):
        beside = a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
        assert beside or a["y"] + a["height"] <= b["y"] or b["y"] + b["height"] <= a["y"], (a, b)


def test_rows_are_filtered_by_the_person_s_accesses(design, project):
    """Every fact with money of a place hangs on Sectores, which the role filters by the same rows as Superset."""
    rules = design.roles["Por usuario"].rows
    assert set(rules) >= {"Sectores", "Municipios", "Accesos"} and all("LOWER(USERPRINCIPALNAME())" in rule for rule in rules.values())
    placed = {t.name for t in design.tables if any(c.source in ("sector_code", "sector_key") for c in t.columns)} - {"Sectores", "Accesos"}
    assert placed == {r.from_table for r in design.relationships if r.to_table == "Sectores"}
    assert (project / "Caudal.SemanticModel/definition/roles/Por usuario.tmdl").read_text(encoding="utf-8").startswith("/// Cada persona ve")


def test_what_is_of_no_sector_is_for_who_sees_all_of_the_utility(design, project):
    """A table with figures is filtered by its sectors or by a rule of its own; only the data's age is for everybody."""
    rules = design.roles["Por usuario"].rows
    placed = {r.from_table for r in design.relationships if r.to_table == "Sectores"}
    of_no_place = {t.name: t.mart for t in design.tables if t.name not in placed and not t.mart.startswith("dim_")}
    assert set(of_no_place) - set(rules) == {"Estado de los datos"}
    whole = {mart for name, mart in of_no_place.items() if rules.get(name, "").endswith("&& Accesos[is_whole_utility])) > 0")}
    assert whole == {"mart_data_quality__month", "mart_audit__month", "mart_collections__cash_month", "mart_collections__remittance_month", "mart_kpi__month",
                     "mart_management__month", "mart_quality__freshness", "mart_quality__month", "mart_quality__test_trend"}
    assert rules["Metas e indicadores"].startswith('([Alcance] = "Empresa" && NOT [Reservado]) || ')
    written = (project / "Caudal.SemanticModel/definition/roles/Por usuario.tmdl").read_text(encoding="utf-8")
    assert f"tablePermission Cajas = {rules['Cajas']}" in written
    assert design.roles["Toda la empresa"].rows == {}


def test_no_identity_leaves_the_warehouse(design):
    assert not any("pii" in t.mart for t in design.tables)
    assert {t.mart for t in design.tables}.isdisjoint({"dim_customer"})


@pytest.fixture
def spec():
    return yaml.safe_load((designs.FOLDER / "model.yml").read_text(encoding="utf-8"))


@pytest.fixture
def page():
    return yaml.safe_load((designs.FOLDER / "page.yml").read_text(encoding="utf-8"))


def build(spec, page, folder):
    nodes = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    contracts = {n["name"]: n for n in nodes.values() if n["resource_type"] == "model"}
    return designs.design(ModelSpec.model_validate(spec), PageSpec.model_validate(page), load(folder), contracts)


def spoil_mart(spec, page):
    spec["tables"]["Pagos"]["mart"] = "fct_pago"


def spoil_column(spec, page):
    spec["tables"]["Pagos"]["columns"]["pagado_el"] = "Fecha"


def spoil_relationship(spec, page):
    spec["relationships"][0][1] = "Calendario.dia"


def spoil_sort(spec, page):
    spec["tables"]["Calendario"]["sort"] = {"Mes": "orden"}


def visual(page, name):
    return next(v for v in page["visuals"] if v["id"] == name)


def spoil_metric(spec, page):
    visual(page, "por_cobrar")["metric"] = "ganancia"


def spoil_field(spec, page):
    visual(page, "mes")["field"] = "Calendario.Semana"


def spoil_message(spec, page):
    visual(page, "estado")["metric"] = "billed_amount"


def relate_what_stands_alone(spec, page):
    spec["relationships"].append(["Estado de los datos.published_as_of", "Calendario.date_day"])


def forget_a_relationship(spec, page):
    spec["tables"]["Estado de los datos"]["related"] = True


def take_the_names_of_a_derived_table(spec, page):
    del spec["tables"]["Calidad de los datos"]
    spec["tables"]["Cuadre del almacén con Odoo"] = {"mart": "mart_reconciliation", "related": False}
    spec["tables"]["Cuadre del almacén con Odoo (entidad)"] = {"mart": "mart_reconciliation", "related": False}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_mart, r"tables\.Pagos.*'fct_pago'"), (spoil_column, r"tables\.Pagos.*'pagado_el'"), (spoil_relationship, r"'Calendario\.dia'"),
        (spoil_sort, r"tables\.Calendario.*'orden'"), (spoil_metric, r"page\.yml.*'ganancia'"), (spoil_field, r"page\.yml.*'Calendario\.Semana'"),
        (take_the_names_of_a_derived_table, "data_quality_month.*label"), (spoil_message, "'estado'.*one column"),
        (relate_what_stands_alone, "Estado de los datos.*has relationships"), (forget_a_relationship, "Estado de los datos.*no relationship"),
    ],
)
def test_a_wrong_design_says_where_and_what(spec, page, manifest_folder, spoil, message):
    build(spec, page, manifest_folder)
    spoil(spec, page)
    with pytest.raises(DesignError, match=message):
        build(spec, page, manifest_folder)


def test_a_column_without_a_power_bi_type_is_refused(spec, page, manifest_folder):
    nodes = json.loads((manifest_folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    contracts = {n["name"]: n for n in nodes.values() if n["resource_type"] == "model"}
    contracts["fct_payment"]["columns"]["payment_amount"]["data_type"] = "jsonb"
    with pytest.raises(DesignError, match=r"'payment_amount'.*jsonb"):
        designs.design(ModelSpec.model_validate(spec), PageSpec.model_validate(page), load(manifest_folder), contracts)
