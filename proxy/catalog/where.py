"""Conditions in the SQL that catalogs are queried with: parsed to a tree, never handed on as text.

Comparisons, LIKE, IN, BETWEEN, IS NULL, AND, OR, NOT, arithmetic, UPPER and LOWER (of ASCII letters), dates:
`DATE '2020-01-31'`, `TIMESTAMP '2020-01-31 12:00:00'`, CURRENT_TIMESTAMP, CURRENT_DATE, and INTERVAL '7' DAY
added to them or taken from them. Fields stand bare or in double quotes, without regard to case. A field of
dates may be compared with a text that is a date; any other text beside a number is unknown, as is NULL.

The tree has two readers: `conditions.holds` tests a row, `where_sql.to_sql` writes SQL with bound values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from proxy.catalog.base import Field, FieldType, Value
from proxy.catalog.conditions import (
    DAY,
    TRUE,
    Arithmetic,
    Attribute,
    Both,
    Cased,
    Compared,
    Condition,
    Constant,
    IsNull,
    Kind,
    Like,
    Not,
    Now,
    OneOf,
    Term,
    Unknown,
    holds,
    kind_of,
)
from proxy.catalog.moments import milliseconds, shifted
from proxy.catalog.where_sql import depth_of, to_sql
from proxy.catalog.where_tokens import SQL_LEVELS, grammar, near, tokens_of, wrong

#: Longest pattern of LIKE.
PATTERN = 200

_COMPARISONS = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
_MILLISECONDS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": DAY, "WEEK": 7 * DAY}
_MONTHS = {"MONTH": 1, "YEAR": 12}
_CALCULATED: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
}


def predicate(text: str, fields: tuple[Field, ...]) -> Callable[[Mapping[str, Value]], bool]:
    """A test of rows, mappings of field names to values; a field that a row lacks is NULL.

    Raises:
        InvalidParameter: as `parse` does.
    """
    condition = parse(text, fields)
    return lambda row: holds(condition, row)


@lru_cache(maxsize=256)
def parse(text: str, fields: tuple[Field, ...]) -> Condition:
    """The tree of a condition; nothing stands for every row.

    Args:
        text: SQL. Where it has no apostrophe, `%27` stands for one.
        fields: that there are.

    Raises:
        InvalidParameter: `where` cannot be read, names an unknown field, or is too long or deep.
    """
    if not text.strip():
        return TRUE
    if "'" not in text:
        text = text.replace("%27", "'")
    known = {field.name: field for field in fields if field.type is not FieldType.GEOMETRY}
    names = {field.alias.lower(): field.name for field in known.values() if field.alias}
    names |= {name.lower(): name for name in known}
    tokens, library = tokens_of(text, names), grammar()
    try:
        trees = library.parser.Parser().parse_into(library.expressions.Condition, tokens, text)
    except (library.errors.SqlglotError, RecursionError, ValueError, AttributeError, IndexError, TypeError):
        # What sqlglot raises on odd input is not always its own.
        raise wrong("It is not in the part of SQL that is understood.") from None
    if len(trees) != 1 or trees[0] is None:
        raise wrong("It must be one condition.")
    found = _Reader(known).condition(trees[0])
    if depth_of(to_sql(found, str)[0]) > SQL_LEVELS:
        raise wrong(f"It goes deeper than {SQL_LEVELS} levels.")
    return found


def _kind(node: Any) -> str:
    return type(node).__name__


def _only(node: Any, *parts: str) -> None:
    """Refuse a node with anything in it but the parts that are read."""
    for name, part in node.args.items():
        if name not in parts and part not in (None, False, []) and not name.startswith("_"):
            raise near(_kind(node).upper())


class _Reader:
    """From sqlglot's tree to ours; a kind of node that is not named here is refused."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields

    def condition(self, node: Any) -> Condition:
        kind = _kind(node)
        if kind == "Paren":
            _only(node, "this")
            return self.condition(node.this)
        if kind in ("And", "Or"):
            return self.joined(node, kind)
        if kind == "Not":
            _only(node, "this")
            return Not(self.condition(node.this))
        if kind in _COMPARISONS:
            _only(node, "this", "expression")
            left, right = self.alike(self.term(node.this), self.term(node.expression))
            if Kind.NULL in (kind_of(left), kind_of(right)) or kind_of(left) is not kind_of(right):
                return Unknown()
            return Compared(_COMPARISONS[kind], left, right)
        if kind == "Is":
            _only(node, "this", "expression")
            if _kind(node.expression) != "Null":
                raise near("IS")
            return IsNull(self.term(node.this))
        if kind == "In":
            return self.one_of(node)
        if kind == "Between":
            return self.between(node)
        if kind in ("Like", "Escape"):
            return self.like(node)
        # A value is no truth: it is unknown.
        self.term(node)
        return Unknown()

    def joined(self, node: Any, kind: str) -> Condition:
        # A chain leans to the left, as deep as it is long.
        nodes = []
        while _kind(node) == kind:
            _only(node, "this", "expression")
            nodes.append(node.expression)
            node = node.this
        parts: list[Condition] = []
        for part in (self.condition(each) for each in reversed([*nodes, node])):
            same = isinstance(part, Both) and part.any is (kind == "Or")
            parts.extend(part.parts if isinstance(part, Both) and same else (part,))
        return Both(tuple(parts), any=kind == "Or")

    def one_of(self, node: Any) -> Condition:
        _only(node, "this", "expressions")
        if not node.expressions:
            raise near("IN")
        value = self.term(node.this)
        choices = [self.alike(value, self.term(choice))[1] for choice in node.expressions]
        if kind_of(value) is Kind.NULL:
            return Unknown()
        fitting = [choice if kind_of(choice) is kind_of(value) else Constant(None) for choice in choices]
        return OneOf(value, tuple(fitting))

    def between(self, node: Any) -> Condition:
        _only(node, "this", "low", "high")
        value = self.term(node.this)
        parts: list[Condition] = []
        for sign, end in ((">=", node.args["low"]), ("<=", node.args["high"])):
            left, right = self.alike(value, self.term(end))
            fits = kind_of(left) is kind_of(right) is not Kind.NULL
            parts.append(Compared(sign, left, right) if fits else Unknown())
        return Both(tuple(parts), any=False)

    def like(self, node: Any) -> Condition:
        escape = ""
        if _kind(node) == "Escape":
            _only(node, "this", "expression")
            escape, node = _text(node.expression, "ESCAPE"), node.this
            if len(escape) != 1 or _kind(node) != "Like":
                raise near("ESCAPE")
        _only(node, "this", "expression", "negate")
        value, pattern = self.term(node.this), _text(node.expression, "LIKE")
        signs = _signs(pattern, escape)
        found = Like(value, signs) if kind_of(value) is Kind.TEXT else Unknown()
        return Not(found) if node.args.get("negate") else found

    def alike(self, left: Term, right: Term) -> tuple[Term, Term]:
        """Both, a text beside a date read as one."""
        return _dated(left, right), _dated(right, left)

    def term(self, node: Any) -> Term:
        kind = _kind(node)
        if kind == "Paren":
            _only(node, "this")
            return self.term(node.this)
        if kind == "Column":
            return self.attribute(node)
        if kind == "Literal":
            return Constant(str(node.this)) if node.is_string else _number(str(node.this))
        if kind == "Null":
            return Constant(None)
        if kind == "Neg":
            _only(node, "this")
            return _negative(self.term(node.this))
        if kind in _ARITHMETIC:
            return self.arithmetic(node, _ARITHMETIC[kind])
        if kind in ("Upper", "Lower"):
            _only(node, "this")
            text = self.term(node.this)
            return Cased(text, kind == "Upper") if kind_of(text) is Kind.TEXT else Constant(None)
        if kind in ("CurrentTimestamp", "CurrentDate"):
            _only(node)
            return Now(kind == "CurrentDate")
        if kind == "Cast":
            return _date(_text(node.this, "DATE"))
        raise near(kind.upper())

    def attribute(self, node: Any) -> Term:
        _only(node, "this")
        field = self.fields.get(str(node.this.this)) if _kind(node.this) == "Identifier" else None
        if field is None:
            raise near(str(node.name))
        kind = Kind.TEXT if field.type is FieldType.TEXT else Kind.NUMBER
        return Attribute(field.name, kind, field.type is FieldType.DATE)

    def arithmetic(self, node: Any, sign: str) -> Term:
        _only(node, "this", "expression", "typed", "safe")
        left = self.term(node.this)
        if _kind(node.expression) == "Interval" and sign in _CALCULATED:
            return _later(left, node.expression, 1 if sign == "+" else -1)
        right = self.term(node.expression)
        if kind_of(left) is not Kind.NUMBER or kind_of(right) is not Kind.NUMBER:
            return Constant(None)
        return Arithmetic(sign, left, right)


