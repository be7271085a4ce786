"""Spatial references in Esri's spellings, both ways."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pyproj.enums import WktVersion
from pyproj.exceptions import CRSError, ProjError

from proxy.arcgis.relaxed import parse_json
from proxy.crs import WEB_MERCATOR, SpatialReference, UnknownCRS, reference
from proxy.errors import InvalidParameter

#: Web Mercator under the names that it has had.
MERCATOR_CODES = frozenset({3857, 3785, 102100, 102113, 900913})
#: Codes that Esri gave before EPSG did and still answers with.
FIRST_CODES = {3857: 102100, 5514: 102067}
#: Codes from here on are looked up in Esri's list first.
ESRI_CODES = 32768
MAX_WKT = 20_000
#: Longitude before latitude, which is how Esri reads the EPSG codes anyway.
LONGITUDE_FIRST = {"OGC:CRS84": 4326, "OGC:CRS83": 4269, "OGC:CRS27": 4267}
#: How sure PROJ has to be that an Esri system is an EPSG system; below 100 only the name differs.
SAME_SYSTEM = 90

_CODE = re.compile(r"[0-9]{1,9}")
_AUTHORITY = re.compile(r"(EPSG|ESRI|OGC|CRS|IAU_2015|IGNF|NKG):([A-Za-z0-9_]{1,20})", re.IGNORECASE)
_WKT = re.compile(
    r"(PROJ|GEOG|GEOC|GEOD|VERT|LOCAL|COMPD|COMPOUND|BOUND|ENGINEERING|DERIVED)[A-Z_]*\s*[\[(]", re.IGNORECASE
)


@lru_cache(maxsize=1024)
def parse_reference(text: str) -> SpatialReference:
    """A spatial reference from a number, `EPSG:4326`, WKT, or JSON with `wkid`, `latestWkid`, `wkt`, `wkt2`.

    Raises:
        UnknownCRS: it is none of these, or PROJ does not know it.
    """
    text = text.strip()
    if text.startswith("{"):
        try:
            return from_mapping(parse_json(text))
        except ValueError as error:
            raise UnknownCRS("The spatial reference is not JSON.") from error
    if _CODE.fullmatch(text):
        return from_code(int(text))
    if _AUTHORITY.fullmatch(text):
        authority, _, code = text.partition(":")
        if authority.upper() in ("EPSG", "ESRI") and _CODE.fullmatch(code):
            return from_code(int(code))
        return _normal(reference(text))
    text = text.strip("'\"")
    if len(text) <= MAX_WKT and _WKT.match(text):
        return _normal(reference(text))
    raise UnknownCRS("The spatial reference is not known.")


def from_mapping(value: Any) -> SpatialReference:
    """A spatial reference from its JSON object, or from a plain code.

    Raises:
        UnknownCRS: no member of it is known.
    """
    if isinstance(value, int | str):
        return parse_reference(str(value))
    if not isinstance(value, Mapping):
        raise UnknownCRS("The spatial reference is not known.")
    members = {str(key).lower(): member for key, member in value.items()}
    failure = UnknownCRS("The spatial reference is not known.")
    for name in ("latestwkid", "wkid", "wkt2", "wkt"):
        if member := members.get(name):
            try:
                return parse_reference(str(member))
            except UnknownCRS as error:
                failure = error
    raise failure


@lru_cache(maxsize=1024)
def from_code(code: int) -> SpatialReference:
    """A spatial reference by EPSG's or Esri's code.

    Raises:
        UnknownCRS: neither list has it.
    """
    if code in MERCATOR_CODES:
        return WEB_MERCATOR
    lists = ("ESRI", "EPSG") if code >= ESRI_CODES else ("EPSG", "ESRI")
    for authority in lists:
        try:
            return _normal(reference(f"{authority}:{code}"))
        except UnknownCRS:
            continue
    raise UnknownCRS(f"There is no spatial reference {code}.")


def _normal(found: SpatialReference) -> SpatialReference:
    code = _epsg(found)
    if code in MERCATOR_CODES or found.definition in ("ESRI:102100", "ESRI:102113", "EPSG:900913"):
        return WEB_MERCATOR
    return SpatialReference(f"EPSG:{code}") if code else found


@lru_cache(maxsize=1024)
def _epsg(found: SpatialReference) -> int | None:
    if found.epsg:
        return found.epsg
    if found.definition.startswith("ESRI:"):
        return found.pyproj.to_epsg(SAME_SYSTEM)
    return LONGITUDE_FIRST.get(found.definition)


def read_reference(name: str, text: str, service: SpatialReference) -> SpatialReference:
    """The spatial reference in a parameter; the service's own where it is absent or equal to it.

    Raises:
        InvalidParameter: it is not known.
    """
    if not text:
        return service
    try:
        found = parse_reference(text)
    except UnknownCRS:
        raise InvalidParameter(name) from None
    return aligned(found, service)


def aligned(found: SpatialReference, service: SpatialReference) -> SpatialReference:
    """The service's own spelling of a system, where both are the same, so that nothing is transformed."""
    return service if found == _normal(service) else found


@lru_cache(maxsize=1024)
def _document(crs: SpatialReference) -> tuple[tuple[str, int | str], ...]:
    if crs.pyproj.is_compound:
        # Esri's clients place pictures by the horizontal part.
        horizontal = crs.pyproj.sub_crs_list[0]
        if (authority := horizontal.to_authority(min_confidence=100)) is not None:
            return _document(reference(":".join(authority)))
    code, own = _epsg(crs), crs.definition.partition(":")
    if own[0] == "ESRI" and own[2].isdigit() and code not in MERCATOR_CODES:
        return ("wkid", int(own[2])), ("latestWkid", code or int(own[2]))
    if code:
        code = 3857 if code in MERCATOR_CODES else code
        return ("wkid", FIRST_CODES.get(code, code)), ("latestWkid", code)
    return (_text(crs),)


def _text(crs: SpatialReference) -> tuple[str, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = crs.pyproj.to_wkt(WktVersion.WKT1_ESRI)
    except (CRSError, ProjError):
        text = None
    return ("wkt", str(text)) if text else ("wkt2", crs.wkt)


def reference_document(crs: SpatialReference) -> dict[str, int | str]:
    """JSON object of a spatial reference: `wkid` and `latestWkid`, or `wkt` where it has no code."""
    return dict(_document(crs))
