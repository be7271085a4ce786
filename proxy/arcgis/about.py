"""`info/iteminfo`, `info/metadata`, `info/thumbnail`: what portals show of a service."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from starlette.responses import Response

from proxy.arcgis.call import Answer, Call, Operation
from proxy.arcgis.errors import UnsupportedOperation
from proxy.arcgis.respond import Document
from proxy.arcgis.spatial_reference import reference_document
from proxy.model import EncodeOptions, ImageFormat, RenderRequest
from proxy.render.pipeline import overall_grid
from proxy.selection import EVERYTHING, Selection
from proxy.services import Service
from proxy.web import picture_response

THUMBNAIL_SIDE = 200


async def about(call: Call) -> Answer:
    """The resources below `info`."""
    service = await call.opened()
    match tuple(part.lower() for part in call.rest):
        case () | ("iteminfo",):
            return item_info(service)
        case ("metadata",):
            return metadata_response(service)
        case ("thumbnail",) | ("thumbnail", _):
            return await thumbnail(call)
    raise UnsupportedOperation


def item_info(service: Service) -> Document:
    """Title, description and place of the service."""
    bounds = service.info.geographic_bounds
    return {
        "culture": "en-US",
        "name": service.name,
        "guid": "",
        "catalogPath": "",
        "snippet": service.description,
        "description": service.description,
        "summary": service.description,
        "title": service.title,
        "tags": ["image service"],
        "type": "Image Service",
        "typeKeywords": ["Data", "Service", "Image Service", "ArcGIS Server"],
        "thumbnail": "thumbnail/thumbnail.png",
        "url": "",
        "extent": [] if bounds is None else [list(bounds[:2]), list(bounds[2:])],
        "spatialReference": str(reference_document(service.info.crs).get("wkid", "")),
        "accessInformation": service.attribution,
        "licenseInfo": "",
    }


def metadata_response(service: Service) -> Response:
    """Metadata in Esri's XML: title, abstract, credits and bounding box."""
    root = Xml.Element("metadata", {"xml:lang": "en"})
    identification = Xml.SubElement(root, "dataIdInfo")
    Xml.SubElement(Xml.SubElement(identification, "idCitation"), "resTitle").text = service.title
    Xml.SubElement(identification, "idAbs").text = service.description
    Xml.SubElement(identification, "idCredit").text = service.attribution
    if (bounds := service.info.geographic_bounds) is not None:
        box = Xml.SubElement(Xml.SubElement(identification, "dataExt"), "geoEle")
        box = Xml.SubElement(box, "GeoBndBox")
        names = ("westBL", "southBL", "eastBL", "northBL")
        for name, value in zip(names, bounds, strict=True):
            Xml.SubElement(box, name).text = repr(value)
    system = Xml.SubElement(Xml.SubElement(root, "refSysInfo"), "RefSystem")
    code = reference_document(service.info.crs).get("latestWkid")
    if code is not None:
        Xml.SubElement(Xml.SubElement(system, "refSysID"), "identCode", {"code": str(code)})
    body = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, media_type="text/xml", headers={"X-Content-Type-Options": "nosniff"})


async def thumbnail(call: Call, selection: Selection = EVERYTHING) -> Response:
    """A small picture of the whole service, or of a slice, in its default rendering."""
    service = await call.opened()
    order = RenderRequest(
        service=service.name,
        grid=overall_grid(service.source.at(selection), THUMBNAIL_SIDE),
        format=ImageFormat.PNG,
        interpolation=service.interpolation,
        rule=service.default_rendering.rule,
        options=EncodeOptions(effort=service.effort),
        selection=selection,
    )
    rendered = await call.renderer.render(service, order)
    return picture_response(call.request, rendered, service.config.cache)


OPERATION = Operation("info", about, "About the service", takes_path=True)
