"""The layers of `layers.yml`, read from the published marts: for exports and for the OGC API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson
import psycopg
import shapely
from psycopg import sql
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from caudal import semantic
from caudal.yaml_file import YamlFile
from geo.errors import CadastreError

FILE = Path(__file__).parent / "layers.yml"
BBox = tuple[float, float, float, float]  # degrees: lon min, lat min, lon max, lat max


class Geometry(BaseModel):
    """Where a row's geometry is."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["parts", "geojson", "path", "point"]
    column: str | None = None

    @model_validator(mode="after")
    def _column(self) -> Geometry:
        if (self.column is None) != (self.kind == "point"):
            raise ValueError("`column` is for every kind but point")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return ("longitude", "latitude") if self.kind == "point" else (str(self.column),)


class Layer(BaseModel):
    """One layer. `drop`: columns that are no attributes; `by`: dimension of the semantic layer → attribute."""

    model_config = ConfigDict(extra="forbid")

    title: str
    mart: str
    key: tuple[str, ...]
    geometry: Geometry
    drop: tuple[str, ...] = ()
    by: dict[str, str] = {}
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """One thing on the map: `id` is unique in its layer; geometry in EPSG:4326."""

    id: str
    properties: dict[str, Any]
    geometry: BaseGeometry

    @cached_property
    def geojson(self) -> dict[str, Any]:
        """As RFC 7946 has it; money and ratios are numbers there."""
        values = {k: float(v) if isinstance(v, Decimal) else v.isoformat() if hasattr(v, "isoformat") else v for k, v in self.properties.items()}
        return {"type": "Feature", "id": self.id, "properties": values, "geometry": orjson.loads(shapely.to_geojson(self.geometry))}


@lru_cache(maxsize=1)
def layers() -> dict[str, Layer]:
    """The layers by name. Raises CadastreError that names file, line and field."""
    file = YamlFile(FILE)
    found = {}
    for name, spec in file.data.items():
        try:
            found[name] = Layer.model_validate(spec)
        except ValidationError as error:
            raise CadastreError(f"{FILE.name}: {name}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from None
    return found


def layer_named(name: str) -> Layer:
    """Raises CadastreError, naming those there are."""
    if name not in layers():
        raise CadastreError(f"No hay ninguna capa {name!r}; hay: {', '.join(layers())}.")
    return layers()[name]


def fields(conn: psycopg.Connection, layer: Layer) -> dict[str, str]:
    """Attribute → its SQL type, the metrics included, in order."""
    columns = dict(conn.execute(
        """select a.attname, format_type(a.atttypid, null) from pg_attribute as a
           where a.attrelid = to_regclass('marts.' || quote_ident(%s)) and a.attnum > 0 and not a.attisdropped order by a.attnum""", [layer.mart]).fetchall())
    if not columns:
        raise CadastreError(f"Todavía no se ha publicado marts.{layer.mart}: corra `caudal build`.")
    hidden = set(layer.drop) | (set() if layer.geometry.kind == "point" else set(layer.geometry.columns))
    return {name: kind for name, kind in columns.items() if name not in hidden} | dict.fromkeys(layer.metrics, "numeric")


def count(conn: psycopg.Connection, layer: Layer, bbox: BBox | None = None, where: Mapping[str, str] | None = None) -> int:
    """How many features there are (in the box, with these attributes)."""
    if bbox is not None and layer.geometry.kind != "point":
        return len(features(conn, layer, bbox=bbox, where=where))
    keys = sql.SQL(", ").join(map(sql.Identifier, layer.key))
    return conn.execute(sql.SQL("select count(*) from (select distinct {} from {} where {}) as f").format(
        keys, _mart(layer), _condition(conn, layer, bbox, where))).fetchone()[0]


def features(conn: psycopg.Connection, layer: Layer, *, bbox: BBox | None = None, where: Mapping[str, str] | None = None, ids: Sequence[str] | None = None,
             limit: int | None = None, offset: int = 0) -> list[Feature]:
    """Features in the order of their key, compared as text with `where`; whole even when only a part of one is in the box."""
    names = fields(conn, layer)
    kept = [n for n in names if n not in layer.metrics]
    page = sql.SQL("limit {} offset {}").format(sql.Literal(limit), sql.Literal(offset)) if layer.geometry.kind == "point" else sql.SQL("")
    key = sql.SQL(", ").join(map(sql.Identifier, layer.key))
    named = sql.SQL("concat_ws('.', {})").format(sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(k)) for k in layer.key))
    condition = _condition(conn, layer, bbox, where)
    if ids is not None:
        condition = sql.SQL("{} and {} = any ({})").format(condition, named, sql.Literal(list(ids)))
    geometry = sql.SQL(", ").join(sql.SQL("{} as {}").format(sql.Identifier(c), sql.Identifier(f"_{c}")) for c in layer.geometry.columns)
    query = sql.SQL("select {}, {}, {} as _id from {} where {} order by {} {}").format(
        sql.SQL(", ").join(map(sql.Identifier, kept)), geometry, named, _mart(layer), condition, key, page)
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query).fetchall()
    found = list(_whole(layer, rows))
    if bbox is not None and layer.geometry.kind != "point":
        window = shapely.box(*bbox)
        found = [f for f in found if f.geometry.intersects(window)]
    if layer.geometry.kind != "point":
        found = found[offset:None if limit is None else offset + limit]
    return _with_metrics(conn, layer, found)


