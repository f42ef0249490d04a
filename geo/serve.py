"""`caudal geo serve`: an OGC API – Features endpoint (pygeoapi) over the published marts, for QGIS and other GIS clients.

On loopback it asks for no password; anywhere else `CAUDAL_GEO_PASSWORD` must be set, and is asked for (HTTP Basic, any user name). It answers
JSON alone: pygeoapi's HTML pages fetch their scripts from the internet.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import requests
import yaml

from caudal.ports import remembered
from caudal.services import Service
from caudal.settings import ROOT, settings
from geo.errors import CadastreError
from geo.layers import layers
from geo.site import load_site

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PAGE, MOST = 1_000, 10_000  # features a request


def folder() -> Path:
    """Where the endpoint's generated configuration is."""
    return settings().home / "geo"


def config(url: str) -> dict[str, Any]:
    """pygeoapi's configuration: each layer a collection."""
    extent = list(load_site(settings().site).bounds)
    resources = {
        name: {
            "type": "collection", "title": layer.title, "description": f"{layer.title}. Datos publicados de marts.{layer.mart}.", "keywords": ["agua"],
            "extents": {"spatial": {"bbox": extent, "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}, "links": [],
            "providers": [{"type": "feature", "name": "geo.provider.MartProvider", "data": name, "id_field": "id"}],
        } for name, layer in layers().items()}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 0}, "url": url, "mimetype": "application/json; charset=UTF-8", "encoding": "utf-8", "gzip": False,
            "languages": ["es"], "cors": False, "pretty_print": False, "limits": {"default_items": PAGE, "max_items": MOST},
            "map": {"url": "", "attribution": ""}, "admin": False},
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {"title": {"es": "Caudal"}, "description": {"es": "Capas comerciales de la empresa de agua"}, "keywords": {"es": ["agua"]},
                               "keywords_type": "theme", "terms_of_service": "", "url": url},
            "license": {"name": "Uso interno", "url": url}, "provider": {"name": "Caudal", "url": url},
            "contact": {"name": "Catastro", "position": "", "address": "", "city": "", "stateorprovince": "", "postalcode": "", "country": "DO", "phone": "",
                        "email": "catastro@caudal.invalid", "url": url, "hours": "", "instructions": "", "role": "pointOfContact"}},
        "resources": resources,
    }


def start(host: str = "127.0.0.1", port: int | None = None) -> str:
    """Start the endpoint as a background service and return its address. Raises CadastreError for an open address without a password, ServiceError."""
    if host not in LOOPBACK and not os.environ.get("CAUDAL_GEO_PASSWORD"):
        raise CadastreError(f"Para servir las capas en {host} hace falta una contraseña: ponga CAUDAL_GEO_PASSWORD en el entorno, y TLS delante.")
    running = Service("geo", [], lambda: True)
    file = folder() / "port"
    if port is None:
        port = int(file.read_text()) if running.is_running() else remembered(file)
    folder().mkdir(parents=True, exist_ok=True)
    file.write_text(str(port))
    url = f"http://{host}:{port}"
    path = folder() / "pygeoapi.yml"
    path.write_text(yaml.safe_dump(config(url), allow_unicode=True, sort_keys=True), encoding="utf-8")
    auth = ("caudal", os.environ.get("CAUDAL_GEO_PASSWORD", ""))

    def answers() -> bool:
        try:
            return requests.get(f"{url}/collections?f=json", auth=auth, timeout=5).ok
        except requests.RequestException:
            return False

    Service(
        "geo", [sys.executable, "-m", "gunicorn", "--bind", f"{host}:{port}", "--workers", "2", "--timeout", "60", "geo.wsgi:app"], answers,
        env={"PYGEOAPI_CONFIG": str(path), "PYGEOAPI_OPENAPI": str(folder() / "openapi.yml"), "PYTHONPATH": str(ROOT)}, timeout_s=60, cwd=ROOT).start()
    return url
