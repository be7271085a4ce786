from __future__ import annotations

import pytest

from proxy.errors import InvalidParameter
from proxy.ogc.api.formats import JPEG, MAP_FORMATS, PNG, TIFF, WEBP
from proxy.ogc.api.negotiation import (
    HTML,
    JSON,
    OPENAPI,
    TILEJSON,
    NotAcceptable,
    Representation,
    negotiated,
)  # fmt: skip

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
DOCUMENT, PICTURE = (JSON, HTML), MAP_FORMATS


@pytest.mark.parametrize(
    ("offered", "f", "accept", "expected"),
    [
        (DOCUMENT, None, None, JSON),
        (DOCUMENT, "", "", JSON),
        (DOCUMENT, None, "*/*", JSON),
        (DOCUMENT, None, CHROME, HTML),
        (DOCUMENT, "json", CHROME, JSON),
        (DOCUMENT, "JSON", CHROME, JSON),
        (DOCUMENT, "text/html", "application/json", HTML),
        (DOCUMENT, None, "application/json;q=0.2, text/html;q=0.1", JSON),
        (DOCUMENT, None, "application/*", JSON),
        (DOCUMENT, None, "text/*;q=0.3,application/geo+json", HTML),
        (DOCUMENT, None, "application/json;q=0,*/*", HTML),
        # GDAL's
        (DOCUMENT, None, "application/geo+json, application/json", JSON),
        ((JSON, HTML, TILEJSON), "tilejson", None, TILEJSON),
        ((JSON, HTML, TILEJSON), "application/vnd.mapbox.tile json", None, TILEJSON),
        ((JSON, HTML, TILEJSON), None, "application/vnd.mapbox.tile+json", TILEJSON),
        ((OPENAPI, HTML), None, "application/json", OPENAPI),
        ((OPENAPI, HTML), None, "application/vnd.oai.openapi+json;version=3.0", OPENAPI),
        (PICTURE, None, CHROME, WEBP),
        (PICTURE, None, "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", PNG),
        (PICTURE, None, "image/jpeg", JPEG),
        (PICTURE, "image/tiff", "image/png", TIFF),
        (PICTURE, "image/tiff;application=geotiff", None, TIFF),
        (PICTURE, "image/jpg", None, JPEG),
    ],
)
def test_f_decides_then_accept_then_the_order(
    offered: tuple[Representation, ...], f: str | None, accept: str | None, expected: Representation
) -> None:
    assert negotiated(offered, f, accept) is expected


@pytest.mark.parametrize("f", ["gif", "image/gif", "xml", "json,html", "*/*"])
def test_an_unknown_f_is_a_bad_request(f: str) -> None:
    with pytest.raises(InvalidParameter):
        negotiated(DOCUMENT, f, "*/*")


@pytest.mark.parametrize(
    "accept", ["application/xml", "text/html;q=0,application/json;q=0.0", "nonsense", "a/b/c", "json;q=2"]
)
def test_nothing_acceptable_is_said(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiated(DOCUMENT, None, accept)
