"""Conditions in the SQL that catalogs are queried with: read into functions, never handed to a database.

Comparisons, LIKE, IN, BETWEEN, IS NULL, AND, OR, NOT, arithmetic, UPPER and LOWER, dates. Logic has three
values: what compares with NULL is unknown, and a row is taken only where its condition is true.
"""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Callable
from typing import Any

from proxy.arcgis.where_values import (
    Expression,
    Row,
    Unreadable,
    all_,
    any_,
    combined,
    compared,
    like,
    milliseconds,
    not_,
)

#: Longest condition, most parentheses within one another, and most signs of arithmetic.
LENGTH, LEVELS, SIGNS = 20_000, 40, 100

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<text>'(?:[^']|'')*')"
    r'|(?P<name>"[^"]{1,128}"|[A-Za-z_][A-Za-z0-9_.]{0,127})|(?P<sign><>|!=|<=|>=|\|\||[=<>(),+\-*/]))'
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL", "ESCAPE"})


def condition(text: str, names: list[str]) -> Callable[[Row], bool]:
    """A test of rows from the text of a condition; nothing stands for every row.

    Args:
        text: SQL, at most `LENGTH` characters.
        names: fields that there are, matched without regard to case.

    Raises:
        Unreadable: it cannot be read, or names an unknown field.
    """
    if not text.strip():
        return lambda row: True
    if len(text) > LENGTH:
        raise Unreadable
    parser = _Parser(text.replace("%27", "'"), names)
    test = parser.disjunction()
    if parser.tokens[parser.at :] != [("end", "")]:
        raise Unreadable
    return lambda row: test(row) is True


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise Unreadable
        value = match[match.lastgroup]
        kind = match.lastgroup
        if kind == "name" and value.upper() in _KEYWORDS:
            kind, value = "word", value.upper()
        found.append((kind, value))
        place = match.end()
    return [*found, ("end", "")]


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str, names: list[str]) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.level = 0
        self.signs = 0
        self.fields = {name.lower(): name for name in names}

    def took(self, *wanted: str) -> str | None:
        """Step over a word or sign if it is one of those wanted."""
        kind, value = self.tokens[self.at]
        if kind in ("word", "sign") and value in wanted:
            self.at += 1
            return value
        return None

    def need(self, wanted: str) -> None:
        """Step over a word or sign that must follow."""
        if self.took(wanted) is None:
            raise Unreadable

    def deeper(self) -> None:
        """Count a level that is entered."""
        self.level += 1
        if self.level > LEVELS:
            raise Unreadable

    def computed(self, sign: str, left: Expression, right: Expression) -> Expression:
        """Arithmetic on two parts."""
        self.signs += 1
        if self.signs > SIGNS:
            raise Unreadable
        return combined(_ARITHMETIC[sign], left, right)

    def disjunction(self) -> Expression:
        """`a OR b`."""
        self.deeper()
        parts = [self.conjunction()]
        while self.took("OR"):
            parts.append(self.conjunction())
        self.level -= 1
        return parts[0] if len(parts) == 1 else lambda row: any_(part(row) for part in parts)

    def conjunction(self) -> Expression:
        """`a AND b`."""
        parts = [self.negation()]
        while self.took("AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda row: all_(part(row) for part in parts)

    def negation(self) -> Expression:
        """`NOT a`, any number of times."""
        negated = False
        while self.took("NOT"):
            negated = not negated
        test = self.predicate()
        return (lambda row: not_(test(row))) if negated else test

    def predicate(self) -> Expression:
        """A comparison, or a condition in parentheses."""
        left = self.sum()
        if sign := self.took(*_COMPARISONS):
            right, compare = self.sum(), _COMPARISONS[sign]
            return lambda row: compared(compare, left(row), right(row))
        if self.took("IS"):
            wanted = self.took("NOT") is None
            self.need("NULL")
            return lambda row: (left(row) is None) is wanted
        negated = self.took("NOT") is not None
        test = self.membership(left)
        if test is None:
            if negated:
                raise Unreadable
            return left
        found = test
        return (lambda row: not_(found(row))) if negated else found

    def membership(self, left: Expression) -> Expression | None:
        """What may follow `NOT`: IN, BETWEEN, LIKE."""
        if self.took("IN"):
            self.need("(")
            choices = [self.sum()]
            while self.took(","):
                choices.append(self.sum())
            self.need(")")
            return lambda row: any_(compared(operator.eq, left(row), choice(row)) for choice in choices)
        if self.took("BETWEEN"):
            low = self.sum()
            self.need("AND")
            high = self.sum()
            return lambda row: all_(
                (compared(operator.ge, left(row), low(row)), compared(operator.le, left(row), high(row)))
            )
        if self.took("LIKE"):
            pattern = self.string()
            escape = self.string() if self.took("ESCAPE") else ""
            return like(left, pattern, escape)
        return None

    def sum(self) -> Expression:
        """`a + b - c`."""
        found = self.product()
        while sign := self.took("+", "-"):
            found = self.computed(sign, found, self.product())
        return found

    def product(self) -> Expression:
        """`a * b / c`."""
        found = self.operand()
        while sign := self.took("*", "/"):
            found = self.computed(sign, found, self.operand())
        return found

    def operand(self) -> Expression:
        """A value, a field, a function, or something in parentheses."""
        if self.took("("):
            inner = self.disjunction()
            self.need(")")
            return inner
        if sign := self.took("-", "+"):
            return self.computed(sign, _constant(0), self.factor())
        return self.factor()

    def factor(self) -> Expression:
        """A literal, or what a name stands for."""
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return _constant(float(value) if set(value) & set(".eE") else int(value))
        if kind == "text":
            return _constant(value[1:-1].replace("''", "'"))
        if kind == "word" and value == "NULL":
            return _constant(None)
        if kind != "name":
            raise Unreadable
        return self.named(value)

    def named(self, name: str) -> Expression:
        """A function, a date, or a field."""
        upper = name.upper()
        if upper in ("UPPER", "LOWER") and self.took("("):
            self.deeper()
            inner = self.sum()
            self.need(")")
            self.level -= 1
            change = str.upper if upper == "UPPER" else str.lower
            return lambda row: change(value) if isinstance(value := inner(row), str) else None
        if upper in ("DATE", "TIMESTAMP") and self.tokens[self.at][0] == "text":
            return _constant(milliseconds(self.string()))
        if upper == "CURRENT_TIMESTAMP":
            return _constant(time.time() * 1000)
        field = self.fields.get(name.strip('"').lower())
        if field is None:
            raise Unreadable
        return lambda row: row.get(field)

    def string(self) -> str:
        """A text literal."""
        kind, value = self.tokens[self.at]
        if kind != "text":
            raise Unreadable
        self.at += 1
        return value[1:-1].replace("''", "'")


def _constant(value: Any) -> Expression:
    return lambda row: value
