"""The words and signs of a condition: what may pass, and what names a field.

The grammar is sqlglot's. It never sees anything but the tokens that are let through here: literals, a short
list of words and signs, and the names of fields, which are quoted so that none is taken for a word of SQL.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from proxy.errors import InvalidParameter

#: Longest condition in characters, most tokens, most levels within one another: as written, and in SQL.
LENGTH, TOKENS, LEVELS, SQL_LEVELS = 8192, 4096, 20, 13
#: Most signs of arithmetic, most AND and OR: SQLite takes trees of a limited depth, and chains are deep.
SIGNS, JOINTS = 100, 400

_PLAIN = frozenset(
    {"L_PAREN", "R_PAREN", "COMMA", "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "PLUS", "DASH", "STAR", "SLASH"}
)
_WORDS = frozenset({"AND", "OR", "NOT", "IN", "LIKE", "BETWEEN", "IS", "NULL", "ESCAPE"})
_PRESENT = frozenset({"CURRENT_TIMESTAMP", "CURRENT_DATE"})
_UNITS = frozenset({"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"})
#: Words that mean something only before a token of this kind; else they are names.
_BEFORE = {
    "DATE": ("STRING",),
    "TIMESTAMP": ("STRING",),
    "INTERVAL": ("STRING", "NUMBER"),
    "UPPER": ("L_PAREN",),
    "LOWER": ("L_PAREN",),
}
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


_IMPORTING = threading.Lock()


def grammar() -> Any:
    """sqlglot. It takes a tenth of a second to import, and many servers never need it.

    Its modules import one another in a circle, which goes wrong where two threads begin at once.
    """
    with _IMPORTING:
        import sqlglot.errors
        import sqlglot.expressions
        import sqlglot.parser
        import sqlglot.tokens

        return sqlglot


def wrong(why: str) -> InvalidParameter:
    """The error for a condition that cannot be taken."""
    return InvalidParameter("where", why)


def near(text: str) -> InvalidParameter:
    """The error for a part of a condition that is not understood."""
    return wrong(f"It is not in the part of SQL that is understood, near '{text[:40]}'.")


def tokens_of(text: str, names: Mapping[str, str]) -> list[Any]:
    """Tokens for sqlglot's parser.

    Args:
        text: of the condition.
        names: fields by their names in small letters.

    Raises:
        InvalidParameter: something in it is neither a field nor a part of the grammar, or there is too much.
    """
    library = grammar()
    if len(text) > LENGTH:
        raise wrong(f"It is longer than {LENGTH} characters.")
    if "\0" in text or (not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text)):
        raise wrong("It holds characters that are none.")
    try:
        found = library.tokens.Tokenizer().tokenize(text)
    except (library.errors.SqlglotError, ValueError, RecursionError):
        raise wrong("A quote or a comment is not closed.") from None
    if not found:
        raise wrong("There is nothing in it.")
    if len(found) > TOKENS:
        raise wrong(f"It has more than {TOKENS} words and signs.")
    found = _with_fractions(found)
    kept = [_let_through(index, found, names) for index in range(len(found))]
    _check_levels(kept)
    return kept


def _with_fractions(tokens: list[Any]) -> list[Any]:
    """`.25` as the one number that it is, which comes as a dot and a number."""
    kept: list[Any] = []
    for token in tokens:
        dot = kept[-1] if kept and kept[-1].token_type.name == "DOT" else None
        if dot is not None and token.token_type.name == "NUMBER" and token.start == dot.end + 1:
            before = kept[-2] if len(kept) > 1 else None
            if before is None or before.end + 1 < dot.start or before.token_type.name in _PLAIN:
                kept[-1] = _token(dot, "NUMBER", f".{token.text}", token.end, token.comments)
                continue
        kept.append(token)
    return kept


def _let_through(index: int, tokens: list[Any], names: Mapping[str, str]) -> Any:
    token = tokens[index]
    kind, text = token.token_type.name, token.text
    if token.comments:
        raise wrong("Comments are not taken.")
    if kind in _PLAIN or kind == "STRING":
        return token
    if kind == "NUMBER":
        if not _NUMBER.fullmatch(text):
            raise near(text)
        return token
    if kind == "IDENTIFIER":
        return _name(token, names)
    if not _NAME.fullmatch(text):
        raise near(text)
    word = text.upper()
    following = tokens[index + 1].token_type.name if index + 1 < len(tokens) else ""
    if word in _WORDS or word in _PRESENT or following in _BEFORE.get(word, ()):
        return token
    if word in _UNITS and index > 1 and tokens[index - 2].text.upper() == "INTERVAL":
        return token
    return _name(token, names)


def _name(token: Any, names: Mapping[str, str]) -> Any:
    field = names.get(token.text.lower())
    if field is None:
        raise wrong(f"There is no field '{token.text[:60]}'.")
    return _token(token, "IDENTIFIER", field, token.end)


def _token(like: Any, kind: str, text: str, end: int, comments: Any = None) -> Any:
    # The classes have moved between modules of sqlglot; a token always knows them.
    kinds: Any = type(like.token_type)
    return type(like)(kinds[kind], text, like.line, like.col, like.start, end, comments or [])


def _check_levels(tokens: list[Any]) -> None:
    """Refuse what would take the parser too deep: it calls itself for every level."""
    level = chain = signs = joints = 0
    for token in tokens:
        kind = token.token_type.name
        level += (kind == "L_PAREN") - (kind == "R_PAREN")
        chain = chain + 1 if kind in ("NOT", "DASH", "PLUS") else 0
        signs += kind in ("DASH", "PLUS", "STAR", "SLASH")
        joints += kind in ("AND", "OR")
        if level + chain > LEVELS:
            raise wrong(f"It goes deeper than {LEVELS} levels.")
        if signs > SIGNS:
            raise wrong(f"It has more than {SIGNS} signs of arithmetic.")
        if joints > JOINTS:
            raise wrong(f"It has more than {JOINTS} AND and OR.")
