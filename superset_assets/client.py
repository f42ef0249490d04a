"""A thin client of Superset's REST API: log-in, CSRF, import, chart data. For the publisher, tests, parity and warm-up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import requests

from . import server
from .context import identifier
from .setup_names import ADMIN, PAGE

TIMEOUT_S = 120
# what each list is ordered by, so that its pages neither repeat nor skip
_ORDER = {"chart": "slice_name", "dashboard": "dashboard_title", "dataset": "table_name", "database": "database_name"}

# what is wanted of each of its items: all that Superset would tell has it reckon pictures and rules of every chart
_COLUMNS = {
    "chart": ["id", "uuid", "slice_name"], "dashboard": ["id", "uuid", "dashboard_title", "slug", "roles.id", "roles.name"],
    "dataset": ["id", "uuid", "table_name"], "database": ["id", "uuid", "database_name"],
}


class SupersetError(RuntimeError):
    """Superset refused or failed; the message holds what it answered, never a password or a token."""


class Client:
    """A logged-in session, for as long as it is used: it logs in again when its token expires. `user`/`password` default to the administrator's.

    Raises SupersetError when Superset does not answer or does not let the user in.
    """

    def __init__(self, url: str | None = None, user: str = ADMIN, password: str | None = None):
        self.url = (url or server.url()).rstrip("/")
        self.session = requests.Session()
        self.session.headers.update({"Referer": self.url + "/", "Accept": "application/json"})  # else errors come as pages
        self._credentials = {"username": user, "password": password or server.admin_password(), "provider": "db", "refresh": False}
        self._datasets: dict[str, int] = {}  # by UUID
        self._log_in()

    def _log_in(self) -> None:
        """A new token (Superset's last an hour) and, with a new session's cookie, what a form of another site cannot send."""
        self.session.cookies.clear()
        for name in ("Authorization", "X-CSRFToken"):
            self.session.headers.pop(name, None)
        token = self._checked("POST", "/api/v1/security/login", json=self._credentials).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["X-CSRFToken"] = self._checked("GET", "/api/v1/security/csrf_token/").json()["result"]

    def get(self, path: str, **kwargs: Any) -> Any:
        """JSON of a GET, numbers with decimals as Decimal."""
        return self._ask("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        """JSON of a POST."""
        return self._ask("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> Any:
        """JSON of a PUT."""
        return self._ask("PUT", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> Any:
        """JSON of a DELETE."""
        return self._ask("DELETE", path, **kwargs)

    def download(self, path: str, **kwargs: Any) -> bytes:
        """The bytes of a GET."""
        return self._answer("GET", path, **kwargs).content

    def _ask(self, method: str, path: str, **kwargs: Any) -> Any:
        answer = self._answer(method, path, **kwargs)
        # A JSON number's own digits: money comes back to the cent.
        return json.loads(answer.text, parse_float=Decimal) if answer.content else None

    def _answer(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        answer = self._sent(method, path, **kwargs)
        if answer.status_code == requests.codes.unauthorized and "Authorization" in self.session.headers:  # its token has expired: nothing was done
            self._log_in()
            return self._checked(method, path, **kwargs)
        return self._right(answer, method, path)

    def _checked(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self._right(self._sent(method, path, **kwargs), method, path)

    def _sent(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        try:
            return self.session.request(method, self.url + path, timeout=TIMEOUT_S, **kwargs)
        except requests.RequestException as error:
            raise SupersetError(f"Superset no responde en {self.url} ({type(error).__name__}): ejecute `caudal superset start`.") from None

    def _right(self, answer: requests.Response, method: str, path: str) -> requests.Response:
        if not answer.ok:
            raise SupersetError(f"Superset respondió {answer.status_code} a {method} {path}: {_reason(answer)}")
        return answer

    def items(self, resource: str, filters: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
        """Every item of a list (`chart`, `dashboard`, `dataset`, `security/roles`…), all its pages. `filters` as Superset's API takes them."""
        order, columns = _ORDER.get(resource), _COLUMNS.get(resource)
        found: list[dict[str, Any]] = []
        while True:
            query = {"page": len(found) // PAGE, "page_size": PAGE, "filters": list(filters)}
            query |= {"order_column": order, "order_direction": "asc"} if order else {}
            query |= {"columns": columns} if columns else {}
            answer = self.get(f"/api/v1/{resource}/", params={"q": json.dumps(query)})
            found += answer["result"]
            if not answer["result"] or len(found) >= answer["count"]:
                return found

    def dataset_id(self, name: str) -> int:
        """Superset's number of the published dataset `name`. Raises SupersetError when it is not there."""
        uuid = identifier("dataset", name)  # by it, for its name in Superset may be its table's
        if uuid not in self._datasets:
            self._datasets |= {item["uuid"]: item["id"] for item in self.items("dataset")}
        if uuid not in self._datasets:
            raise SupersetError(f"el conjunto de datos {name!r} no está publicado: ejecute `caudal superset publish`")
        return self._datasets[uuid]

    def know(self, datasets: Mapping[str, int]) -> None:
        """Superset's numbers of datasets, by the files' names: for who may not see the list of them all."""
        self._datasets |= {identifier("dataset", name): number for name, number in datasets.items()}

    def chart_data(
        self,
        dataset: str,
        metrics: Sequence[str],
        columns: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        force: bool = True,
    ) -> list[dict[str, Any]]:
        """Rows of a dataset's published metrics, by `columns`, where each column of `filters` is its value or one of its values.

        Numbers come as int or Decimal: money exact to the cent, ratios with the 15-17 digits of Superset's JSON. Dates come as Superset
        gives them, milliseconds since 1970. `force` asks the database, not the cache. Raises SupersetError.
        """
        terms = [
            {"col": column, "op": "IN", "val": list(value)} if isinstance(value, (list, tuple, set)) else {"col": column, "op": "==", "val": value}
            for column, value in (filters or {}).items()
        ]
        query = {
            "columns": list(columns), "metrics": list(metrics), "filters": terms, "row_limit": 50000,
            "orderby": [[column, True] for column in columns],
        }
        body = {
            "datasource": {"id": self.dataset_id(dataset), "type": "table"}, "queries": [query], "force": force,
            "result_format": "json", "result_type": "full",
        }
        return self.post("/api/v1/chart/data", data=json.dumps(body, default=str), headers={"Content-Type": "application/json"})["result"][0]["data"]

    def saved_chart_data(self, chart_id: int, force: bool = True) -> list[dict[str, Any]]:
        """Rows of a published chart, as it was saved."""
        return self.get(f"/api/v1/chart/{chart_id}/data/", params={"force": str(force).lower()})["result"][0]["data"]


def _reason(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:300]
    errors = body.get("errors")
    if errors:
        return "; ".join(_one(error) for error in errors)[:2000]
    return str(body.get("message") or body)[:2000]


def _one(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    extra = {k: v for k, v in (error.get("extra") or {}).items() if k != "issue_codes"}
    return f"{error.get('message')} {extra or ''}".strip()
