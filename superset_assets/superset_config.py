"""Superset's configuration: Spanish, offline, no Redis, secrets from the environment (`superset_assets/server.py` sets them).

Runs in Superset's own interpreter. Must be set: CAUDAL_SUPERSET_SECRET_KEY, CAUDAL_SUPERSET_GUEST_SECRET, CAUDAL_SUPERSET_METADATA_URI,
CAUDAL_SUPERSET_READ_URI, CAUDAL_SUPERSET_CACHE_DIR. Optional: CAUDAL_SUPERSET_HTTPS=1 behind TLS (secure cookies), CAUDAL_SUPERSET_TILES (address
of the utility's own tile server), CAUDAL_SUPERSET_EMBED_ORIGINS (pages that may hold a dashboard, comma-separated),
CAUDAL_SUPERSET_LOGINS_PER_MINUTE and CAUDAL_SUPERSET_REQUESTS_PER_SECOND (of one address).
"""

import os
from copy import deepcopy
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import superset
from flask import Flask
from superset.config import TALISMAN_CONFIG as _DEFAULT_TALISMAN
from superset.config import THEME_DEFAULT as _DEFAULT_THEME

from superset_assets.base_map import blueprint
from superset_assets.event_log import QueuedEventLogger
from superset_assets.offline import OfflineAssets, add_viewport, edited_assets, edited_language_pack
from superset_assets.rate_store import SharedCounts
from superset_assets.security import CaudalSecurityManager
from superset_assets.setup_names import BASE_MAP, GUEST_ROLE, PAGE

SECRET_KEY = os.environ["CAUDAL_SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["CAUDAL_SUPERSET_METADATA_URI"]
SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 4, "max_overflow": 8}  # no pool_pre_ping: Superset pings each connection itself
EVENT_LOGGER = QueuedEventLogger(SQLALCHEMY_DATABASE_URI)
_HTTPS = os.environ.get("CAUDAL_SUPERSET_HTTPS") == "1"
_EMBED_ORIGINS = [origin.strip() for origin in os.environ.get("CAUDAL_SUPERSET_EMBED_ORIGINS", "").split(",") if origin.strip()]

# --- who may do what ---
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "caudal_superset"
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)  # from the log-in on (security.py)
SESSION_REFRESH_EACH_REQUEST = False
CUSTOM_SECURITY_MANAGER = CaudalSecurityManager
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = f"{int(os.environ.get('CAUDAL_SUPERSET_LOGINS_PER_MINUTE', '20'))} per minute"
RATELIMIT_ENABLED = True
RATELIMIT_APPLICATION = f"{int(os.environ.get('CAUDAL_SUPERSET_REQUESTS_PER_SECOND', '200'))} per second"
RATELIMIT_STORAGE_URI = f"{SharedCounts.STORAGE_SCHEME[0]}://"
JWT_ACCESS_TOKEN_EXPIRES = timedelta(hours=1)
PUBLIC_ROLE_LIKE = None  # who has not logged in has no permission
PREVENT_UNSAFE_DB_CONNECTIONS = True
ENABLE_CORS = False
GUEST_ROLE_NAME = GUEST_ROLE
GUEST_TOKEN_JWT_SECRET = os.environ["CAUDAL_SUPERSET_GUEST_SECRET"]
GUEST_TOKEN_JWT_EXP_SECONDS = 300  # the page asks for another
GUEST_TOKEN_JWT_AUDIENCE = "caudal"
GLOBAL_ASYNC_QUERIES_JWT_SECRET = SECRET_KEY
FAB_ADD_SECURITY_API = True
FAB_API_MAX_PAGE_SIZE = PAGE
FAB_API_SWAGGER_UI = False  # its page asks a CDN for its script

# --- caches on disk; a publication of dashboards empties what it changed (publish.py), one of the marts changes the keys (security.py) ---
_CACHE_DIR = Path(os.environ["CAUDAL_SUPERSET_CACHE_DIR"])


def _file_cache(name: str, ttl: timedelta) -> dict:
    return {
        "CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(_CACHE_DIR / name), "CACHE_KEY_PREFIX": f"{name}_",
        "CACHE_DEFAULT_TIMEOUT": int(ttl.total_seconds()), "CACHE_THRESHOLD": 5000,
    }


CACHE_CONFIG = _file_cache("meta", timedelta(hours=1))
DATA_CACHE_CONFIG = _file_cache("data", timedelta(hours=26))  # filled after each nightly load (warm.py); a new publication of the marts has new keys
FILTER_STATE_CACHE_CONFIG = {**_file_cache("filters", timedelta(days=90)), "REFRESH_TIMEOUT_ON_RETRIEVAL": True}
EXPLORE_FORM_DATA_CACHE_CONFIG = {**_file_cache("explore", timedelta(days=7)), "REFRESH_TIMEOUT_ON_RETRIEVAL": True}
STORE_CACHE_KEYS_IN_METADATA_DB = True  # so that the publisher can invalidate by dataset
RESULTS_BACKEND = None


class CeleryConfig:
    """No broker: alerts and reports are Caudal's own, so Superset schedules nothing."""

    broker_url = "memory://"
    result_backend = None
    task_always_eager = True
    imports = ()
    beat_schedule = None


