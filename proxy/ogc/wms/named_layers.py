"""Layers and styles that requests name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.config import Config
from proxy.errors import UnknownService
from proxy.ogc.kvp import Pairs
from proxy.ogc.wms import sld
from proxy.ogc.wms.errors import WmsError, missing
from proxy.services import Registry, Service


@dataclass(frozen=True, slots=True)
class WantedLayer:
    """A layer of a map: `style` is the name of a rendering, `own` a style of the request in its place."""

    service: Service
    style: str
    own: sld.UserStyle | None = None


def wanted_layers(
    pairs: Pairs, config: Config, registry: Registry, only: Service | None
) -> tuple[WantedLayer, ...]:
    """Layers of a map, the lowest first, with their styles.

    Args:
        only: the service of the endpoint, None for all.

    Raises:
        WmsError: a layer does not exist, or the parameters do not go together.
    """
    document = sld.parse(pairs.text("sld_body")) if pairs.text("sld_body") else ()
    if not pairs.text("layers"):
        if not document:
            raise missing("layers")
        found = [each for layer in document for each in _styled(layer, registry, only)]
    else:
        names = [name.strip() for name in pairs.text("layers").split(",")]
        styles = [name.strip() for name in pairs.text("styles").split(",")] if pairs.text("styles") else []
        if styles and len(styles) != len(names):
            raise WmsError("STYLES has one entry for each layer.", "StyleNotDefined", "styles")
        styles = styles or [""] * len(names)
        found = [
            _wanted(name, style, document, registry, only) for name, style in zip(names, styles, strict=True)
        ]
    if len(found) > config.ogc.layers:
        raise WmsError(f"A map has at most {config.ogc.layers} layers.", "OperationNotSupported", "layers")
    return tuple(found)


def _styled(layer: sld.StyledLayer, registry: Registry, only: Service | None) -> list[WantedLayer]:
    service, named_style = service_of(registry, layer.name, only)
    if layer.styles:
        return [WantedLayer(service, "", style) for style in layer.styles]
    return [WantedLayer(service, style) for style in layer.named or (named_style,)]


def _wanted(
    name: str,
    style: str,
    document: tuple[sld.StyledLayer, ...],
    registry: Registry,
    only: Service | None,
) -> WantedLayer:
    service, named_style = service_of(registry, name, only)
    for layer in document:
        if layer.name.lower() == name.lower() and (own := layer.style(style)) is not None:
            return WantedLayer(service, "", own)
    return WantedLayer(service, style or named_style)


def short_name(service: Service) -> str:
    """Name without the folder: at its own endpoint a service goes by this too."""
    return service.name.rsplit("/", 1)[-1]


def service_of(registry: Registry, name: str, only: Service | None) -> tuple[Service, str]:
    """(service, style) of a layer's name: of a service, or `service:style` as other servers have it.

    Raises:
        WmsError: there is no such layer at this endpoint.
    """
    for layer, style in ((name, ""), (name.rpartition(":")[0], name.rpartition(":")[2])):
        if only is not None and layer.lower() == short_name(only).lower():
            return only, style
        try:
            found = registry.get(layer) if layer else None
        except UnknownService:
            found = None
        if found is not None and (only is None or found is only):
            return found, style
    raise WmsError(f"There is no layer '{name[:60]}' here.", "LayerNotDefined", "layers")


def queried(
    pairs: Pairs, drawn: Sequence[Service], registry: Registry, only: Service | None
) -> list[Service]:
    """Layers whose values GetFeatureInfo tells, the top one first.

    Raises:
        WmsError: none is named, or one is not in the map.
    """
    names = [name.strip() for name in pairs.text("query_layers").split(",") if name.strip()]
    if not names:
        raise missing("query_layers")
    found = [service_of(registry, name, only)[0] for name in names]
    for service, name in zip(found, names, strict=True):
        if service not in drawn:
            raise WmsError(f"The layer '{name[:60]}' is not in the map.", "LayerNotDefined", "query_layers")
    return list(reversed(found))


def legend_layer(pairs: Pairs, registry: Registry, only: Service | None) -> tuple[Service, str]:
    """The layer, and the style, of GetLegendGraphic.

    Raises:
        WmsError: there is no such layer, or the format is not offered.
    """
    if not pairs.text("layer"):
        raise missing("layer")
    kind = pairs.text("format").lower().split(";")[0].strip()
    if kind not in ("", "image/png"):
        raise WmsError("A legend is image/png.", "InvalidFormat", "format")
    service, style = service_of(registry, pairs.text("layer"), only)
    return service, pairs.text("style") or style
