"""Metrics as DAX: a measure expression over one table of a Power BI model that holds the metric's mart.

The table must carry the mart's columns under their own names, money and volumes as Fixed Decimal, counts as Int64. Then the measure gives
what PostgreSQL gives (`sql.expression`), in every slice:

- NULL is BLANK. A sum over no rows is BLANK; a ratio whose denominator is 0 or BLANK is BLANK (`DIVIDE`).
- A balance is summed over the rows of the last month of the filter context. The rows are filtered (`SUMX(FILTER(…))`), not the context: a
  `CALCULATE` filter on a date column that takes part in a relationship also drops the table's other filters, in Power BI.
- Fixed Decimal divided by an integer or a real stays Fixed Decimal in DAX, that is, rounded to four decimals; divided by a Fixed Decimal it
  is a real. So every denominator goes through `CURRENCY`, exact for what a mart holds (integers, and decimals up to four places).
- A median or percentile is `PERCENTILEX.INC` (which interpolates as `percentile_cont` does) over the rows that have a value, in double precision:
  of Fixed Decimals it would be one, rounded.
- DAX compares text without regard to case and takes BLANK for "" and 0: filters use `EXACT` and guard against BLANK. (Two texts of a
  column that differ in case only are one value to Power BI, whatever the measure says; the catalogues hold none.)

What cannot be said exactly raises UntranslatableMetric.
"""

from __future__ import annotations

import re
from datetime import date

import sqlglot
from sqlglot import exp

from .errors import UntranslatableMetric
from .model import Aggregate, Derived, Metric, Node, Ratio, SemanticModel, Unsupported
from .where import render

_LAST = "UltimoMes"  # the variable holding the last month of the filter context
_PLAIN = re.compile(r"[A-Za-z_]\w*\Z")
_AGGREGATES = {
    "sum": "SUM({})",
    "average": "AVERAGE({})",
    "min": "MIN({})",
    "max": "MAX({})",
    "count": "COALESCE(COUNTA({}), 0)",
    "count_distinct": "COALESCE(DISTINCTCOUNTNOBLANK({}), 0)",
}
_COMPARE = {exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}


def expression(metric: Metric, table: str) -> str:
    """DAX of `metric` over the model's table `table` (its name, unquoted).

    Raises UntranslatableMetric when DAX cannot say exactly what MetricFlow computes.
    """
    body = _Translator(metric, table).node(metric.node)
    if _LAST not in body:
        return body
    model = metric.model
    return f"VAR {_LAST} = MAX({column(table, model.dimension(model.time_dimension).expr)})\nRETURN\n    {body}"


def table_name(table: str) -> str:
    """`'table'`, quoted."""
    return "'" + table.replace("'", "''") + "'"


def column(table: str, name: str) -> str:
    """`'table'[name]`, quoted."""
    return f"{table_name(table)}[{name.replace(']', ']]')}]"


def text(value: str) -> str:
    """A DAX string literal."""
    return '"' + value.replace('"', '""') + '"'


