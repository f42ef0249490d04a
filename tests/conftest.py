"""One real stack for the whole test session, made lazily: server → source → raw → marts. All under a temporary home."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

# before anything reads the settings
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # files run beside each other have a stack each
_HOME = Path(os.environ["CAUDAL_TEST_HOME"], _WORKER) if "CAUDAL_TEST_HOME" in os.environ else Path(tempfile.mkdtemp(prefix="caudal-test-"))
_HOME.mkdir(parents=True, exist_ok=True)
_HOME.chmod(0o755)
os.environ["CAUDAL_HOME"] = str(_HOME)
os.environ["CAUDAL_TODAY"] = "2026-11-15"  # the day after which the synthetic utility knows nothing
os.environ["DO_NOT_TRACK"] = "1"
os.environ.pop("CAUDAL_WAREHOUSE_URL", None)


DEMO = "test_demo_run.py"
_DEMO_IS_TESTED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A running, bootstrapped embedded PostgreSQL under a home of its own."""
    from caudal import warehouse
    from caudal.postgres import EmbeddedPostgres

    warehouse.bootstrap()
    yield _HOME
    server = EmbeddedPostgres(_HOME)
    if "CAUDAL_TEST_HOME" in os.environ:
        server.stop()
    else:
        server.destroy()
        shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_source(home: Path) -> Iterator[object]:
    """The tiny utility in its source database, served by the stand-in of Odoo; the settings point at it."""
    import demo
    from caudal import warehouse
    from caudal.settings import settings
    from demo.odoo.server import StandIn

    warehouse.ensure_database("odoo_demo")
    dsn = settings().warehouse_url("owner", "odoo_demo")
    demo.generate(dsn, size="tiny")
    with StandIn(dsn, workers=2) as server:
        os.environ.update(ODOO_URL=server.url, ODOO_DB=server.db, ODOO_USER=server.user, ODOO_PASSWORD=server.password)
        settings.cache_clear()
        server.dsn = dsn
        yield server


@pytest.fixture(scope="session")
def replicated(tiny_source: object, home: Path) -> object:
    """raw.* loaded from the tiny utility, cadastre and telemetry included, and reconciled with it."""
    import demo
    from geo.cadastre import load_cadastre
    from geo.locate import locate
    from geo.streets import load_streets
    from sources.reconciliation import reconcile
    from sources.replicate import replicate
    from sources.telemetry import load as load_telemetry

    results = replicate()
    assert all(r.status == "ok" for r in results), results
    cadastre = home / "cadastre.geojson"
    demo.write_cadastre(cadastre, size="tiny")
    load_cadastre(cadastre)
    load_streets(demo.write_streets(home / "streets.geojson"))
    assert locate().missing == []
    load_telemetry(demo.write_telemetry(home / "telemetry", size="tiny").folder)
    checks = reconcile()
    assert all(check.status == "ok" for check in checks), checks
    return tiny_source


@pytest.fixture(scope="session")
def built(replicated: object, home: Path, pytestconfig: pytest.Config) -> object:
    """Marts built, tested and published; what dbt said of it is kept in `<home>/first_build`.

    dbt's unit tests say something of its files alone: where the build of `make demo` is tested too, once is enough, and there.
    """
    from caudal.build import build
    from caudal.dbt_run import UNIT_TESTS_PASSED, project_fingerprint, target_dir

    if pytestconfig.stash[_DEMO_IS_TESTED]:
        target_dir().mkdir(parents=True, exist_ok=True)
        (target_dir() / UNIT_TESTS_PASSED).write_text(project_fingerprint())
    result = build()
    assert result.ok, result
    (home / "first_build").mkdir(exist_ok=True)
    for name in ("run_results.json", "manifest.json"):  # of this build: others come after it
        shutil.copy(target_dir() / name, home / "first_build" / name)
    return result


@pytest.fixture(scope="session")
def superset_server(home: Path) -> Iterator[str]:
    """Address of a running Superset of the session's home; nothing is published yet. The first start takes half a minute."""
    from caudal import ports
    from superset_assets import server

    os.environ.setdefault("CAUDAL_SUPERSET_WORKERS", "1")  # each takes its seconds of CPU to load
    os.environ.setdefault("CAUDAL_SUPERSET_LOGINS_PER_MINUTE", "60")  # the tests log in as everybody; one of them goes past it
    # the page of the embedding example
    os.environ.setdefault("CAUDAL_SUPERSET_EMBED_ORIGINS", f"http://127.0.0.1:{ports.remembered(home / 'embed_port')}")
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def superset(built: object, superset_server: str) -> object:
    """An administrator's client of the published dashboards of the tiny utility."""
    from superset_assets.client import Client
    from superset_assets.publish import publish

    publish()
    return Client()


@pytest.hookimpl(trylast=True)  # when what is not asked for is out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with most tests first, and before them the one long test of a file of its own: begun last, one worker would wait for it alone."""
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.name != DEMO, -tests[item.path]))
    config.stash[_DEMO_IS_TESTED] = any(path.name == DEMO for path in tests)


def pytest_unconfigure() -> None:
    """The process that only hands out the files has a home that nobody used."""
    if "CAUDAL_TEST_HOME" not in os.environ and _HOME.exists() and not any(_HOME.iterdir()):
        _HOME.rmdir()
