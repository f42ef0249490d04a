"""One generated project for the session, from the present checkout's contracts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import powerbi
from powerbi.design import Design, read
from tests.parsed_manifest import parsed_manifest


@pytest.fixture(scope="session")
def manifest_folder() -> Path:
    return parsed_manifest()


@pytest.fixture(scope="session")
def design(manifest_folder: Path) -> Design:
    return read(manifest_folder)


@pytest.fixture(scope="session")
def project(manifest_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return powerbi.generate(tmp_path_factory.mktemp("powerbi") / "Caudal", manifest_folder)


@pytest.fixture
def spoilt(project: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(project, tmp_path / "Caudal"))