def _text(node: Any, where: str) -> str:
    if _kind(node) != "Literal" or not node.is_string:
        raise near(where)
    return str(node.this)


def _number(text: str) -> Constant:
    whole = int(text) if text.isdigit() and len(text) < 20 else None
    if whole is not None and whole < 2**63:
        return Constant(whole)
    value = float(text)
    if not math.isfinite(value):
        raise near(text)
    return Constant(value)


def _negative(term: Term) -> Term:
    if isinstance(term, Constant) and isinstance(term.value, int | float):
        return Constant(-term.value)
    return Arithmetic("-", Constant(0), term) if kind_of(term) is Kind.NUMBER else Constant(None)


def _date(text: str) -> Constant:
    try:
        return Constant(milliseconds(text))
    except ValueError:
        raise wrong(f"'{text[:40]}' is no date.") from None


def _dated(term: Term, other: Term) -> Term:
    is_date = isinstance(other, Now) or (isinstance(other, Attribute) and other.date)
    return (
        _date(term.value) if is_date and isinstance(term, Constant) and isinstance(term.value, str) else term
    )


def _later(start: Term, node: Any, direction: int) -> Term:
    """A moment some time later; months only from moments that are known before any row is."""
    _only(node, "this", "unit")
    unit = str(node.args["unit"].name).upper() if _kind(node.args.get("unit")) == "Var" else ""
    try:
        count = int(str(node.this.this)) * direction if _kind(node.this) == "Literal" else None
    except ValueError:
        count = None
    if count is None or abs(count) > 10**6 or kind_of(start) is not Kind.NUMBER:
        raise near("INTERVAL")
    if unit in _MILLISECONDS:
        return Arithmetic("+", start, Constant(count * _MILLISECONDS[unit]))
    if unit not in _MONTHS:
        raise near("INTERVAL")
    months = count * _MONTHS[unit]
    try:
        if isinstance(start, Now):
            later = Now(start.day, start.months + months)
            later.value()
            return later
        if isinstance(start, Constant) and isinstance(start.value, int | float):
            return Constant(shifted(start.value, months))
    except ValueError:
        raise wrong("The date is out of range.") from None
    raise wrong("Months and years can be added to dates in the condition only, not to fields.")


def _signs(pattern: str, escape: str) -> tuple[tuple[str, bool], ...]:
    """Characters of a pattern, each with whether it stands for itself."""
    if len(pattern) > PATTERN:
        raise wrong(f"A pattern of LIKE has more than {PATTERN} characters.")
    found: list[tuple[str, bool]] = []
    characters = iter(pattern)
    for character in characters:
        if escape and character == escape:
            escaped = next(characters, "")
            if not escaped:
                raise near("ESCAPE")
            found.append((escaped, True))
        else:
            found.append((character, character not in "%_"))
    return tuple(found)