def _mart(layer: Layer) -> sql.Identifier:
    return sql.Identifier("marts", layer.mart)


def _condition(conn: psycopg.Connection, layer: Layer, bbox: BBox | None, where: Mapping[str, str] | None) -> sql.Composable:
    parts: list[sql.Composable] = [sql.SQL("{} is not null").format(sql.Identifier(c)) for c in layer.geometry.columns]
    if bbox is not None and layer.geometry.kind == "point":
        parts.append(sql.SQL("longitude between {} and {} and latitude between {} and {}").format(*(sql.Literal(v) for v in (bbox[0], bbox[2], bbox[1], bbox[3]))))
    known = fields(conn, layer) if where else {}
    for name, value in (where or {}).items():
        if name not in known or name in layer.metrics:
            raise CadastreError(f"La capa no se puede filtrar por {name!r}; tiene {', '.join(n for n in known if n not in layer.metrics)}.")
        parts.append(sql.SQL("{}::text = {}").format(sql.Identifier(name), sql.Literal(str(value))))
    return sql.SQL(" and ").join(parts)


def _whole(layer: Layer, rows: Iterable[dict[str, Any]]) -> Iterable[Feature]:
    """Rows → features: polygon parts of one key are one MultiPolygon."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["_id"], []).append(row)
    for number, group in grouped.items():
        shapes = [_shape(layer.geometry, row) for row in group]
        properties = {k: v for k, v in group[0].items() if not k.startswith("_")}
        whole = shapes[0] if len(shapes) == 1 else shapely.MultiPolygon([p for s in shapes for p in shapely.get_parts(s)])
        yield Feature(number, properties, whole)


def _shape(geometry: Geometry, row: Mapping[str, Any]) -> BaseGeometry:
    if geometry.kind == "point":
        return shapely.Point(float(row["_longitude"]), float(row["_latitude"]))
    text = row[f"_{geometry.column}"]
    return shapely.LineString(orjson.loads(text)) if geometry.kind == "path" else shape(orjson.loads(text))


def _with_metrics(conn: psycopg.Connection, layer: Layer, found: list[Feature]) -> list[Feature]:
    """The features with the metrics of the last closed month; None where the month says nothing of them."""
    if not layer.metrics or not found:
        return found
    model = semantic.load().model_of(layer.metrics[0])
    month = conn.execute(sql.SQL("select max(period_month) from {}").format(sql.Identifier(model.schema_name, model.table))).fetchone()[0]
    rows = semantic.fetch(conn, list(layer.metrics), list(layer.by), {"period_month": month})
    values = {tuple(row[d] for d in layer.by): {m: row[m] for m in layer.metrics} for row in rows}
    nothing = dict.fromkeys(layer.metrics)
    return [Feature(f.id, f.properties | values.get(tuple(f.properties[a] for a in layer.by.values()), nothing), f.geometry) for f in found]
