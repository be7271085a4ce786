"""Write docs/arcgis-compatibility.md from the registries of the code and the results of the client tests.

    python docs/compatibility.py [--results junit.xml ...]

With results, the table of clients is first written anew into docs/clients.json.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

from proxy.arcgis.choosing import METHODS
from proxy.arcgis.forms import EXPORT_PARAMETERS
from proxy.arcgis.operations import ALL, OTHERS
from proxy.arcgis.vocabulary import COMPRESSIONS, FORMATS, INTERPOLATIONS
from proxy.functions.registry import FUNCTIONS
from proxy.selection import MosaicOperation

HERE = Path(__file__).parent
PAGE, RESULTS = HERE / "arcgis-compatibility.md", HERE / "clients.json"
CLIENTS = HERE.parent / "tests" / "clients"
#: Words that a value is also known by, beyond those that the forms offer.
MORE = {"format": FORMATS, "compression": COMPRESSIONS}
#: What works on some services only.
STATUS = {
    "mosaicRule": "works on mosaics and on the slices of cubes; read and checked elsewhere",
    "time": "works on mosaics and cubes; read and checked elsewhere",
    "sliceId": "works on services with dimensions; read and checked elsewhere",
}
#: Members of a mosaic rule beyond those with a fixed set of values, and their forms.
MEMBERS = (
    ("ascending", "`true` or `false`; turns the order round"),
    ("where", "a condition on the attributes of the items or slices"),
    ("fids", "ids of the items or slices that take part"),
    ("lockRasterIds", "ids, of LockRaster: these alone, in this order"),
    (
        "sortField, sortValue",
        "of Attribute: nearest to a number, a date or a text; without a value by the attribute, and without a"
        " field along the dimension that the rule names",
    ),
    ("viewpoint", "of Viewpoint: a point, also in another spatial reference"),
    (
        "multidimensionalDefinition",
        "variables, and values or ranges of dimensions, by their own names, the standard ones, or those of"
        " attributes; depths are negative `StdZ`",
    ),
    ("itemRenderingRule", "raster function applied to each item before they are put together"),
)
#: Resources of an item, by the rest of its path.
ITEM = (
    ("", "Attributes and footprint"),
    ("/image", "Picture of the item alone, with the parameters of exportImage"),
    ("/thumbnail", "Small picture"),
    ("/info", "Size, place, type and statistics of the file"),
    ("/info/keyProperties, /info/statistics, /info/histograms, /info/metadata", "Parts of that"),
)
#: The client behind each file of tests, or each word in a test's name.
TESTED = (
    ("test_arcgis_js", "", "@arcgis/core"),
    ("test_arcgis_js_choosing", "", "@arcgis/core"),
    ("test_arcgis_js_methods", "", "@arcgis/core"),
    ("test_arcgis_python", "", "arcgis (Python)"),
    ("test_arcgis_python_choosing", "", "arcgis (Python)"),
    ("test_qgis", "", "QGIS"),
    ("test_gdal", "", "GDAL"),
    ("test_browser", "esri_leaflet", "esri-leaflet"),
    ("test_browser", "map_libraries", "Leaflet, esri-leaflet, OpenLayers"),
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def parameters() -> str:
    """Every parameter of exportImage with its values."""
    rows = []
    for parameter in EXPORT_PARAMETERS:
        known = dict.fromkeys(choice for choice in parameter.choices if choice)
        known |= dict.fromkeys(MORE.get(parameter.name, ()))
        values = ", ".join(f"`{value}`" for value in known)
        if parameter.name == "interpolation":
            values = ", ".join(f"`RSP_{name}`" for name in INTERPOLATIONS) + " (prefix and case are free)"
        status = STATUS.get(parameter.name, "works")
        rows.append((f"`{parameter.name}`", values, parameter.hint, status))
    return table(("parameter", "values", "form", "status"), rows)


def mosaic_rules() -> str:
    """Members of a mosaic rule."""
    methods = dict.fromkeys(METHODS.values())
    names = {method: next(name for name, known in METHODS.items() if known is method) for method in methods}
    rows = [
        ("`mosaicMethod`", ", ".join(f"`{name}`" for name in names.values())),
        ("`mosaicOperation`", ", ".join(f"`MT_{operation.name}`" for operation in MosaicOperation)),
        *((", ".join(f"`{name}`" for name in names.split(", ")), form) for names, form in MEMBERS),
    ]
    return table(("member", "values"), rows)


def operations() -> str:
    """Every operation and child resource."""
    rows = [
        (", ".join(f"`{{id}}{part}`" for part in path.split(", ")), what, "", "json, pjson, html")
        for path, what in ITEM
    ]
    for operation in sorted((*ALL, *OTHERS), key=lambda one: one.name.lower()):
        named = ", ".join(f"`{parameter.name}`" for parameter in operation.parameters)
        name = f"`{operation.name}{'/…' if operation.takes_path else ''}`"
        formats = ", ".join(operation.formats)
        rows.append(
            (name, operation.title, named if operation.name != "exportImage" else "see above", formats)
        )
    return table(("resource", "what", "parameters", "`f`"), rows)


def functions() -> str:
    """Every raster function."""
    return ", ".join(f"`{name}`" for name in sorted({function.name for function in FUNCTIONS}))


def clients() -> str:
    """What real clients were seen to do."""
    rows = [
        (row["client"], row["version"], row["seen"], row["outcome"])
        for row in json.loads(RESULTS.read_text())
    ]
    return table(("client", "version", "seen", "outcome"), rows)


def page() -> str:
    """The whole document."""
    return f"""# ArcGIS image services: what works