CELERY_CONFIG = CeleryConfig

# --- Spanish, Dominican figures: RD$ 1,234.56 and dd/mm/aaaa ---
BABEL_DEFAULT_LOCALE = "es"
LANGUAGES = {"es": {"flag": "do", "name": "Español"}}
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["RD$ ", ""]}
D3_TIME_FORMAT = {
    "dateTime": "%A, %e de %B de %Y, %X", "date": "%d/%m/%Y", "time": "%H:%M:%S", "periods": ["a. m.", "p. m."],
    "days": ["domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"],
    "shortDays": ["dom", "lun", "mar", "mié", "jue", "vie", "sáb"],
    "months": ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"],
    "shortMonths": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
}
CURRENCIES = ["DOP", "USD", "EUR"]

APP_NAME = "Caudal"
_LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 28'><path d='M13 2c5 7 8 11 8 15a8 8 0 0 1-16 0c0-4 3-8 8-15z' fill='#0b6e99'/>"
    "<text x='30' y='20.5' font-family='sans-serif' font-size='18' font-weight='700' fill='#0b3c5d'>Caudal</text></svg>"
)
LOGO_TARGET_PATH = "/dashboard/list/"
THEME_DEFAULT = deepcopy(_DEFAULT_THEME)
THEME_DEFAULT["token"].update(
    brandAppName=APP_NAME, brandLogoAlt=APP_NAME, brandLogoUrl="data:image/svg+xml," + quote(_LOGO), colorPrimary="#0b6e99", colorLink="#0b6e99", fontUrls=[],
    fontFamily="Inter, 'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif",
)
THEME_DARK = None
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []
EXTRA_SEQUENTIAL_COLOR_SCHEMES: list[dict] = []
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    # Blue to dark red by age of debt: the order of the series is the order of the buckets.
    {"id": "caudal", "description": "Caudal", "label": "Caudal", "isDefault": True,
     "colors": ["#0b6e99", "#d1495b", "#66a182", "#edae49", "#2e4057", "#8d96a3", "#00798c", "#a26769",
                "#f4a261", "#6a4c93", "#1982c4", "#8ac926", "#b56576", "#3d405b", "#7f5539", "#2a9d8f"]},
]

FEATURE_FLAGS = {
    "ALERT_REPORTS": False,  # alerts belong to `alerts/`
    "DASHBOARD_RBAC": True,
    "DASHBOARD_VIRTUALIZATION": False,  # it draws what is in sight, and takes away what is far: a printed page would be empty
    "DRILL_BY": True,
    "DRILL_TO_DETAIL": True,
    "ENABLE_TEMPLATE_PROCESSING": True,  # the trend datasets read the period filter (datasets/*.yml)
    "ENABLE_JAVASCRIPT_CONTROLS": False,
    "EMBEDDED_SUPERSET": True,
    "ALLOW_ADHOC_SUBQUERY": False,
    "RLS_IN_SQLLAB": True,  # a second fence: SQL Lab is only for who sees everything (security.py)
}

# --- no outside host: not for maps, fonts, icons or telemetry ---
MAPBOX_API_KEY = ""
_TILES = os.environ.get("CAUDAL_SUPERSET_TILES")
# The first is what a new map starts with. Without a server of the utility's own, tiles are drawn here from the marts.
DECKGL_BASE_MAP = [[f"tile://{_TILES or BASE_MAP}", "Mapa de la empresa"], ["", "Sin mapa de fondo"]]
BLUEPRINTS = [] if _TILES else [blueprint(os.environ["CAUDAL_SUPERSET_READ_URI"])]
TALISMAN_ENABLED = True
TALISMAN_CONFIG = deepcopy(_DEFAULT_TALISMAN)
TALISMAN_CONFIG["session_cookie_secure"] = _HTTPS
TALISMAN_CONFIG["frame_options"] = None if _EMBED_ORIGINS else "SAMEORIGIN"  # the older header knows no list of pages
TALISMAN_CONFIG["content_security_policy"].update({
    "default-src": ["'self'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'self'", *_EMBED_ORIGINS],
    "object-src": "'none'",
    "connect-src": ["'self'", *([_TILES.split("/{", 1)[0]] if _TILES else [])],
    "img-src": ["'self'", "blob:", "data:"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "font-src": ["'self'"],
    "worker-src": ["'self'", "blob:"],
})
_PACKAGE = Path(superset.__file__).parent
ADDITIONAL_MIDDLEWARE = [
    partial(OfflineAssets, assets={**edited_assets(_PACKAGE / "static" / "assets"), **edited_language_pack(_PACKAGE / "translations")})
]


def FLASK_APP_MUTATOR(app: Flask) -> None:
    """What needs the application, or modules of Superset that need it."""
    from superset_assets import remembered

    add_viewport(app)
    remembered.install()


ROW_LIMIT = 10000
SAMPLES_ROW_LIMIT = 500
SQL_MAX_ROW = 50000
FILTER_SELECT_ROW_LIMIT = 5000
SUPERSET_WEBSERVER_TIMEOUT = 60
SQLALCHEMY_EXAMPLES_URI = SQLALCHEMY_DATABASE_URI
LOG_LEVEL = "WARNING"