class _Translator:
    def __init__(self, metric: Metric, table: str) -> None:
        self.metric, self.table = metric, table

    def no(self, node_metric: str, reason: str) -> UntranslatableMetric:
        return UntranslatableMetric(node_metric, reason)

    @property
    def model(self) -> SemanticModel:
        if self.metric.model is None:
            raise self.no(self.metric.name, "it has no single mart")
        return self.metric.model

    def column(self, name: str) -> str:
        return column(self.table, name)

    def node(self, node: Node) -> str:
        if isinstance(node, Unsupported):
            raise self.no(node.metric, node.reason)
        if isinstance(node, Aggregate):
            return self.aggregate(node)
        if isinstance(node, Ratio):
            if not (isinstance(node.denominator, Aggregate) and node.denominator.is_exact):
                raise self.no(node.metric, "its denominator is no plain sum or count, and DAX would round the division")
            return f"DIVIDE({self.node(node.numerator)}, CURRENCY({self.node(node.denominator)}))"
        return _Arithmetic(self, node).translate()

    def aggregate(self, node: Aggregate) -> str:
        if node.agg not in (*_AGGREGATES, "percentile"):
            raise self.no(node.metric, f"aggregation {node.agg!r} has no translation")
        if node.agg == "percentile":
            result = self.percentile(node)
        elif node.agg == "sum" and not _PLAIN.match(node.expr):
            result = self.sum_of(node, table_name(self.table))
        else:
            result = _AGGREGATES[node.agg].format(self.plain(node))
        conditions = [self.condition(node, template) for template in node.where]
        if node.last_by:
            result = self.at_last(node, conditions)
        elif conditions:
            result = f"CALCULATE({', '.join([result, *conditions])})"
        return result if node.fill_nulls_with is None else f"COALESCE({result}, {node.fill_nulls_with})"

    def plain(self, node: Aggregate) -> str:
        if not _PLAIN.match(node.expr):
            raise self.no(node.metric, f"it aggregates the expression {node.expr!r}, not a column of the mart")
        return self.column(node.expr)

    def sum_of(self, node: Aggregate, rows: str) -> str:
        """Σ of a column over `rows`, or of columns added and subtracted (exact in Fixed Decimal); as in SQL, a row that lacks one of them adds nothing."""
        if _PLAIN.match(node.expr):
            return f"SUMX({rows}, {self.column(node.expr)})"
        tree = sqlglot.parse_one(node.expr, read="postgres")
        names = list(dict.fromkeys(self.column(c.name) for c in tree.find_all(exp.Column)))
        guards = " && ".join(f"NOT(ISBLANK({name}))" for name in names)
        return f"SUMX(FILTER({rows}, {guards}), {self.added(node, tree)})"

    def added(self, node: Aggregate, tree: exp.Expression) -> str:
        if isinstance(tree, exp.Paren):
            return f"({self.added(node, tree.this)})"
        if isinstance(tree, exp.Column) and not tree.table:
            return self.column(tree.name)
        if isinstance(tree, (exp.Add, exp.Sub)):
            return f"{self.added(node, tree.this)} {'+' if isinstance(tree, exp.Add) else '-'} {self.added(node, tree.expression)}"
        raise self.no(node.metric, f"it aggregates the expression {node.expr!r}; columns are only added or subtracted")

    def percentile(self, node: Aggregate) -> str:
        name = self.plain(node)
        return f"PERCENTILEX.INC(FILTER({table_name(self.table)}, NOT(ISBLANK({name}))), CONVERT({name}, DOUBLE), {node.percentile})"

    def at_last(self, node: Aggregate, conditions: list[str]) -> str:
        """The sum over the last month that the filter context (and the measure's own filters) leave."""
        if node.agg != "sum":
            raise self.no(node.metric, f"balances are translated with agg sum, not {node.agg!r}")
        month = self.column(self.model.dimension(node.last_by).expr)
        table = table_name(self.table)
        if not conditions and node.last_by == self.model.time_dimension:
            return self.sum_of(node, f"FILTER({table}, {month} = {_LAST})")
        inner = f"VAR Mes = MAX({month}) RETURN {self.sum_of(node, f'FILTER({table}, {month} = Mes)')}"
        return f"CALCULATE({', '.join([inner, *conditions])})"

    def condition(self, node: Aggregate, template: str) -> str:
        """A measure filter as a CALCULATE argument that narrows the context, as SQL's WHERE does, instead of replacing it."""
        rendered = render(template, self.model, node.metric, lambda name: f'"{name}"')
        try:
            tree = sqlglot.parse_one(rendered, read="postgres")
        except sqlglot.errors.ParseError:
            raise self.no(node.metric, f"its filter is not understood: {rendered}") from None
        predicate = _Predicate(self, node.metric).translate(tree)
        columns = sorted({c.name for c in tree.find_all(exp.Column)})
        if not columns:
            raise self.no(node.metric, f"its filter names no column: {rendered}")
        return f"KEEPFILTERS(FILTER(ALL({', '.join(self.column(c) for c in columns)}), {predicate}))"


class _Predicate:
    """A SQL condition as a DAX row predicate that is FALSE where SQL gives FALSE or NULL."""

    def __init__(self, translator: _Translator, metric: str) -> None:
        self.translator, self.metric = translator, metric

    def no(self, tree: exp.Expression) -> UntranslatableMetric:
        return UntranslatableMetric(self.metric, f"its filter holds {tree.sql(dialect='postgres')!r}, which has no exact translation")

    def translate(self, tree: exp.Expression) -> str:
        if isinstance(tree, exp.Paren):
            return self.translate(tree.this)
        if isinstance(tree, (exp.And, exp.Or)):
            word = "&&" if isinstance(tree, exp.And) else "||"
            return f"({self.translate(tree.this)} {word} {self.translate(tree.expression)})"
        if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
            return f"ISBLANK({self.column(tree.this)})"
        if isinstance(tree, exp.Not) and isinstance(tree.this, exp.Is) and isinstance(tree.this.expression, exp.Null):
            return f"NOT(ISBLANK({self.column(tree.this.this)}))"
        if isinstance(tree, exp.EQ):
            return self.equal(tree.this, tree.expression)
        if isinstance(tree, exp.NEQ):
            return self.differs(tree.this, [tree.expression])
        if isinstance(tree, exp.In) and tree.expressions:
            return "(" + " || ".join(self.equal(tree.this, value) for value in tree.expressions) + ")"
        if isinstance(tree, exp.Not) and isinstance(tree.this, exp.In) and tree.this.expressions:
            return self.differs(tree.this.this, tree.this.expressions)
        for kind, sign in _COMPARE.items():
            if isinstance(tree, kind):
                if isinstance(tree.expression, exp.Literal) and tree.expression.is_string and not self.is_time(tree.this):
                    raise self.no(tree)  # the order of text depends on the collation
                name = self.column(tree.this)
                return f"(NOT(ISBLANK({name})) && {name} {sign} {self.literal(tree.this, tree.expression)})"
        raise self.no(tree)

    def is_time(self, tree: exp.Expression) -> bool:
        return any(d.type == "time" and d.expr == tree.name for d in self.translator.model.dimensions)

    def column(self, tree: exp.Expression) -> str:
        if not isinstance(tree, exp.Column):
            raise self.no(tree)
        return self.translator.column(tree.name)

    def literal(self, left: exp.Expression, tree: exp.Expression) -> str:
        if isinstance(tree, exp.Boolean):
            return "TRUE()" if tree.this else "FALSE()"
        if isinstance(tree, exp.Cast) and tree.to.sql().upper() == "DATE" and self.is_time(left):
            tree = tree.this
        if isinstance(tree, exp.Literal) and tree.is_string and self.is_time(left):
            try:
                day = date.fromisoformat(tree.this)
            except ValueError:
                raise self.no(tree) from None
            return f"DATE({day.year}, {day.month}, {day.day})"
        if isinstance(tree, exp.Literal):
            return text(tree.this) if tree.is_string else tree.this
        if isinstance(tree, exp.Neg) and isinstance(tree.this, exp.Literal) and not tree.this.is_string:
            return f"-{tree.this.this}"
        raise self.no(tree)

    def equal(self, left: exp.Expression, right: exp.Expression) -> str:
        name, value = self.column(left), self.literal(left, right)
        test = f"EXACT({name}, {value})" if value.startswith('"') else f"{name} == {value}"
        return f"(NOT(ISBLANK({name})) && {test})"

    def differs(self, left: exp.Expression, values: list[exp.Expression]) -> str:
        tests = []
        for value in values:
            name, written = self.column(left), self.literal(left, value)
            tests.append(f"NOT(EXACT({name}, {written}))" if written.startswith('"') else f"NOT({name} == {written})")
        return f"(NOT(ISBLANK({self.column(left)})) && {' && '.join(tests)})"