Written by `python docs/compatibility.py` from the registries of the code and the results of the client tests.

## exportImage

{parameters()}

Case does not matter in names and in values of choices; unknown parameters are ignored; an empty value counts
as absent. GET and POST are alike.

## Mosaic rules

{mosaic_rules()}

Methods are read with or without `esriMosaic`, in any case; so is a rule that is put together from the
service's own document. Unknown members are ignored; an unknown method, operation, field or variable is an
error.

## Resources of a service

{operations()}

Everything else answers `Requested operation is not supported by this service.` with code 400 and HTTP 200.

Series of slices and items, and what lies over the edge of the world or of a band:
[arcgis-slices.md](arcgis-slices.md).

## Raster functions

In a rule without regard to case, underscores and blanks: {functions()}.

## Clients

Run by `.ci/clients` against a server on loopback; most tests compare pixels or values with what GDAL
reads; those of the legend, the slope and the palette look at form and range only.

{clients()}
"""


def versions() -> dict[str, str]:
    """Versions that the tests install or, for the packages of the system, ran with."""
    npm = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    python = (CLIENTS / "arcgis-package.txt").read_text().strip().partition("==")[2]
    three = ", ".join(npm[name] for name in ("leaflet", "esri-leaflet", "ol"))
    return {
        "@arcgis/core": npm["@arcgis/core"],
        "arcgis (Python)": python,
        "esri-leaflet": npm["esri-leaflet"],
        "Leaflet, esri-leaflet, OpenLayers": three,
    }


def results(*reports: Path) -> list[dict[str, str]]:
    """Rows from JUnit reports of tests/clients, where tests note the versions of system packages."""
    rows = []
    for case in chain.from_iterable(ElementTree.parse(report).iter("testcase") for report in reports):
        module, name = case.get("classname", "").rsplit(".", 1)[-1], case.get("name", "")
        clients = (client for file, word, client in TESTED if file == module and word in name)
        client = next(clients, None)
        if client is None:
            continue
        noted = {item.get("name"): item.get("value", "") for item in case.iter("property")}
        bad = any(case.find(tag) is not None for tag in ("failure", "error"))
        skipped = case.find("skipped") is not None
        rows.append({
            "client": client,
            "version": noted.get("version", "") or versions().get(client, ""),
            "seen": re.sub(r"\W+", " ", name.removeprefix("test_").replace("_", " ")).strip(),
            "outcome": "fails" if bad else "not run" if skipped else "passes",
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["client"], row["seen"]))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the document of what works.")
    parser.add_argument("--results", type=Path, nargs="+", help="JUnit reports of tests/clients")
    arguments = parser.parse_args()
    if arguments.results:
        RESULTS.write_text(json.dumps(results(*arguments.results), indent=1) + "\n")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
