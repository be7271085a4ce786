"""JSON as clients really send it.

Beside JSON: single quotes, names without quotes, Python's True, False and None, its tuples and its u'' texts,
a comma too many at the end, comments never. The text is cut into tokens and written anew as JSON, in time
proportional to its length: general readers of relaxed JSON take seconds for what a caller may send.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

#: Most characters of a JSON parameter.
LONGEST = 1_000_000

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<mark>[{}\[\]:,()])
    | [uUbBrR]?(?P<quoted>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.$]))
    | (?P<word>[\w$][\w.$-]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"true": "true", "false": "false", "none": "null", "null": "null", "undefined": "null"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}


def parse_json(text: str) -> Any:
    """Value of a JSON text, read as tolerantly as clients need.

    Raises:
        ValueError: it is too long, too deep, or cannot be read even so.
    """
    if len(text) > LONGEST:
        raise ValueError(f"The JSON has more than {LONGEST} characters.")
    try:
        return json.loads(text, parse_constant=_refused)
    except RecursionError:
        raise ValueError("The JSON is nested too deep.") from None
    except ValueError:
        pass
    try:
        return json.loads(_as_json(text), parse_constant=_refused)
    except RecursionError:
        raise ValueError("The JSON is nested too deep.") from None


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON.")


def _as_json(text: str) -> str:
    out: list[str] = []
    place, text = 0, text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"The JSON cannot be read at character {place}.")
        place = match.end()
        token = _written(match, is_key=text[place : place + 40].lstrip().startswith(":"))
        if token in ("]", "}") and out[-1:] == [","] and out[-2:-1] not in (["["], ["{"]):
            out.pop()
        out.append(token)
    return " ".join(out)


def _written(match: re.Match[str], is_key: bool) -> str:
    """One token as JSON."""
    mark, quoted, number, word = match.group("mark", "quoted", "number", "word")
    if mark:
        return {"(": "[", ")": "]"}.get(mark, mark)
    if quoted:
        return json.dumps(_ESCAPE.sub(_unescaped, quoted[1:-1]))
    if is_key:
        return json.dumps(number or word)
    if number:
        return str(int(number)) if re.fullmatch(r"[-+]?\d{1,300}", number) else repr(float(number))
    if word.lower() in ("nan", "infinity"):
        _refused(word)
    return _WORDS.get(word.lower()) or json.dumps(word)


def _unescaped(match: re.Match[str]) -> str:
    escape = match.group(1)
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _PLAIN.get(escape, escape)
