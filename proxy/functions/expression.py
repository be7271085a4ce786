"""Arithmetic over named arrays, read by a parser of our own: nothing is ever eval'd.

Grammar, loosest first: `or ||`, `and &&`, one of `< <= > >= == !=`, `+ -`, `* /`, unary `+ - ! not`, `^ **`
(to the right), then a number, a name, a call of one of `FUNCTIONS` or `SEVERAL`, or brackets. Constants are
floats, truth is 1 or 0; there are no loops, attributes or strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from proxy.functions.expression_words import FUNCTIONS, SEVERAL
from proxy.model import Array

#: Most characters and most tokens of an expression; most brackets and signs inside each other.
LONGEST, TOKENS, DEEPEST = 2000, 400, 32

_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|&&|\|\||[<>=!]=|[-+*/^()<>!,]))"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, in lower case."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """Minus, or one of `FUNCTIONS`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """One of `+ - * / ^`, a comparison, `and` or `or`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Several:
    """One of `SEVERAL`."""

    operator: str
    operands: tuple[Expression, ...]


Expression = Number | Name | Unary | Binary | Several


def parse_expression(text: str) -> Expression:
    """Read an expression.

    Raises:
        ValueError: it is empty, too long, too deep, or not of the grammar; the message says where.
    """
    if len(text) > LONGEST:
        raise ValueError(f"The expression has more than {LONGEST} characters.")
    parser = _Parser(_tokens(text))
    found = parser.either(0)
    if parser.tokens[parser.place] != "":
        raise ValueError(f"'{parser.tokens[parser.place]}' is not expected in the expression.")
    return found


def _tokens(text: str) -> list[str]:
    found, place, text = [], 0, text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"'{text[place : place + 10]}' is not expected in the expression.")
        found.append(match.group().strip().lower())
        place = match.end()
    if len(found) > TOKENS:
        raise ValueError(f"The expression has more than {TOKENS} parts.")
    return [*found, ""]


class _Parser:
    """Recursive descent; `level` counts the nesting."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0

    def take(self, *wanted: str) -> str:
        """The next token if it is one of `wanted`, else an empty text."""
        token = self.tokens[self.place]
        if token not in wanted or not token:
            return ""
        self.place += 1
        return token

    def either(self, level: int) -> Expression:
        """Truths joined by or."""
        found = self.both(level)
        while self.take("or", "||"):
            found = Binary("or", found, self.both(level))
        return found

    def both(self, level: int) -> Expression:
        """Truths joined by and."""
        found = self.compared(level)
        while self.take("and", "&&"):
            found = Binary("and", found, self.compared(level))
        return found

    def compared(self, level: int) -> Expression:
        """Two sums compared, or one alone."""
        found = self.sum(level)
        if operator := self.take("<", "<=", ">", ">=", "==", "!="):
            found = Binary(operator, found, self.sum(level))
        return found

    def sum(self, level: int) -> Expression:
        """Terms joined by plus and minus."""
        found = self.product(level)
        while operator := self.take("+", "-"):
            found = Binary(operator, found, self.product(level))
        return found

    def product(self, level: int) -> Expression:
        """Factors joined by times and divide."""
        found = self.signed(level)
        while operator := self.take("*", "/"):
            found = Binary(operator, found, self.signed(level))
        return found

    def signed(self, level: int) -> Expression:
        """A power with signs before it."""
        if level > DEEPEST:
            raise ValueError(f"The expression is nested more than {DEEPEST} deep.")
        if self.take("+"):
            return self.signed(level + 1)
        if self.take("-"):
            return Unary("-", self.signed(level + 1))
        if self.take("!", "not"):
            return Unary("not", self.signed(level + 1))
        base = self.atom(level)
        if self.take("^", "**"):
            return Binary("^", base, self.signed(level + 1))
        return base

    def atom(self, level: int) -> Expression:
        """A number, a name, a call or brackets."""
        token = self.tokens[self.place]
        if token == "" or token[0] in "+-*/^)<>=!&|,":
            raise ValueError("The expression ends too early." if not token else f"'{token}' is not expected.")
        self.place += 1
        if token == "(":
            return self.closed(level)
        if token[0].isdigit() or token[0] == ".":
            return Number(float(token))
        if self.take("("):
            return self.call(token, level)
        return Name(token)

    def call(self, name: str, level: int) -> Expression:
        """A function with its operands."""
        if name in FUNCTIONS:
            return Unary(name, self.closed(level))
        if name not in SEVERAL:
            raise ValueError(f"There is no function '{name[:40]}' in expressions.")
        operands = [self.either(level + 1)]
        while self.take(","):
            operands.append(self.either(level + 1))
        number = SEVERAL[name][0]
        if not self.take(")") or len(operands) != number:
            raise ValueError(f"'{name}' takes {number} values in brackets.")
        return Several(name, tuple(operands))

    def closed(self, level: int) -> Expression:
        """What stands before a closing bracket."""
        found = self.either(level + 1)
        if not self.take(")"):
            raise ValueError("A bracket is not closed in the expression.")
        return found


def names_of(expression: Expression) -> set[str]:
    """Variables that an expression names, in lower case."""
    if isinstance(expression, Name):
        return {expression.name}
    if isinstance(expression, Unary):
        return names_of(expression.operand)
    if isinstance(expression, Binary):
        return names_of(expression.left) | names_of(expression.right)
    if isinstance(expression, Several):
        return {name for operand in expression.operands for name in names_of(operand)}
    return set()


def compute(expression: Expression, values: Mapping[str, Array | np.float32]) -> Array | np.float32:
    """Value of an expression in float32; a quotient with denominator 0 is 0.

    Args:
        expression: from `parse_expression`.
        values: float32 arrays of one shape, or numbers, for `names_of(expression)`.

    Returns:
        An array, or a number where no array takes part; NaN and infinity where the mathematics has none.
    """
    if isinstance(expression, Name):
        return values[expression.name]
    with np.errstate(all="ignore"):
        if isinstance(expression, Number):
            return np.float32(expression.value)
        if isinstance(expression, Unary):
            return _UNARY[expression.operator](compute(expression.operand, values))
        if isinstance(expression, Several):
            _, of = SEVERAL[expression.operator]
            return of(*(compute(operand, values) for operand in expression.operands))
        return _BINARY[expression.operator](
            compute(expression.left, values), compute(expression.right, values)
        )


def quotient(numerator: Array | np.float32, denominator: Array | np.float32) -> Array:
    """Quotient, 0 where the denominator is 0."""
    with np.errstate(all="ignore"):
        found = np.asarray(np.divide(numerator, denominator))
    zero = np.equal(denominator, 0)
    if zero.any():
        found = np.where(zero, np.float32(0), found)
    return found


def _truth(of: Callable[..., Array]) -> Callable[..., Array]:
    """1 and 0 from a comparison, in float32 like all else."""
    return lambda *values: np.asarray(of(*values), np.float32)


_UNARY: Mapping[str, Callable[..., Array]] = {
    "-": np.negative,
    "not": _truth(np.logical_not),
    **FUNCTIONS,
}
_BINARY: Mapping[str, Callable[..., Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": quotient,
    "^": np.power,
    "<": _truth(np.less),
    "<=": _truth(np.less_equal),
    ">": _truth(np.greater),
    ">=": _truth(np.greater_equal),
    "==": _truth(np.equal),
    "!=": _truth(np.not_equal),
    "and": _truth(np.logical_and),
    "or": _truth(np.logical_or),
}
