"""Writes raw.gis_sector (grain: one row per sector code) and the quarantine of bad features, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

from caudal.runlog import Run
from geo.errors import CadastreError
from geo.read import BadFeature

SOURCE, ENTITY = "cadastre", "gis_sector"

DDL = """
create table if not exists raw.gis_sector (
    sector_code text primary key, sector_name text not null, geojson jsonb not null, area_km2 numeric(12, 4) not null,
    source_file text not null, _source text not null, _loaded_at timestamptz not null, _run_id bigint not null
)"""

UPSERT = """
insert into raw.gis_sector as r (sector_code, sector_name, geojson, area_km2, source_file, _source, _loaded_at, _run_id)
values (%(code)s, %(name)s, %(geojson)s, %(area)s, %(file)s, %(source)s, clock_timestamp(), %(run)s)
on conflict (sector_code) do update set sector_name = excluded.sector_name, geojson = excluded.geojson, area_km2 = excluded.area_km2,
    source_file = excluded.source_file, _source = excluded._source, _loaded_at = excluded._loaded_at, _run_id = excluded._run_id
where (r.sector_name, r.geojson, r.area_km2, r.source_file) is distinct from
      (excluded.sector_name, excluded.geojson, excluded.area_km2, excluded.source_file)
returning (xmax = 0)"""


@dataclass(frozen=True)
class Sector:
    """One row of raw.gis_sector: `geojson` in EPSG:4326, area in km² on the ellipsoid, four decimals."""

    code: str
    name: str
    geojson: dict
    area_km2: str


def publish(conn: psycopg.Connection, run: Run, file: str, sectors: Iterable[Sector], keep: set[str], bad: Iterable[BadFeature],
            accept_deletions: bool = False) -> None:
    """Upsert the sectors, delete those whose code is not in `keep`, bring the quarantine up to date; counts go to `run`.

    Raises CadastreError when more than half of the loaded sectors would go, unless told to accept it.
    """
    conn.execute("select pg_advisory_xact_lock(hashtext('raw.gis_sector'))")
    if conn.execute("select to_regclass('raw.gis_sector')").fetchone()[0] is None:
        conn.execute(DDL)
    loaded, gone = conn.execute("select count(*), count(*) filter (where sector_code <> all(%s)) from raw.gis_sector", [sorted(keep)]).fetchone()
    if gone * 2 > loaded and not accept_deletions:
        raise CadastreError(f"A {file} le faltan {gone} de los {loaded} sectores cargados. ¿Es el archivo correcto? No se cambió nada. "
                            "Si de verdad ya no existen, repita con --accept-deletions.")
    for sector in sectors:
        row = conn.execute(UPSERT, {"code": sector.code, "name": sector.name, "geojson": Jsonb(sector.geojson), "area": sector.area_km2,
                                    "file": file, "source": SOURCE, "run": run.run_id}).fetchone()
        if row is not None:
            run.rows_inserted += row[0]
            run.rows_updated += not row[0]
    run.rows_deleted += conn.execute("delete from raw.gis_sector where sector_code <> all(%s)", [sorted(keep)]).rowcount
    quarantine(conn, run, file, list(bad))


def quarantine(conn: psycopg.Connection, run: Run, file: str, bad: list[BadFeature], entity: str = ENTITY) -> None:
    """Each fault once: what was open and is no longer in the file is resolved."""
    run.rows_quarantined += len(bad)
    ids = [f"{file}#{b.index}" for b in bad]
    conn.execute("""
        update ops.quarantine as q set resolved_at = clock_timestamp()
        where q.source = %s and q.entity = %s and q.resolved_at is null
          and not exists (select from unnest(%s::text[], %s::text[]) as now (id, reason) where now.id = q.record_id and now.reason = q.reason)""",
                 [SOURCE, entity, ids, [b.reason for b in bad]])
    for record_id, feature in zip(ids, bad, strict=True):
        conn.execute("""
            insert into ops.quarantine (run_id, source, entity, record_id, field, reason, payload)
            select %(run)s, %(source)s, %(entity)s, %(id)s, %(field)s, %(reason)s, %(payload)s
            where not exists (select from ops.quarantine as q where q.source = %(source)s and q.entity = %(entity)s and q.resolved_at is null
                and q.record_id = %(id)s and q.reason = %(reason)s)""",
                     {"run": run.run_id, "source": SOURCE, "entity": entity, "id": record_id, "field": feature.field, "reason": feature.reason,
                      "payload": Jsonb({"file": file, "feature": feature.index, "code": feature.code, "properties": feature.properties})})
