"""The marts' layers as a feature provider of pygeoapi: what a client asks is read from PostgreSQL there and then, so it is as fresh as the marts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pygeoapi.provider.base import BaseProvider, ProviderItemNotFoundError, ProviderQueryError

from caudal import warehouse
from geo.errors import CadastreError
from geo.layers import count, features, fields, layer_named

JSON_TYPES = {"boolean": "boolean", "smallint": "integer", "integer": "integer", "bigint": "integer", "numeric": "number", "double precision": "number"}


class MartProvider(BaseProvider):
    """`data`: the layer's name in layers.yml."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self.layer = layer_named(self.data)
        self.get_fields()

    def get_fields(self) -> dict[str, dict[str, str]]:
        """Attribute → JSON type."""
        if not self._fields:
            with self._reading() as conn:
                self._fields = {name: {"type": JSON_TYPES.get(kind, "string")} for name, kind in fields(conn, self.layer).items()}
        return self._fields

    def query(self, offset: int = 0, limit: int = 10, resulttype: str = "results", bbox: Any = (), datetime_: str | None = None, properties: Any = (),
              sortby: Any = (), select_properties: Any = (), skip_geometry: bool = False, q: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """A page of features in the box, with these attributes. Raises ProviderQueryError for what the layer cannot be asked."""
        box = tuple(map(float, bbox)) if bbox else None
        with self._reading() as conn:
            matched = count(conn, self.layer, box, dict(properties))
            found = [] if resulttype == "hits" else features(conn, self.layer, bbox=box, where=dict(properties), limit=limit, offset=offset)
        shown = [_shown(f.geojson, select_properties, skip_geometry) for f in found]
        return {"type": "FeatureCollection", "features": shown, "numberMatched": matched, "numberReturned": len(shown)}

    def get(self, identifier: str, **kwargs: Any) -> dict[str, Any]:
        """One feature. Raises ProviderItemNotFoundError."""
        with self._reading() as conn:
            found = features(conn, self.layer, ids=[identifier], limit=1)
        if not found:
            raise ProviderItemNotFoundError(f"{self.data}: no hay {identifier}")
        return found[0].geojson

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        try:
            with warehouse.connect("read") as conn:
                yield conn
        except (CadastreError, warehouse.WarehouseUnavailable) as error:
            raise ProviderQueryError(str(error)) from error


def _shown(feature: dict[str, Any], select: Any, skip_geometry: bool) -> dict[str, Any]:
    if select:
        feature["properties"] = {k: v for k, v in feature["properties"].items() if k in select}
    if skip_geometry:
        feature["geometry"] = None
    return feature
