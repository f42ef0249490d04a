"""Sectors that fit together: sliver overlaps and gaps between neighbours closed, the larger ones reported, drawn with few points.

All in metres. Every boundary is cut where it meets another, the faces between them are counted out to the sectors, and each
sector is the union of its faces: so neighbours share their edges exactly, and simplifying keeps them joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import shapely
from shapely import STRtree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.read import is_sliver

GRID_M = 0.01  # boundaries closer than a centimetre are the same


@dataclass(frozen=True)
class Overlap:
    """A surface that two or more sectors claim, too wide for a digitising error. It was given to the first of `codes`."""

    codes: tuple[str, ...]
    area_m2: float
    geometry: BaseGeometry


@dataclass(frozen=True)
class Gap:
    """An enclosed surface that no sector claims, too wide for a digitising error. It stays empty."""

    codes: tuple[str, ...]  # the neighbours
    area_m2: float
    geometry: BaseGeometry


@dataclass
class Coverage:
    """The repaired sectors by code, and what was found between them."""

    sectors: dict[str, BaseGeometry]
    overlaps: list[Overlap] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    slivers_closed: int = 0


def cover(sectors: Mapping[str, BaseGeometry], sliver_width_m: float) -> Coverage:
    """A clean coverage of the sectors (valid polygons, metres). Deterministic: ties go to the code that sorts first."""
    codes = sorted(sectors)
    geometries = [sectors[c] for c in codes]
    channels = _open_channels(geometries, sliver_width_m)
    lines = shapely.union_all([g.boundary for g in [*geometries, *channels]], grid_size=GRID_M)
    faces = [f for f in shapely.get_parts(shapely.polygonize([lines])) if f.area > 0]
    faces.sort(key=lambda f: f.representative_point().coords[0])
    tree = STRtree(geometries)
    claims: list[list[str]] = [sorted(codes[i] for i in tree.query(f.representative_point(), predicate="within")) for f in faces]
    result = Coverage({})
    owner: list[str | None] = []
    loose: list[int] = []  # thin faces, to be given to a neighbour
    for i, (face, claimed) in enumerate(zip(faces, claims, strict=True)):
        thin = len(claimed) != 1 and is_sliver(face, sliver_width_m)
        owner.append(None if thin or not claimed else claimed[0])
        if thin:
            loose.append(i)
    _settle(faces, owner, claims, loose)
    result.slivers_closed = len(loose)
    _report(faces, claims, owner, set(loose), sliver_width_m, result)
    result.sectors = _dissolve(faces, owner, codes)
    _detached_slivers(result, sliver_width_m)
    return result


def _open_channels(geometries: list[BaseGeometry], width_m: float) -> list[BaseGeometry]:
    """Thin gaps between sectors that run out to the edge of the territory, so that no boundary encloses them."""
    whole = shapely.union_all(geometries, grid_size=GRID_M)
    closed = whole.buffer(width_m / 2, join_style="mitre").buffer(-width_m / 2, join_style="mitre")
    tree = STRtree(geometries)
    # a notch in one sector's own edge is its shape; between two sectors it is nobody's land by mistake
    return [p for p in shapely.get_parts(closed.difference(whole)) if p.geom_type == "Polygon" and p.area > GRID_M
            and len(tree.query(p, predicate="dwithin", distance=GRID_M)) > 1]


def _neighbours(faces: list[Polygon], index: int, tree: STRtree) -> Iterable[tuple[int, float]]:
    """Faces that share an edge with this one, and its length."""
    for other in sorted(tree.query(faces[index], predicate="intersects")):
        if other != index:
            length = shapely.intersection(faces[index].boundary, faces[other].boundary).length
            if length > 0:
                yield int(other), length


def _settle(faces: list[Polygon], owner: list[str | None], claims: list[list[str]], loose: list[int]) -> None:
    """Give each thin face to who shares the longest edge with it, among those that claim it if any do."""
    tree = STRtree(faces)
    waiting = list(loose)
    while waiting:
        still: list[int] = []
        decided: dict[int, str] = {}
        for i in waiting:
            edges: dict[str, float] = {}
            for other, length in _neighbours(faces, i, tree):
                code = owner[other]
                if code is not None and (not claims[i] or code in claims[i]):
                    edges[code] = edges.get(code, 0.0) + length
            if edges:
                decided[i] = min(edges, key=lambda c: (-edges[c], c))
            else:
                still.append(i)
        for i, code in decided.items():
            owner[i] = code
        if not decided:  # touches none of its claimants: the first of them has it; an unclaimed one stays empty
            for i in still:
                owner[i] = claims[i][0] if claims[i] else None
            return
        waiting = still


def _report(faces: list[Polygon], claims: list[list[str]], owner: list[str | None], loose: set[int], width_m: float, result: Coverage) -> None:
    """The wide overlaps and gaps, each made of the faces that belong together."""
    shared: dict[tuple[str, ...], list[Polygon]] = {}
    empty: list[Polygon] = []
    for i, face in enumerate(faces):
        if i in loose:
            continue
        if len(claims[i]) > 1:
            shared.setdefault(tuple(claims[i]), []).append(face)
        elif not claims[i]:
            empty.append(face)
    result.overlaps = [Overlap(codes, round(g.area, 1), g) for codes, parts in sorted(shared.items()) for g in [shapely.union_all(parts)]]
    tree = STRtree(faces)
    for gap in shapely.get_parts(shapely.union_all(empty)) if empty else []:
        around = {owner[j] for j in tree.query(gap, predicate="intersects") if owner[j] is not None and
                  shapely.intersection(gap.boundary, faces[j].boundary).length > 0}
        result.gaps.append(Gap(tuple(sorted(around)), round(gap.area, 1), gap))
    result.gaps.sort(key=lambda g: (g.codes, g.area_m2))


def _dissolve(faces: list[Polygon], owner: list[str | None], codes: list[str]) -> dict[str, BaseGeometry]:
    parts: dict[str, list[Polygon]] = {}
    for face, code in zip(faces, owner, strict=True):
        if code is not None:
            parts.setdefault(code, []).append(face)
    return {code: shapely.coverage_union_all(parts[code]) for code in codes if code in parts}


def _detached_slivers(result: Coverage, width_m: float) -> None:
    """Drop thin parts that hang loose from their sector; what a neighbour encloses goes to the neighbour, the rest is nobody's."""
    for code in list(result.sectors):
        parts = list(shapely.get_parts(result.sectors[code]))
        thin = [p for p in parts if is_sliver(p, width_m)]
        if not thin or len(thin) == len(parts):
            continue
        result.sectors[code] = shapely.coverage_union_all([p for p in parts if not is_sliver(p, width_m)])
        result.slivers_closed += len(thin)
        for part in thin:
            edges = {c: shapely.intersection(part.boundary, g.boundary).length for c, g in result.sectors.items() if c != code and g.intersects(part)}
            edges = {c: length for c, length in edges.items() if length > 0}
            if edges:
                heir = min(edges, key=lambda c: (-edges[c], c))
                result.sectors[heir] = shapely.union_all([result.sectors[heir], part])


def simplify(sectors: Mapping[str, BaseGeometry], tolerance_m: float) -> dict[str, BaseGeometry]:
    """The same coverage with fewer points: corners that move the edge by less than about `tolerance_m` go, for both neighbours at once."""
    codes = sorted(sectors)
    return dict(zip(codes, shapely.coverage_simplify([sectors[c] for c in codes], tolerance_m), strict=True))