class _Arithmetic:
    """A derived metric's expression. Each operand is `exact` (sums of Fixed Decimal or integers) or `real` (a ratio): what mixes them is
    refused, because DAX would give a Fixed Decimal, rounded to four decimals, where PostgreSQL rounds nothing."""

    def __init__(self, translator: _Translator, node: Derived) -> None:
        self.translator, self.derived = translator, node

    def no(self, tree: exp.Expression, reason: str) -> UntranslatableMetric:
        return UntranslatableMetric(self.derived.metric, f"{tree.sql(dialect='postgres')!r} {reason}")

    def translate(self) -> str:
        try:
            tree = sqlglot.parse_one(self.derived.expr, read="postgres")
        except sqlglot.errors.ParseError:
            raise UntranslatableMetric(self.derived.metric, f"its expression is not understood: {self.derived.expr}") from None
        return self.walk(tree)[0]

    def walk(self, tree: exp.Expression) -> tuple[str, str]:
        """The translation, and its kind: `exact`, `real` or `integer` (a literal)."""
        if isinstance(tree, exp.Paren):
            return self.walk(tree.this)
        if isinstance(tree, exp.Column) and not tree.table:
            if tree.name not in self.derived.inputs:
                raise self.no(tree, "is no input of the metric")
            node = self.derived.inputs[tree.name]
            return self.translator.node(node), self.kind(node)
        if isinstance(tree, exp.Literal) and not tree.is_string:
            if not tree.this.isdigit():
                raise self.no(tree, "is no integer: DAX would round the product of a Fixed Decimal to four decimals")
            return tree.this, "integer"
        if isinstance(tree, exp.Mul):
            (left, a), (right, b) = self.walk(tree.this), self.walk(tree.expression)
            kinds = {a, b}
            if kinds == {"exact"} or kinds == {"exact", "real"}:
                raise self.no(tree, "multiplies money or volumes by another metric, which DAX rounds to four decimals")
            return f"({left}) * ({right})", "integer" if kinds == {"integer"} else (kinds - {"integer"}).pop()
        if isinstance(tree, (exp.Add, exp.Sub)):
            (left, a), (right, b) = self.walk(tree.this), self.walk(tree.expression)
            kinds = {a, b}
            if kinds == {"exact", "real"}:
                raise self.no(tree, "adds a ratio to money or volumes, which DAX rounds to four decimals")
            sign = "+" if isinstance(tree, exp.Add) else "-"
            kind = "integer" if kinds == {"integer"} else (kinds - {"integer"}).pop()
            # SQL: NULL + x is NULL; DAX: BLANK + x is x
            blanks = [f"ISBLANK({side})" for side, k in ((left, a), (right, b)) if k != "integer"]
            total = f"({left}) {sign} ({right})"
            return (f"IF({' || '.join(blanks)}, BLANK(), {total})" if blanks else total), kind
        if isinstance(tree, exp.Div):
            raise self.no(tree, "divides; write it as a metric of type ratio, whose division by zero is defined")
        raise self.no(tree, "has no exact translation")

    def kind(self, node: Node) -> str:
        if isinstance(node, Ratio) or (isinstance(node, Aggregate) and not node.is_exact):
            return "real"
        if isinstance(node, Derived):
            return _Arithmetic(self.translator, node).walk(sqlglot.parse_one(node.expr, read="postgres"))[1]
        return "exact"
