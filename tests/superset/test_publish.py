"""Publication: repeated it changes nothing; every chart has data; each metric is the semantic layer's to the cent; roles; failures."""

from __future__ import annotations

import difflib
import json
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import jwt
import pytest

from caudal import semantic, warehouse
from caudal.secrets import get_or_create
from caudal.settings import settings
from superset_assets import bundle, files, server, sync
from superset_assets import publish as publishing
from superset_assets.client import Client, SupersetError
from superset_assets.context import load
from superset_assets.pull import PullRefused, pull

KINDS = ("database", "dataset", "chart", "dashboard")


def state(client: Client) -> dict:
    return {kind: sorted((item["id"], item.get("uuid")) for item in client.items(kind)) for kind in KINDS}


def metrics(client: Client) -> dict:
    found = {}
    for item in client.items("dataset"):
        dataset = client.get(f"/api/v1/dataset/{item['id']}")["result"]
        found[item["table_name"]] = sorted((m["metric_name"], m["expression"], m["d3format"]) for m in dataset["metrics"])
    return found


def imported(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The files of each bundle that is sent from here on."""
    sent, pack = [], bundle.pack
    monkeypatch.setattr(bundle, "pack", lambda documents: sent.append(set(documents)) or pack(documents))
    return sent


def test_publishing_again_changes_nothing(superset: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    publishing.publish(superset)  # people whose access another test took away
    before, formulas, sent = state(superset), metrics(superset), imported(monkeypatch)
    assert publishing.publish(superset).changes == []
    assert sent == []  # nothing to import
    assert state(superset) == before
    assert metrics(superset) == formulas
    assert [len(before[kind]) for kind in KINDS] == [2, *(len(getattr(load().assets, name)) for name in ("datasets", "charts", "dashboards"))]


def test_starting_again_leaves_the_running_server(superset: Client) -> None:
    pid = server._service().pid_file.read_text()
    assert server.start() == superset.url
    assert server._service().pid_file.read_text() == pid


def test_every_chart_has_data(superset: Client) -> None:
    context = load()
    numbers = sync.numbers(superset, "chart", context.assets.charts)
    empty = {context.assets.charts[name].dataset for name, number in numbers.items() if not superset.saved_chart_data(number)}
    with warehouse.connect("read") as conn:
        # what the tiny utility has not; everything else must have something to show
        pending = conn.execute("select count(*) from marts.map_cut_order where state = 'pending'").fetchone()[0]
    assert empty == (set() if pending else {"mapa_recorridos"})


@pytest.mark.parametrize("dataset", ["mart_commercial__month", "mart_receivables__month"])
@pytest.mark.parametrize("by", [(), ("period_month",), ("sector_name",), ("user_type_name",)], ids=lambda by: by[0] if by else "total")
def test_metrics_are_those_of_the_semantic_layer(superset: Client, dataset: str, by: tuple[str, ...]) -> None:
    names = list(load().metrics_of(dataset))
    drawn = {_key(row, by): row for row in superset.chart_data(dataset, names, by)}
    with warehouse.connect("read") as conn:
        wanted = semantic.fetch(conn, names, by)
    assert len(drawn) == len(wanted)
    for row in wanted:
        shown = drawn[tuple(_milliseconds(row[c]) if c == "period_month" else row[c] for c in by)]
        for name in names:
            assert _same(shown[name], row[name]), (name, by, shown[name], row[name])


def _key(row: dict, by: tuple[str, ...]) -> tuple:
    return tuple(int(row[c]) if c == "period_month" else row[c] for c in by)


def _milliseconds(day) -> int:
    from datetime import UTC, datetime

    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _same(shown: object, wanted: Decimal | None) -> bool:
    """Equal to the cent, or for a ratio to the twelve digits that any format shows (JSON carries binary floats)."""
    if wanted is None or shown is None:
        return shown is None and wanted is None
    return abs(Decimal(str(shown)) - wanted) <= Decimal("0.000000000001") * max(1, abs(wanted))


def test_trend_ends_at_the_chosen_period(superset: Client) -> None:
    """The thirteen months up to the filter's month, each with the value the semantic layer gives it."""
    months = sorted(row["period_month"] for row in superset.chart_data("mart_commercial__month", ["receivable_amount"], ["period_month"]))
    labels = {row["period_month"]: row["period_label"]
              for row in superset.chart_data("mart_commercial__month", ["receivable_amount"], ["period_month", "period_label"])}
    chosen = months[-2]
    rows = superset.chart_data("comercial_tendencia", ["receivable_amount"], ["period_month"], {"period_label": [labels[chosen]]})
    assert [row["period_month"] for row in rows] == months[-14:-1][-13:]
    by_month = {row["period_month"]: row["receivable_amount"] for row in superset.chart_data("mart_commercial__month", ["receivable_amount"], ["period_month"])}
    assert [row["receivable_amount"] for row in rows] == [by_month[row["period_month"]] for row in rows]
    assert [row["period_month"] for row in superset.chart_data("comercial_tendencia", ["receivable_amount"], ["period_month"])][-1] == months[-1]


def test_map_gives_each_part_of_a_sector_its_ratio(superset: Client) -> None:
    rows = superset.chart_data("mapa_sectores", ["delinquency_ratio", "delinquency_ratio_texto"], ["ring", "sector_name"])
    with warehouse.connect("read") as conn:
        parts = conn.execute("select count(*), count(distinct sector_code) from marts.map_sector").fetchone()
        wanted = {r["sector_name"]: r["delinquency_ratio"] for r in semantic.fetch(conn, "delinquency_ratio", ["sector_name"])}
    assert len(rows) == parts[0] > parts[1], "the tiny utility must have a sector of two parts"
    for row in rows:
        assert _same(row["delinquency_ratio"], wanted[row["sector_name"]])
        if wanted[row["sector_name"]] is not None:
            assert row["delinquency_ratio_texto"] == f"{wanted[row['sector_name']] * 100:.1f} %"


def test_a_failed_build_is_told_at_once(superset: Client) -> None:
    chart = next(item["id"] for item in superset.items("chart") if item["slice_name"] == "Estado de los datos")
    assert superset.saved_chart_data(chart, force=False)[0]["quality_text"] == "Correcta"
    with warehouse.connect() as conn:
        number = conn.execute(
            "insert into ops.build (status, ended_at, failed_tests) values ('failed', now(), '[\"una\"]') returning build_id").fetchone()[0]
    try:
        row = superset.saved_chart_data(chart, force=False)[0]
    finally:
        with warehouse.connect() as conn:
            conn.execute("delete from ops.build where build_id = %s", [number])
    assert row["message_es"].startswith("ATENCIÓN") and row["quality_text"].startswith("NO PASÓ")


def test_manager_sees_the_dashboards_and_nothing_else(superset: Client) -> None:
    manager = Client(user="gerencia", password=server.manager_password())
    assert {board["slug"] for board in manager.items("dashboard")} == set(load().dashboards_of("gerencia"))
    assert manager.chart_data("mart_commercial__month", ["receivable_amount"])
    with pytest.raises(SupersetError, match="403"):
        manager.post("/api/v1/sqllab/execute/", json={"database_id": 1, "sql": "select 1"})
    with pytest.raises(SupersetError, match="403"):
        publishing.publish(manager)


def test_bad_bundle_and_wrong_password_fail_without_telling_secrets(superset: Client) -> None:
    with pytest.raises(SupersetError, match="respondió [45].. a POST /api/v1/assets/import/"):
        superset.post("/api/v1/assets/import/", files={"bundle": ("x.zip", b"no es un zip", "application/zip")}, data={"passwords": "{}"})
    with pytest.raises(SupersetError, match="401") as caught:
        Client(password="equivocada-123")
    assert "equivocada-123" not in str(caught.value)


def test_a_client_outlives_its_token(superset: Client) -> None:
    """As a page that shows dashboards for days, or a load that takes longer than Superset's hour."""
    secret, client = get_or_create(settings().home, "superset_secret_key"), Client()
    valid = client.session.headers["Authorization"].removeprefix("Bearer ")
    expired = jwt.encode(jwt.decode(valid, options={"verify_signature": False}) | {"exp": 1_700_000_000}, secret, "HS256")
    for ask in (lambda: client.items("dashboard"), lambda: client.chart_data("mart_commercial__month", ["receivable_amount"])):
        client.session.headers["Authorization"] = f"Bearer {expired}"
        assert client.session.get(f"{client.url}/api/v1/dashboard/").json() == {"msg": "Token has expired"}
        assert ask()


def test_no_server_is_said_in_spanish() -> None:
    with pytest.raises(SupersetError, match="no responde en http://127.0.0.1:9.*caudal superset start"):
        Client("http://127.0.0.1:9", password="x")


# --- what differs, what is taken away, what is brought back ---


@pytest.fixture
def root(built: object, tmp_path: Path) -> Path:
    """A copy of the files, to change."""
    for part in ("datasets", "charts", "dashboards", "roles", "row_rules"):
        shutil.copytree(files.HERE / part, tmp_path / part)
    shutil.copy(files.HERE / "labels.yml", tmp_path)
    return tmp_path


@pytest.fixture
def as_in_files(superset: Client) -> Iterator[None]:
    """Whatever the test leaves in Superset, the project's files are published again."""
    yield
    publishing.publish(superset, prune=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_would_change_is_said_and_a_dry_run_changes_nothing(superset: Client, root: Path) -> None:
    assert publishing.publish(superset, dry_run=True).changes == []
    before = state(superset)
    edit(root / "charts/sectores.yml", "title: Sectores", "title: Los sectores")
    edit(root / "dashboards/morosidad.yml", "antiguedad: 6, tendencia_morosidad: 6", "antiguedad: 4, tendencia_morosidad: 8")
    shutil.copy(root / "charts/morosidad_90.yml", root / "charts/nuevo.yml")
    edit(root / "dashboards/morosidad.yml", "contratos_morosos: 2}", "contratos_morosos: 1, nuevo: 1}")
    shown: list[str] = []
    changes = publishing.publish(superset, load(root), dry_run=True, show=shown.append).changes
    assert shown == changes
    assert "    título: Sectores → Los sectores" in changes and "+ gráfico Morosidad > 90 días" in changes
    assert not [line for line in changes if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", line)], "a chart is called by its name"
    assert any(line.startswith("    pestaña Quién debe y dónde, fila 1: ") and '"Tendencia de la morosidad": 8' in line for line in changes)
    assert state(superset) == before


def test_only_what_changed_is_sent_and_what_it_stands_on(superset: Client, root: Path, as_in_files: None, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(root / "charts/mor_sin_orden.yml", "kind: table", "kind: table\n# a comment changes nothing")
    sent = imported(monkeypatch)
    publishing.publish(superset, load(root))
    assert sent == []
    said = load(root).assets.charts["mor_sin_orden"].description
    edit(root / "charts/mor_sin_orden.yml", f"description: {said}", f"description: {said} Cada uno.")
    publishing.publish(superset, load(root))
    chart = {"metadata.yaml", "charts/mor_sin_orden.yaml", "datasets/caudal/morosos_sin_orden.yaml", "databases/caudal.yaml"}
    assert sent == [chart]
    number = sync.numbers(superset, "chart", ["mor_sin_orden"])["mor_sin_orden"]
    superset.put(f"/api/v1/chart/{number}", json={"description": "Otra"})  # on the screen, without a change in the files
    publishing.publish(superset, load(root))
    assert sent == [chart, chart]
    assert superset.get(f"/api/v1/chart/{number}")["result"]["description"] == f"{said} Cada uno."


def test_what_left_the_files_goes_only_when_told_and_what_users_made_stays(superset: Client, root: Path, as_in_files: None) -> None:
    shutil.copy(root / "charts/morosidad_90.yml", root / "charts/de_mas.yml")
    edit(root / "charts/de_mas.yml", "title: Morosidad > 90 días", "title: De más")
    (root / "dashboards/de_mas.yml").write_text("title: De más\nrows: [{charts: {de_mas: 12}}]\n")
    publishing.publish(superset, load(root))
    dataset = superset.dataset_id("mart_commercial__month")
    own = superset.post("/api/v1/chart/", json={"slice_name": "De un usuario", "viz_type": "table", "datasource_id": dataset,
                                                "datasource_type": "table", "params": "{}"})["id"]
    board = superset.post("/api/v1/dashboard/", json={"dashboard_title": "De un usuario"})["id"]
    try:
        before = state(superset)
        with pytest.raises(publishing.PruneRefused, match="gráfico De más.*--prune"):
            publishing.publish(superset)
        assert state(superset) == before
        asked: list[list[str]] = []
        with pytest.raises(publishing.PruneRefused):
            publishing.publish(superset, ask=lambda lines: bool(asked.append(lines)))
        assert asked == [["tablero De más", "gráfico De más"]]
        publishing.publish(superset, prune=True)
        left = {item["slice_name"] for item in superset.items("chart")}
        assert "De más" not in left and "De un usuario" in left
        boards = {item["dashboard_title"] for item in superset.items("dashboard")}
        assert "De más" not in boards and "De un usuario" in boards
        assert publishing.publish(superset, dry_run=True).changes == []
    finally:
        superset.delete(f"/api/v1/chart/{own}")
        superset.delete(f"/api/v1/dashboard/{board}")


def test_a_dataset_that_a_user_s_chart_stands_on_is_not_taken_away(superset: Client, root: Path, as_in_files: None) -> None:
    shutil.copy(root / "datasets/mart_receivables__month.yml", root / "datasets/de_mas.yml")
    edit(root / "datasets/de_mas.yml", "month_of: mart_receivables__month",
         "models: [mart_receivables__month]\nsql: select * from marts.mart_receivables__month")
    publishing.publish(superset, load(root))
    dataset = sync.numbers(superset, "dataset", ["de_mas"])["de_mas"]
    own = superset.post("/api/v1/chart/", json={"slice_name": "Sobre de_mas", "viz_type": "table", "datasource_id": dataset,
                                                "datasource_type": "table", "params": "{}"})["id"]
    try:
        with pytest.raises(publishing.PruneRefused, match="que usan: Sobre de_mas"):
            publishing.publish(superset, prune=True)
    finally:
        superset.delete(f"/api/v1/chart/{own}")


def test_a_broken_file_fails_before_anything_is_sent(superset: Client, root: Path) -> None:
    before = state(superset)
    edit(root / "row_rules/sin_territorio.yml", "  estado_datos:", "  otro:")
    with pytest.raises(files.AssetError, match="datasets/estado_datos.yml: sin regla de filas"):
        publishing.publish(superset, load(root))
    assert state(superset) == before


def board_of(client: Client) -> tuple[int, dict, dict]:
    board = client.get("/api/v1/dashboard/morosidad")["result"]
    return board["id"], json.loads(board["position_json"]), json.loads(board["json_metadata"])


def save(client: Client, number: int, position: dict, metadata: dict, **more: str) -> None:
    """As the screen's «Guardar» does."""
    client.put(f"/api/v1/dashboard/{number}", json={"position_json": json.dumps(position), "json_metadata": json.dumps(metadata), **more})


def changed_lines(root: Path) -> dict[str, list[str]]:
    """File → its lines that differ from the project's, + and −."""
    found = {}
    for path in sorted(root.rglob("*.yml")):
        old, new = (files.HERE / path.relative_to(root)).read_text().splitlines(), path.read_text().splitlines()
        if old != new:
            found[path.name] = [line for line in difflib.unified_diff(old, new, lineterm="", n=0) if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return found


def test_a_layout_edited_on_the_screen_comes_back_as_a_small_diff(superset: Client, root: Path, as_in_files: None) -> None:
    assert pull("morosidad", superset, root) == {}  # pull after publish is nothing
    number, position, metadata = board_of(superset)
    position["ROW-1-1"]["children"].remove("CHART-antiguedad")
    position["ROW-1-2"]["children"].insert(0, "CHART-antiguedad")
    for name, width in (("antiguedad", 3), ("mapa_morosidad", 3), ("sectores", 6)):
        position[f"CHART-{name}"]["meta"]["width"] = width
    position["CHART-tendencia_morosidad"]["meta"]["width"] = 12
    position["CHART-tendencia_morosidad"]["meta"]["sliceNameOverride"] = "La tendencia"
    position["TAB-X1"] = {"type": "TAB", "id": "TAB-X1", "children": ["ROW-X1", "ROW-1-3"], "parents": ["ROOT_ID", "GRID_ID", "TABS-1"],
                          "meta": {"text": "Detalle"}}
    position["ROW-X1"] = {"type": "ROW", "id": "ROW-X1", "children": ["MARKDOWN-X1"], "meta": {"background": "BACKGROUND_TRANSPARENT"}}
    position["MARKDOWN-X1"] = {"type": "MARKDOWN", "id": "MARKDOWN-X1", "children": [], "meta": {"width": 12, "height": 10, "code": "### Nota\nDe *prueba*."}}
    position["TAB-1"]["children"].remove("ROW-1-3")
    position["TABS-1"]["children"].append("TAB-X1")
    filters = metadata["native_filter_configuration"]
    filters[3]["name"], filters[3]["description"] = "Uso", "Residencial, comercial…"
    save(superset, number, position, metadata, dashboard_title="Morosidad de clientes")
    chart = sync.numbers(superset, "chart", ["antiguedad"])["antiguedad"]
    params = json.loads(superset.get(f"/api/v1/chart/{chart}")["result"]["params"])
    params |= {"show_value": False, "legendOrientation": "bottom", "y_axis_format": ",.2f", "dashboards": [number], "extra_form_data": {}, "slice_id": chart}
    superset.put(f"/api/v1/chart/{chart}", json={"params": json.dumps(params), "slice_name": "Deuda por antigüedad"})

    assert set(pull("morosidad", superset, root)) == {"dashboards/morosidad.yml", "charts/antiguedad.yml"}
    lines = changed_lines(root)
    assert lines["antiguedad.yml"] == [
        "-title: Cuentas por cobrar por antigüedad", "+title: Deuda por antigüedad", "-format: RD$ M",
        "-options: {show_value: true, show_legend: false}", "+format: ',.2f'",
        "+options: {show_value: false, show_legend: false, legendOrientation: bottom}",
    ]
    assert len(lines["morosidad.yml"]) < 30, lines["morosidad.yml"]
    spec = load(root).assets.dashboards["morosidad"]
    assert spec.title == "Morosidad de clientes" and spec.status == "estado_datos" and spec.css == load().assets.dashboards["morosidad"].css
    first, last = spec.tabs[0], spec.tabs[-1]
    assert first.rows[0].charts == {"tendencia_morosidad": files.CellSpec(width=12, title="La tendencia")}
    assert first.rows[1].charts == {"antiguedad": files.CellSpec(width=3, height=45), "mapa_morosidad": 3, "sectores": 6}
    assert last.title == "Detalle" and last.rows[0].charts["texto_1"].text == "### Nota\nDe *prueba*." and list(last.rows[1].charts) == ["sector_antiguedad"]
    assert spec.filters["tipo_usuario"].name == "Uso"

    assert publishing.publish(superset, load(root), dry_run=True).changes == []  # the files say what the screen says
    publishing.publish(superset, load(root))
    assert publishing.publish(superset, load(root), dry_run=True).changes == [] and pull("morosidad", superset, root) == {}
    assert Client(user="gerencia", password=server.manager_password()).saved_chart_data(chart)


@pytest.fixture
def put_back(superset: Client) -> Iterator[None]:
    """The dashboard and the chart that the test edits on the screen are as they were."""
    number, position, metadata = board_of(superset)
    chart = sync.numbers(superset, "chart", ["sectores"])["sectores"]
    params = superset.get(f"/api/v1/chart/{chart}")["result"]["params"]
    yield
    superset.put(f"/api/v1/chart/{chart}", json={"params": params})
    save(superset, number, position, metadata)
    assert publishing.publish(superset, dry_run=True).changes == []


@pytest.mark.parametrize("kind", ["column", "divider", "foreign chart", "range filter", "formula"])
def test_what_the_files_cannot_say_is_refused_by_name(superset: Client, root: Path, put_back: None, kind: str) -> None:
    number, position, metadata = board_of(superset)
    if kind == "column":
        position["COLUMN-x"] = {"type": "COLUMN", "id": "COLUMN-x", "children": ["CHART-antiguedad"], "meta": {"width": 6}}
        position["ROW-1-1"]["children"][0] = "COLUMN-x"
        wanted = "una columna dentro de una fila"
    elif kind == "divider":
        position["DIVIDER-x"] = {"type": "DIVIDER", "id": "DIVIDER-x", "children": [], "meta": {}}
        position["GRID_ID"]["children"].insert(1, "DIVIDER-x")  # over the tabs: under them nothing may be, whatever it is
        wanted = "una línea divisoria"
    elif kind == "foreign chart":
        position["CHART-sectores"]["meta"] |= {"uuid": "00000000-0000-4000-8000-000000000000", "sliceName": "Ajeno"}
        wanted = "'Ajeno' no es de los archivos"
    elif kind == "range filter":
        metadata["native_filter_configuration"][1]["filterType"] = "filter_range"
        wanted = "filtro Sector: los archivos solo dicen filtros de valores"
    else:
        chart = sync.numbers(superset, "chart", ["sectores"])["sectores"]
        params = json.loads(superset.get(f"/api/v1/chart/{chart}")["result"]["params"])
        params["metrics"] = [{"expressionType": "SQL", "sqlExpression": "SUM(billed_amount)", "label": "x"}]
        superset.put(f"/api/v1/chart/{chart}", json={"params": json.dumps(params)})
        wanted = "gráfico Sectores: metrics: fórmulas"
    save(superset, number, position, metadata)
    with pytest.raises(PullRefused, match=re.escape(wanted)):
        pull("morosidad", superset, root)
    assert changed_lines(root) == {}
