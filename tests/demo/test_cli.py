"""`caudal demo generate` says what it made."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from demo.cli import app


def test_generate_prints_the_summary_and_writes_the_cadastre(utility, tmp_path: Path) -> None:
    dsn, summary = utility
    done = CliRunner().invoke(app, ["generate", "--size", "tiny", "--dsn", dsn, "--cadastre", str(tmp_path / "c.geojson")])
    assert done.exit_code == 0, done.output
    assert f"{summary.billed:,.2f}" in done.output
    assert (tmp_path / "c.geojson").stat().st_size > 50_000


def test_a_wrong_size_is_refused_in_spanish(utility) -> None:
    done = CliRunner().invoke(app, ["generate", "--size", "enorme", "--dsn", utility[0]])
    assert done.exit_code == 2
    assert "tiny, demo" in done.output
