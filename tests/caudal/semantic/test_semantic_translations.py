"""What cannot be said exactly to one consumer is published to none."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from invented import small, small_layer

from caudal import build, dbt_run
from caudal.semantic import translations


def test_every_metric_of_the_layer_reaches_every_consumer(manifest_folder):
    assert translations.check(manifest_folder) == []


def test_a_metric_without_translation_names_metric_and_language():
    found = translations.problems(small())
    assert [f.split(":")[0] for f in found if "shifted in time" in f] == ["indicador before"] * 2
    assert {language for language in translations.LANGUAGES for f in found if language in f} == set(translations.LANGUAGES) - {"formato"}


def test_what_only_power_bi_cannot_say_is_a_problem_too():
    layer = small_layer([{"name": "m", "type": "simple", "type_params": {"measure": {"name": "m"}}}], [{"name": "m", "agg": "sum", "expr": "amount * 2"}])
    [found] = translations.problems(layer)
    assert "DAX" in found


def test_personal_data_and_repeated_labels_are_problems(layer):
    table = layer.metric("billed_amount").model.table
    assert any("billed_amount" in f and "datos personales" in f for f in translations.problems(layer, {table}))
    one = layer.metric("billed_amount")
    twin = layer.model_copy(update={"metrics": {**layer.metrics, "other": one.model_copy(update={"name": "other"})}})
    assert any("billed_amount y other" in f for f in translations.problems(twin))


@pytest.mark.parametrize(
    ("kind", "is_held"),
    [("numeric(18,2)", True), ("numeric(18, 4)", True), ("numeric(18,6)", False), ("numeric", False), ("numeric(18)", True), ("bigint", True)],
)
def test_a_decimal_that_power_bi_would_round_is_a_problem(layer, kind, is_held):
    found = translations.too_fine(layer, {"mart_commercial__month": {"billed_amount": kind}})
    assert any("billed_amount" in f for f in found) != is_held


def test_a_metric_without_its_texts_is_told(manifest_folder, tmp_path):
    shutil.copytree(manifest_folder, tmp_path / "m")
    path = tmp_path / "m" / "semantic_manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    next(m for m in manifest["metrics"] if m["name"] == "billed_amount")["config"]["meta"].pop("owner")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    [found] = translations.check(tmp_path / "m")
    assert "billed_amount" in found
    assert "owner" in found


@pytest.fixture
def parse_kept(tmp_path):
    """What dbt left of the session's project, put back: it is not to be parsed anew for what this test parses."""
    shutil.copytree(dbt_run.target_dir(), tmp_path / "target")
    yield
    shutil.rmtree(dbt_run.target_dir())
    shutil.copytree(tmp_path / "target", dbt_run.target_dir())


def test_a_build_with_an_untranslatable_metric_fails(built, parse_kept, tmp_path, monkeypatch):
    """The real build, of a copy of the project with one invented metric that DAX cannot say; whatever part of it is built."""
    project = tmp_path / "dbt"
    shutil.copytree(dbt_run.PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    path = project / "semantic" / "model_commercial_month.yml"
    text = path.read_text(encoding="utf-8").replace("      - {name: billed_amount, agg: sum}\n",
                                                    "      - {name: billed_amount, agg: sum}\n      - {name: doubled, agg: sum, expr: billed_amount * 2}\n", 1)
    path.write_text(text, encoding="utf-8")
    meta = {**dict.fromkeys(("label_es", "description_es", "formula_es", "folder", "owner", "source"), "Doble"), "unit": "RD$", "format": ",.2f",
            "direction": "none"}
    metric = {"name": "doubled", "label": "Doble", "description": "Doble", "type": "simple", "type_params": {"measure": "doubled"}, "config": {"meta": meta}}
    (project / "semantic" / "metrics_doubled.yml").write_text(yaml.safe_dump({"version": 2, "metrics": [metric]}), encoding="utf-8")
    monkeypatch.setattr(dbt_run, "PROJECT", project)
    result = build.build("+dim_user_type", progress=lambda _: None)
    assert not result.ok
    assert len(result.failed_tests) == 1
    assert result.failed_tests[0].startswith("indicador doubled: no se puede traducir a DAX (Power BI)")
