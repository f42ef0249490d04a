"""The statements for one entity: only mapped columns, only rows that are shown, values written into the text (COPY takes no parameters)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from psycopg import sql

from sources import prints
from sources.contract import Column, Entity, MappingError
from sources.odoo.sql_catalogue import Catalogue, Field, table_of
from sources.odoo.sql_domain import Domain
from sources.odoo.sql_expressions import compared, literal, value

TRUE = sql.SQL("true")
EXACT = {f"numeric({precision},{scale})" for scale in range(3) for precision in range(1, 39)}  # types that hold no part of a cent


@dataclass(frozen=True)
class Query:
    """What can be asked about an entity. `companies` whose rows are shown (None: all), `company` whose values company-dependent fields take."""

    entity: Entity
    catalogue: Catalogue
    companies: tuple[int, ...] | None
    company: int | None

    @property
    def table(self) -> str:
        return table_of(self.entity.model)

    @property
    def is_filtered(self) -> bool:
        """Whether row security leaves rows out for our role."""
        return self.table in self.catalogue.filtered

    def field(self, column: Column) -> Field:
        """The field behind a column. Raises MappingError (file:line) when its values are not in the database."""
        found = self.catalogue.models[self.entity.model].get(column.source)
        if found is None or not found.in_database:
            raise MappingError(
                f"{self.entity.file}:{column.line}: {self.entity.name}.{column.name}: {column.source!r} de {self.entity.model} no está en la base de datos "
                "(Odoo lo calcula al leerlo), y el transporte sql no lo puede traer. Replique con ODOO_TRANSPORT=rpc, o ponga la columna con "
                "`absent: true`.")
        return found

    def copy(self, since: datetime | None = None, extra: sql.Composable = TRUE, ordered: bool = True) -> sql.Composed:
        """COPY of the rows, in the order of Entity.read. Unordered a whole table is read as it lies on the disk."""
        listed = sql.SQL(", ").join(value(self.field(c), self.catalogue, self.company) for c in self.entity.read)
        order = sql.SQL(" order by t.{}").format(self._key) if ordered else sql.SQL("")
        return sql.SQL("copy (select {} {}{}) to stdout").format(listed, self._from(self._since(since), extra), order)

    def keys(self) -> sql.Composed:
        return sql.SQL("copy (select t.{0} {1} order by t.{0}) to stdout").format(self._key, self._from())

    def count(self, since: datetime | None) -> sql.Composed:
        return sql.SQL("select count(*) {}").format(self._from(self._since(since)))

    def census(self, with_latest: bool = False) -> sql.Composed:
        """Rows, Σ and highest of keys: in the primary key alone, where vacuum has been and every row is shown. And the latest change moment,
        for which the whole table is read."""
        latest = sql.SQL(", {}").format(self._latest()) if with_latest else sql.SQL("")
        return sql.SQL("select count(*), coalesce(sum(t.{key}), 0)::bigint, max(t.{key}){latest} {rows}").format(
            key=self._key, latest=latest, rows=self._from())

    def latest(self) -> sql.Composed | None:
        """The latest change moment, where an index has it: of all rows, shown or not, as good a bound, since their moments are of the same clock."""
        if (self.table, self.entity.column(self.entity.change or "").source) not in self.catalogue.indexed:
            return None
        return sql.SQL("select {} from {} as t").format(self._latest(), sql.Identifier(self.table))

    def pulse(self) -> sql.Composed | None:
        """What the server counted of the table's rows, in this life of it; None where only some rows are shown: those leave without a deletion."""
        if self._shown() is not None or self.is_filtered:
            return None
        return sql.SQL("""
            select pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_deleted(c.oid),
                concat_ws('/', c.oid, c.relfilenode, pg_postmaster_start_time(), d.stats_reset)
            from pg_class as c cross join pg_stat_database as d
            where c.oid = {}::regclass and d.datname = current_database() and not pg_is_in_recovery() and current_setting('track_counts') = 'on'
              and c.relkind = 'r'
            """).format(sql.Literal(sql.Identifier(self.table).as_string()))

    def total(self, column: Column) -> sql.Composed:
        return sql.SQL("select {} {}").format(self._sum(column), self._from())

    def tallies(self, since: date | None) -> sql.Composed:
        """Day, state, rows, Σ of the money column, highest key."""
        entity = self.entity
        day = self._plain(entity.day) if entity.day else sql.SQL("null::date")
        state = self._plain(entity.state) if entity.state else sql.SQL("null::text")
        amount = self._sum(entity.column(entity.amount)) if entity.amount else sql.SQL("null::numeric")
        extra = sql.SQL("{} >= {}").format(day, literal(since)) if entity.day and since else TRUE
        return sql.SQL("select ({})::date, nullif(({})::text, ''), count(*), {}, max(t.{}) {} group by 1, 2").format(
            day, state, amount, self._key, self._from(extra))

    def prints(self, width: int, keys_only: bool) -> sql.Composed:
        columns = [] if keys_only else [(c, compared(self.field(c), self.catalogue, self.company)) for c in self.entity.read]
        listed = prints.range_prints(columns, sql.SQL("t.{}").format(self._key), width)
        return sql.SQL("select {} {} group by 1").format(listed, self._from())

    def existing(self, ids: Iterable[int]) -> sql.Composed:
        """Of these keys those that the table has, whatever is shown."""
        return sql.SQL("select t.{} from {} as t where {}").format(self._key, sql.Identifier(self.table), self.among(ids))

    def among(self, ids: Iterable[int]) -> sql.Composed:
        return sql.SQL("t.{} = any ({}::bigint[])").format(self._key, literal("{" + ",".join(map(str, ids)) + "}"))

    def between(self, low: int, high: int) -> sql.Composed:
        return sql.SQL("t.{0} >= {1} and t.{0} < {2}").format(self._key, literal(low), literal(high))

    @property
    def _key(self) -> sql.Identifier:
        return sql.Identifier(self.entity.column(self.entity.key).source)

    def _plain(self, name: str) -> sql.Composable:
        return value(self.field(self.entity.column(name)), self.catalogue, self.company)

    def _latest(self) -> sql.Composed:
        return sql.SQL("max({})::timestamptz").format(self._plain(self.entity.change or ""))

    def _sum(self, column: Column) -> sql.Composed:
        """Σ of what the raw table will hold: each value to the cent, then added up."""
        field = self.field(column)
        expression = compared(field, self.catalogue, self.company)
        stored_as = field.origin.column
        if stored_as is None or stored_as.type not in EXACT:
            expression = prints.stored(column, expression)
        return sql.SQL("coalesce(sum({}), 0)::numeric").format(expression)

    def _since(self, since: datetime | None) -> sql.Composable:
        if since is None or self.entity.change is None:
            return TRUE
        return sql.SQL("{} >= {}::timestamp").format(
            self._plain(self.entity.change), literal(since.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")))

    def _from(self, *extra: sql.Composable) -> sql.Composed:
        conditions = [c for c in (self._shown(), *extra) if c is not None and c is not TRUE]
        where = sql.SQL(" where ") + sql.SQL(" and ").join(sql.SQL("({})").format(c) for c in conditions) if conditions else sql.SQL("")
        return sql.SQL("from {} as t{}").format(sql.Identifier(self.table), where)

    def _shown(self) -> sql.Composable | None:
        """The condition that a row is shown under; None: every row is."""
        shown = Domain(self.entity, self.catalogue, self.companies, self.company).condition()
        return None if shown.as_string() == "true" else shown
