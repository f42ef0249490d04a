"""Dashboard → chart → dataset → mart column → metric: each broken link is found before publishing, with file and field."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from superset_assets import bundle, files
from superset_assets.checks import check
from superset_assets.context import load
from superset_assets.expand_datasets import dataset


@pytest.fixture
def copy(built: object, tmp_path: Path) -> Path:
    for name in ("datasets", "charts", "dashboards", "roles", "row_rules"):
        shutil.copytree(files.HERE / name, tmp_path / name)
    shutil.copy(files.HERE / "labels.yml", tmp_path)
    return tmp_path


def edit(path: Path, **changes: object) -> None:
    """Rewrite top-level fields of a YAML file; `None` removes one."""
    content = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        content.pop(key, None) if value is None else content.update({key: value})
    path.write_text(yaml.safe_dump(content, allow_unicode=True))


def problems(root: Path) -> list[str]:
    with pytest.raises(files.AssetError) as caught:
        check(load(root))
    return caught.value.problems


def test_the_files_of_the_project_are_sound(built: object) -> None:
    check(load())


def test_short_forms_that_say_too_much_or_nothing(copy: Path) -> None:
    edit(copy / "datasets/entrega_tendencia.yml", month_of="mart_delivery__month")
    edit(copy / "datasets/morosidad_metas.yml", where={"folder": "Morosidad"})
    edit(copy / "datasets/recaudacion_metas.yml", base="mart_commercial__month")
    edit(copy / "datasets/cajas_tendencia.yml", where={"state": ["x"]})
    edit(copy / "datasets/saldos_tendencia.yml", trend_of="mart x")
    edit(copy / "datasets/mapa_sectores.yml", months_after=1)
    edit(copy / "datasets/recaudacion_diaria.yml", months_after="uno")
    edit(copy / "datasets/accesos.yml", columns={"period_label": {"month_name": "logged_in_on", "expression": "1"}})
    assert problems(copy) == [
        "datasets/accesos.yml: campo columns.period_label.month_name: escriba la fecha (SQL), y ninguna `expression`",
        "datasets/cajas_tendencia.yml: campo where: solo va con `base`",
        "datasets/entrega_tendencia.yml: campo trend_of: indique uno solo de month_of, trend_of",
        "datasets/mapa_sectores.yml: campo months_after: solo va con `trend_of`",
        "datasets/morosidad_metas.yml: campo where: escriba columna: [valor, …]",
        "datasets/recaudacion_diaria.yml: campo months_after: 'uno' no es un número de meses",
        "datasets/recaudacion_metas.yml: campo base: 'mart_commercial__month' no es un conjunto de datos con `sql`",
        "datasets/saldos_tendencia.yml: campo trend_of: 'mart x' no es un nombre"]


def test_the_name_of_a_month_keeps_what_its_file_says(copy: Path) -> None:
    found = files.read(copy).datasets["pagos_deshechos"].columns["period_label"]
    assert (found.label, found.description) == ("Período", "Mes en que se deshizo el pago.")
    assert found.expression.endswith("extract(year from coalesce(reversed_on, paid_on))::int")
    taken = files.read(copy).datasets["morosidad_metas"]  # of another dataset's columns
    assert "extract(month from period_month)" in taken.columns["period_label"].expression and "period_label" not in taken.sql


def test_a_value_with_a_quote_stays_a_value(copy: Path) -> None:
    edit(copy / "datasets/morosidad_metas.yml", where={"folder": ["O'Higgins"]})
    assert files.read(copy).datasets["morosidad_metas"].sql.endswith("where folder in ('O''Higgins')\n")


def test_a_trend_of_a_mart_that_is_not(copy: Path) -> None:
    edit(copy / "datasets/saldos_tendencia.yml", trend_of="mart_nada")
    assert any("datasets/saldos_tendencia.yml" in problem and "mart_nada" in problem for problem in problems(copy))


def test_dashboard_with_unknown_chart(copy: Path) -> None:
    edit(copy / "dashboards/morosidad.yml", rows=[{"charts": {"no_existe": 6}}])
    assert any(p.startswith("dashboards/morosidad.yml: campo rows.0.charts: el gráfico 'no_existe' no existe") for p in problems(copy))


def test_chart_with_unknown_dataset(copy: Path) -> None:
    edit(copy / "charts/sectores.yml", dataset="nada")
    assert any("charts/sectores.yml: campo dataset: 'nada' no existe" in p for p in problems(copy))


def test_chart_with_unknown_column(copy: Path) -> None:
    edit(copy / "charts/sectores.yml", columns=["barrio"])
    assert problems(copy) == ["charts/sectores.yml: campo columns: la columna 'barrio' no existe en datasets/mart_commercial__month.yml"]


def test_chart_with_unknown_metric_and_metric_of_another_mart(copy: Path) -> None:
    edit(copy / "charts/sectores.yml", metrics=["receivable_amount", "overdue_amount", "margen", "receivable_by_age"], highlight=[])
    found = problems(copy)
    assert any("el indicador 'margen'" in p and "no existe en dbt/semantic" in p for p in found)
    assert any("el indicador 'receivable_by_age'" in p and "es de receivables_month" in p for p in found)


def test_money_over_a_dataset_that_repeats_rows_is_refused(copy: Path) -> None:
    edit(copy / "charts/mapa_morosidad.yml", metric="receivable_amount")
    assert any("ese conjunto solo lleva razones" in p for p in problems(copy))


def test_totals_of_a_ratio_are_refused(copy: Path) -> None:
    edit(copy / "charts/sector_antiguedad.yml", dataset="mart_commercial__month", columns=["user_type_name"], metrics=["delinquency_ratio"])
    assert any("charts/sector_antiguedad.yml: campo totals: delinquency_ratio es una razón" in p for p in problems(copy))


@pytest.mark.parametrize("options", [{"metrics": [{"expressionType": "SQL", "sqlExpression": "SUM(x)"}]}, {"a": [{"sqlExpression": "1"}]}])
def test_formula_in_a_chart_is_refused(copy: Path, options: dict) -> None:
    edit(copy / "charts/antiguedad.yml", options=options)
    assert any("charts/antiguedad.yml: campo options." in p and "no van en `options`" in p for p in problems(copy))


def test_formula_in_a_dataset_column_is_refused(copy: Path) -> None:
    edit(copy / "datasets/estado_datos.yml", columns={"total": {"label": "Total", "expression": "sum(1)"}})
    assert any("datasets/estado_datos.yml: campo columns.total.expression: es una fórmula" in p for p in problems(copy))


def test_dataset_over_raw_or_over_a_missing_mart_is_refused(copy: Path) -> None:
    edit(copy / "datasets/estado_datos.yml", sql="select 1 from raw.odoo_customer join marts.fct_nada on true")
    found = problems(copy)
    assert any("raw.odoo_customer: un tablero solo lee marts" in p for p in found)
    assert any("marts.fct_nada no existe en dbt" in p for p in found)


def test_two_datasets_over_one_table_are_refused(copy: Path) -> None:
    """Superset keeps one dataset of a table: the second file would be lost without a word."""
    shutil.copy(copy / "datasets/mart_receivables__month.yml", copy / "datasets/antiguedad_dos.yml")
    [problem] = problems(copy)
    assert problem.startswith("datasets/mart_receivables__month.yml: campo relation: marts.mart_receivables__month ya es la tabla de datasets/antiguedad_dos.yml")
    edit(copy / "datasets/antiguedad_dos.yml", month_of=None, models=["mart_receivables__month"], sql="select * from marts.mart_receivables__month")
    check(load(copy))


def test_what_is_of_the_whole_utility_is_told_from_what_anybody_may_see(copy: Path) -> None:
    reserved, open_to_all = copy / "row_rules/toda_la_empresa.yml", copy / "row_rules/sin_territorio.yml"
    reasons, more = yaml.safe_load(reserved.read_text())["datasets"], yaml.safe_load(open_to_all.read_text())["datasets"]
    edit(reserved, datasets={slug: text for slug, text in reasons.items() if slug != "sesiones_de_caja"})
    assert any(p.startswith("datasets/sesiones_de_caja.yml: sin regla de filas") for p in problems(copy))
    edit(open_to_all, datasets=more | {"sesiones_de_caja": "Cajas."})
    [problem] = problems(copy)
    assert problem.startswith("datasets/sesiones_de_caja.yml: lee fct_cash_session, que es solo para quien ve toda la empresa: póngalo")
    edit(open_to_all, datasets=more | {"accesos": "Entradas."})
    edit(reserved, datasets=reasons)
    assert "row_rules/toda_la_empresa.yml: campo datasets: 'accesos' ya está en row_rules/sin_territorio.yml" in problems(copy)
    edit(open_to_all, datasets=more)
    mixed, kpis = copy / "row_rules/indicadores.yml", yaml.safe_load((copy / "row_rules/indicadores.yml").read_text())["datasets"]
    edit(mixed, datasets={slug: text for slug, text in kpis.items() if slug != "tablero_empresa"})
    edit(open_to_all, datasets=more | {"tablero_empresa": "Indicadores."})
    [problem] = problems(copy)
    assert problem.startswith("datasets/tablero_empresa.yml: lee mart_kpi__month, que tiene filas reservadas (is_reserved): póngalo")
    edit(open_to_all, datasets=more)
    edit(mixed, datasets=kpis, reserved="is_secret")
    assert "row_rules/indicadores.yml: campo datasets.tablero_empresa: no tiene la columna is_secret" in problems(copy)
    edit(mixed, reserved="is_reserved", whole_utility=True)
    assert "row_rules/indicadores.yml: campo reserved: solo vale con `datasets` y sin `whole_utility`" in problems(copy)
    edit(mixed, whole_utility=False)
    edit(copy / "row_rules/municipio_sector.yml", whole_utility=True)
    assert problems(copy) == ["row_rules/municipio_sector.yml: campo whole_utility: solo vale con `datasets`"]


def test_metric_whose_mart_column_is_gone(copy: Path) -> None:
    context = load(copy)
    columns = {**context.columns, "mart_commercial__month": dict(context.columns["mart_commercial__month"])}
    del columns["mart_commercial__month"]["overdue_amount"]
    broken = type(context)(context.assets, context.layer, columns)
    with pytest.raises(files.AssetError) as caught:
        check(broken)
    assert any("indicador delinquency_ratio" in p and "'overdue_amount'" in p for p in caught.value.problems)


def test_filter_that_reaches_no_chart_and_filter_with_unknown_parent(copy: Path) -> None:
    board = yaml.safe_load((copy / "dashboards/morosidad.yml").read_text())
    board["filters"]["codigo"] = {"name": "Código", "dataset": "estado_datos", "column": "sector_codigo"}
    board["filters"]["sector"]["parent"] = "provincia"
    edit(copy / "dashboards/morosidad.yml", filters=board["filters"])
    found = problems(copy)
    assert any("campo filters.codigo.column: la columna 'sector_codigo' no existe" in p for p in found)
    assert any("campo filters.sector.parent: el filtro 'provincia' no existe" in p for p in found)


def test_map_classes_out_of_order(copy: Path) -> None:
    edit(copy / "charts/mapa_morosidad.yml", breaks=[{"to": 0.9, "color": "#000000"}, {"to": "warn", "color": "#ffffff"}])
    assert any("charts/mapa_morosidad.yml: campo breaks" in p for p in problems(copy))


def test_unknown_field_and_broken_yaml_name_the_file(copy: Path) -> None:
    edit(copy / "charts/sectores.yml", metricas=["x"])
    (copy / "charts/antiguedad.yml").write_text("kind: bars\n  title: [\n")
    found = problems(copy)
    assert any("charts/sectores.yml: campo table.metricas: no se conoce" in p for p in found)
    assert any("charts/antiguedad.yml, línea 2: no es YAML válido" in p for p in found)


def test_orphan_chart(copy: Path) -> None:
    shutil.copy(copy / "charts/sectores.yml", copy / "charts/suelto.yml")
    assert problems(copy) == ["charts/suelto.yml: ningún tablero lo usa: quítelo o póngalo en dashboards/"]


def test_bundle_is_the_same_bytes_and_holds_no_password(built: object, copy: Path) -> None:
    first = bundle.build(load())
    assert first == bundle.build(load(copy))
    assert all(password.encode() not in first for password in bundle.passwords().values())
    assert not any(password in str(bundle.documents(load())) for password in bundle.passwords().values())


def test_a_mart_with_metrics_needs_no_file(copy: Path) -> None:
    """What no file describes is a dataset all the same, with every metric of its mart and what a chart by month needs."""
    context = load()
    marts = {m.model.table for m in context.layer.metrics.values()}
    assert marts - {(spec.relation or "").removeprefix("marts.") for spec in context.assets.datasets.values()} == {"mart_kpi__month"}
    of_kpis = {m.name for m in context.layer.metrics.values() if m.model.table == "mart_kpi__month"}
    assert {m["metric_name"] for m in dataset(context, "tablero_empresa")["metrics"]} >= of_kpis, "reserved rows: its metrics are in a dataset with a rule for them"
    edit(copy / "charts/antiguedad.yml", dataset="mart_data_quality__month", x="period_label", metrics=["quarantined_rows"], by=[], sort="orden_periodo")
    spoilt = load(copy)
    assert not [p for p in bundle_problems(spoilt) if "antiguedad" in p]
    made = dataset(spoilt, "mart_data_quality__month")
    assert {m["metric_name"] for m in made["metrics"]} >= {m.name for m in context.layer.metrics.values() if m.model.table == "mart_data_quality__month"}


def bundle_problems(context) -> list[str]:
    try:
        check(context)
    except files.AssetError as error:
        return error.problems
    return []
