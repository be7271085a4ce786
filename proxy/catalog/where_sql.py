"""Conditions as SQL for SQLite. Values are bound; names come from the catalog; nothing else is text."""

from __future__ import annotations

from collections.abc import Callable

from proxy.catalog.base import Value
from proxy.catalog.conditions import (
    Arithmetic,
    Attribute,
    Both,
    Cased,
    Compared,
    Condition,
    Constant,
    IsNull,
    Like,
    Not,
    Now,
    OneOf,
    Term,
)

_COMPARISONS = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_ARITHMETIC = {"+": "+", "-": "-", "*": "*", "/": "/"}
#: What GLOB would not take for itself.
_GLOB = {"*": "[*]", "?": "[?]", "[": "[[]"}


def to_sql(condition: Condition, column: Callable[[str], str]) -> tuple[str, list[Value]]:
    """An expression of SQLite and the values of its placeholders.

    Args:
        condition: what must be true.
        column: the quoted column of a field.
    """
    writer = _Writer(column)
    text = writer.condition(condition)
    return text, writer.values


def depth_of(text: str) -> int:
    """Most parentheses within one another."""
    deepest = level = 0
    for sign in text:
        level += (sign == "(") - (sign == ")")
        deepest = max(deepest, level)
    return deepest


class _Writer:
    """Writes as few parentheses as it can: the parser of SQLite takes a limited depth of them."""

    def __init__(self, column: Callable[[str], str]) -> None:
        self.column = column
        self.values: list[Value] = []

    def condition(self, condition: Condition, outer: int = 0) -> str:
        """A condition, in parentheses where it binds less than what stands around it: 1 AND, 2 NOT."""
        match condition:
            case Both(parts, any_):
                binds = 0 if any_ else 1
                text = (" OR " if any_ else " AND ").join(self.condition(part, binds) for part in parts)
                return f"({text})" if binds < outer else text
            case Not(inner):
                return f"NOT {self.condition(inner, 2)}"
            case Compared(sign, left, right):
                return f"{self.term(left)} {_COMPARISONS[sign]} {self.term(right)}"
            case OneOf(value, choices):
                return f"{self.term(value)} IN ({', '.join(self.term(choice) for choice in choices)})"
            case Like(value, signs):
                return f"{self.term(value)} GLOB {self.bound(_glob(signs))}"
            case IsNull(value):
                return f"{self.term(value)} IS NULL"
        return "NULL"

    def term(self, term: Term) -> str:
        match term:
            case Constant(value):
                return self.bound(value)
            case Attribute(name):
                return self.column(name)
            case Cased(inner, upper):
                return f"{'upper' if upper else 'lower'}({self.term(inner)})"
            case Arithmetic(sign, left, right):
                torn = ("", "+-") if sign in "+-" else ("+-", "+-*/")
                first, second = self.number(left, torn[0]), self.number(right, torn[1])
                return f"{first} {_ARITHMETIC[sign]} {second}"
            case Now():
                return self.bound(term.value())

    def number(self, term: Term, torn: str) -> str:
        """An operand, in parentheses where its sign is one of those that would be torn apart."""
        if not isinstance(term, Arithmetic):
            # Whole numbers would divide to whole numbers, and overflow.
            return f"CAST({self.term(term)} AS REAL)"
        text = self.term(term)
        return f"({text})" if term.sign in torn else text

    def bound(self, value: Value) -> str:
        self.values.append(value)
        return "?"


def _glob(signs: tuple[tuple[str, bool], ...]) -> str:
    # LIKE of SQLite does not tell large letters from small ones; GLOB does.
    return "".join(
        _GLOB.get(sign, sign) if literal else {"%": "*", "_": "?"}[sign] for sign, literal in signs
    )
