"""XML documents, written with namespaces and read without trust."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

OWS = "http://www.opengis.net/ows/1.1"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"

#: Longest document that is read, in characters.
LONGEST = 500_000
#: What no XML document can hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: An element; lxml has no types of its own.
Element = Any


class Malformed(ValueError):
    """The text is no XML document that is read here."""


def root(tag: str, namespaces: dict[str | None, str], schema: str = "", **attributes: str) -> Element:
    """The first element of a document.

    Args:
        tag: with its namespace as `{namespace}name`.
        namespaces: by prefix.
        schema: pairs of namespace and address, for validating readers; none when empty.
        attributes: by name.
    """
    element = etree.Element(tag, attributes, nsmap=namespaces | ({"xsi": XSI} if schema else {}))
    if schema:
        element.set(f"{{{XSI}}}schemaLocation", schema)
    return element


def child(parent: Element, tag: str, text: str | float | None = None, **attributes: str) -> Element:
    """A new last child. Its tag has the namespace of the parent unless it names one as `{namespace}name`."""
    if not tag.startswith("{"):
        space = etree.QName(parent).namespace
        tag = f"{{{space}}}{tag}" if space else tag
    element = etree.SubElement(parent, tag, attributes)
    if text is not None:
        element.text = clean(str(text))
    return element


def link(parent: Element, tag: str, href: str) -> Element:
    """A new last child that points to an address."""
    if not tag.startswith("{") and (space := etree.QName(parent).namespace):
        tag = f"{{{space}}}{tag}"
    # Declared here where no element above has done so.
    element = etree.SubElement(parent, tag, nsmap={"xlink": XLINK})
    element.set(f"{{{XLINK}}}type", "simple")
    element.set(f"{{{XLINK}}}href", href)
    return element


def clean(text: str) -> str:
    """A text without the characters that XML has no room for."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def written(element: Element, doctype: str | None = None) -> bytes:
    """The document in UTF-8, indented."""
    body: bytes = etree.tostring(
        element, encoding="UTF-8", xml_declaration=True, pretty_print=True, doctype=doctype
    )
    return body


def read(text: str) -> Element:
    """The root of a document from a stranger: no entities, no document type, nothing fetched.

    Raises:
        Malformed: it is not well-formed, has a document type, or is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        raise Malformed(f"It is longer than {LONGEST} characters.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        found = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed("It is not well-formed XML.") from error
    if found.getroottree().docinfo.doctype:
        raise Malformed("Document types are not read.")
    return found


def local_name(element: Element) -> str:
    """Name of an element without its namespace."""
    return str(etree.QName(element).localname)
