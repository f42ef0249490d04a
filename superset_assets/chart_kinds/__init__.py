"""The kinds of chart, one file each. A new kind is a new file here with a class of ChartBase: it is found, nothing else is to be edited.

See `base.py` for what a kind says of itself, and `bars.py` for an example.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field

from .base import ChartBase


def _found() -> dict[str, type[ChartBase]]:
    kinds: dict[str, type[ChartBase]] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name != "base"):
        loaded = importlib.import_module(f"{__name__}.{module}")
        for item in vars(loaded).values():
            if isinstance(item, type) and issubclass(item, ChartBase) and item.__module__ == loaded.__name__:
                (name,) = item.model_fields["kind"].annotation.__args__
                if name in kinds:
                    raise TypeError(f"two kinds of chart are called {name!r}: {kinds[name].__module__} and {item.__module__}")
                kinds[name] = item
    return kinds


KINDS = _found()  # kind in the YAML → its class
ChartSpec: Any = Annotated[reduce(or_, KINDS.values()), Field(discriminator="kind")]

__all__ = ["KINDS", "ChartBase", "ChartSpec"]
