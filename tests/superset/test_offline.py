"""What Superset serves: no telemetry, the Dominican money format, a policy that names no outside host. No browser needed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import requests

from superset_assets import offline, server

ASSETS = "lib/python*/site-packages/superset/static/assets"


def folder() -> Path:
    return next(server.venv().glob(ASSETS))


def test_every_served_script_is_free_of_the_pixel_and_knows_the_format() -> None:
    edited = offline.edited_assets(folder())
    assert b"scarf.sh" in b"".join(p.read_bytes() for p in folder().glob("*.js")), "the installed bundle no longer has it: drop the edit"
    untouched = [p for p in folder().glob("*.js") if offline.PREFIX + p.name not in edited]
    assert not [p.name for p in untouched if b"scarf.sh" in p.read_bytes()]
    assert not [path for path, body in edited.items() if b"scarf.sh" in body]
    assert any(b'registerValue("RD$ M"' in body for body in edited.values())


def test_another_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('let l=`https://elsewhere.scarf.sh/pixel/${e}`;return other("img",{src:l})')
    with pytest.raises(offline.AssetMismatch, match="telemetry pixel: 0 places.*number format"):
        offline.edited_assets(tmp_path)


def test_headers_of_the_served_page(superset: object) -> None:
    answer = requests.get(superset.url + "/login/", timeout=30)
    # the page that the embedding test serves is the one host that is named
    policy = answer.headers["Content-Security-Policy"].replace(os.environ["CAUDAL_SUPERSET_EMBED_ORIGINS"], "")
    assert not re.findall(r"https?://|unsafe-eval|\*", policy), policy
    assert "HttpOnly" in answer.headers["Set-Cookie"] and "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert 'lang="es"' in answer.text or "&#34;locale&#34;: &#34;es&#34;" in answer.text


def test_a_form_without_its_token_is_refused(superset: object) -> None:
    answer = requests.post(superset.url + "/login/", data={"username": "admin", "password": "x"}, timeout=30, allow_redirects=False)
    assert answer.status_code in (302, 400)
    token = {"Authorization": superset.session.headers["Authorization"]}
    bare = requests.post(superset.url + "/api/v1/assets/import/", headers=token, timeout=30, allow_redirects=False)
    assert bare.status_code == 302 and "/login/" in bare.headers["Location"]  # back to the door: nothing was imported


def test_error_pages_are_spanish_and_ask_nothing_of_outside(superset: object) -> None:
    answer = superset.session.get(superset.url + "/static/no_existe.html", headers={"Accept": "text/html"}, timeout=30)
    assert answer.status_code == 404 and "No se encontró" in answer.text
    assert "://" not in answer.text
