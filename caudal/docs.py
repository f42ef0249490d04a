"""The documentation as pages that ask nothing of the internet: dbt's (models, columns, lineage, exposures), the KPI dictionary and the dashboards'.

Reads: the dbt project and the published marts (their catalogue), superset_assets/. Writes: `<home>/docs/{index,indicadores,tableros}.html`,
`tableros/`, `img/`. `serve` shows that folder on loopback.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from caudal import ports
from caudal.dbt_run import PROJECT, dbt_environment
from caudal.services import Service
from caudal.settings import settings

# dbt's page would send its vendor a count of visits when it may: the browser is told that nothing but this server may be asked
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"


class DocsFailed(RuntimeError):
    """dbt could not write its documentation; the message is its own."""


def folder() -> Path:
    return settings().home / "docs"


def build() -> Path:
    """Write the pages; their folder. Raises DocsFailed, ManifestMissing, AssetError (a dashboard's file is wrong)."""
    from caudal.semantic import load, manifest_path
    from caudal.semantic.docs import HTML, dictionary
    from caudal.semantic.lineage import load_manifest
    from superset_assets import docs as dashboards
    from superset_assets.context import load as load_dashboards

    target = settings().home / "dbt-docs"
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "docs", "generate", "--static", "--target-path", str(target),
               "--log-path", str(settings().home / "logs" / "dbt-docs")]
    done = subprocess.run(command, cwd=PROJECT, env=dbt_environment(schema="marts"), capture_output=True, text=True, check=False)
    if done.returncode:
        raise DocsFailed(f"dbt docs generate: {(done.stdout + done.stderr).strip()[-2000:]}")
    folder().mkdir(parents=True, exist_ok=True)
    shutil.copyfile(target / "static_index.html", folder() / "index.html")
    manifest = load_manifest(manifest_path())
    (folder() / HTML).write_text(dictionary(load(), manifest)[HTML], encoding="utf-8")
    dashboards.write(folder(), dashboards.html(load_dashboards(), manifest))
    shutil.copytree(dashboards.IMAGES, folder() / "img" / "tableros", dirs_exist_ok=True)
    return folder()


def service() -> Service:
    """The server of the pages, on a remembered loopback port."""
    path = settings().home / "services" / "docs.port"
    running = Service("docs", [], lambda: True).is_running()
    port = int(path.read_text()) if running and path.exists() else ports.remembered(path)
    return Service("docs", [sys.executable, "-m", "caudal.docs", str(folder()), str(port)], partial(_answers, port), cwd=settings().root, timeout_s=30)


def url() -> str:
    """Where the pages are served, or will be."""
    service()
    return f"http://127.0.0.1:{(settings().home / 'services' / 'docs.port').read_text().strip()}/"


def start() -> str:
    """Serve the pages in the background; their address."""
    service().start()
    return url()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), partial(_Handler, directory=sys.argv[1])) as server:
        server.serve_forever()
