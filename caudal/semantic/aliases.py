"""What people call a dimension on the command line (`sector`, `mes`, `user_type`) → its name in the semantic model."""

from __future__ import annotations

from .errors import UnknownDimension
from .model import Dimension, SemanticModel

ALIASES = {
    "month": "period_month", "mes": "period_month", "periodo": "period_month",
    "sector": "sector_name", "municipality": "municipality_name", "municipio": "municipality_name", "route": "route_code", "ruta": "route_code",
    "user_type": "user_type_name", "tipo_usuario": "user_type_name", "age": "ageing_bucket", "antiguedad": "ageing_bucket", "entity": "entity_name",
    "entidad": "entity_name", "canal": "channel", "motivo": "reason", "clase": "kind", "cobrador": "collector", "tramo": "bucket",
}


def resolve(name: str, model: SemanticModel) -> Dimension:
    """The dimension that `name` means in `model`: its name, an alias, or its name without `_name` or `_code`. Raises UnknownDimension."""
    known = {d.name: d for d in model.dimensions}
    wanted = ALIASES.get(name, name)
    for candidate in (name, wanted, f"{wanted}_name", f"{wanted}_code"):
        if candidate in known:
            return known[candidate]
    short = [next((a for a, full in ALIASES.items() if full == d), d) for d in known]
    raise UnknownDimension(f"{name!r} no es una dimensión de {model.name} ({model.relation}); tiene: {', '.join(short)}")
