"""The part of the chain check that is about who sees what: no dataset without a row rule, no personal data for a role that may not have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from caudal.access import ROLES

from .security_names import RESERVED

if TYPE_CHECKING:
    from .context import Context


def safety(context: Context) -> Iterator[str]:
    """Every hole."""
    assets = context.assets
    for slug in assets.datasets:
        if context.row_rule(slug) is None:
            wanted = " y ".join(sorted({c for rule in assets.row_rules.values() for c in (rule.municipality, rule.sector) if c}))
            yield f"datasets/{slug}.yml: sin regla de filas: le faltan {wanted} (o póngalo, con su motivo, en row_rules/)"
        read = {relation.removeprefix("marts.") for relation in assets.datasets[slug].relations()}
        reserved = sorted(context.whole_models & read)
        if reserved and not context.is_of_the_whole_utility(slug):
            yield f"datasets/{slug}.yml: lee {reserved[0]}, que es solo para quien ve toda la empresa: póngalo, con su motivo, en row_rules/toda_la_empresa.yml"
        mixed = sorted(model for model in read if RESERVED in context.columns.get(model, {}))
        of_places = assets.row_rules[context.row_rule(slug)].municipality if context.row_rule(slug) else None
        if mixed and not (of_places or context.is_of_the_whole_utility(slug) or context.reserved_column(slug)):
            yield f"datasets/{slug}.yml: lee {mixed[0]}, que tiene filas reservadas ({RESERVED}): póngalo, con su motivo, en row_rules/indicadores.yml"
    for name, rule in assets.row_rules.items():
        where = f"row_rules/{name}.yml"
        if bool(rule.datasets) == bool(rule.municipality or rule.sector):
            yield f"{where}: indique columnas (`municipality`, `sector`) o `datasets` sin territorio, una de las dos cosas"
        if rule.whole_utility and not rule.datasets:
            yield f"{where}: campo whole_utility: solo vale con `datasets`"
        if rule.reserved and (rule.whole_utility or not rule.datasets):
            yield f"{where}: campo reserved: solo vale con `datasets` y sin `whole_utility`"
        for slug in rule.datasets:
            if twice := [other for other, more in assets.row_rules.items() if other < name and slug in more.datasets]:
                yield f"{where}: campo datasets: {slug!r} ya está en row_rules/{twice[0]}.yml"
            if slug not in assets.datasets:
                yield f"{where}: campo datasets: {slug!r} no existe en datasets/"
            elif {"municipality_code", "sector_code"} & set(context.columns_of(slug)):
                yield f"{where}: campo datasets.{slug}: tiene columnas de municipio o sector: sus filas sí son de un territorio"
            elif rule.reserved and rule.reserved not in context.columns_of(slug):
                yield f"{where}: campo datasets.{slug}: no tiene la columna {rule.reserved}"
    for name in sorted(set(ROLES) - {"administracion"} - set(assets.roles)):
        yield f"roles/{name}.yml: falta: `caudal access` da ese rol"
    for name, role in assets.roles.items():
        where = f"roles/{name}.yml"
        if name not in ROLES:
            yield f"{where}: `caudal access` no conoce el rol {name!r} (caudal/access.py)"
        unknown = [("dashboards", d) for d in context.dashboards_of(name) if d not in assets.dashboards]
        unknown += [("datasets", d) for d in role.datasets if d not in assets.datasets]
        if unknown:
            yield from (f"{where}: campo {field}: {slug!r} no existe" for field, slug in unknown)
            continue
        if role.guest and (role.sql_lab or role.export or role.pii or role.edit):
            yield f"{where}: un invitado solo mira: sin sql_lab, export, pii ni edit"
        opened = {d for board in context.dashboards_of(name) for d in context.datasets_of(board)} | set(role.datasets)
        for slug in sorted(d for d in opened if assets.datasets[d].pii and not role.pii):
            yield f"{where}: {slug} tiene datos personales y el rol no lleva `pii: true`"
