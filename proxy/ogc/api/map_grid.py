"""From the parameters of a map to its pixels: which ground, how large, in which system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.crs import UnknownCRS, transform_bounds, transformer
from proxy.errors import ImageTooLarge, InvalidParameter, OutsideExtent, ProxyError
from proxy.model import Extent, Grid
from proxy.ogc.api.collections import output_systems
from proxy.ogc.api.extents import union
from proxy.ogc.api.scale import MM_PER_PIXEL, metres_per_unit
from proxy.ogc.api.subset import Range, box, point
from proxy.ogc.api.values import number, numbers, pixels, positive
from proxy.ogc.crs_names import CRS84, NamedCRS, read
from proxy.services import Service
from proxy.xyz.tilejson import resolution

#: Farthest coordinate, smallest side of a map, and smallest side as a part of the farthest coordinate.
FARTHEST, SMALLEST, PRECISION = 1e10, 1e-9, 1e-12
#: Longer side of a map whose size is not asked for.
SIZE = 1024


@dataclass(frozen=True, slots=True)
class Viewport:
    """Pixels of a map, with their system as responses name it."""

    grid: Grid
    crs: NamedCRS


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Width and height in pixels, and metres of the ground in one, as far as they are asked for."""

    width: int | None
    height: int | None
    metres: float | None


class NothingThere(ProxyError):
    """What is asked for lies wholly outside what there is: an answer without content."""

    status = 204


def viewport(services: Sequence[Service], query: Mapping[str, str], spatial: Sequence[Range]) -> Viewport:
    """The pixels that a request asks for.

    Args:
        services: of the map; system and limits are those of the first.
        query: its parameters, without `subset`. spatial: ranges of `subset` on the axes of maps.

    Raises:
        InvalidParameter: a value has no meaning, or two contradict.
        ImageTooLarge: more pixels than the service draws.
        NothingThere: the subset lies beyond the values that its axes can have.
    """
    crs = output_crs(services[0], query.get("crs", ""))
    sizes = _sizes(query)
    bbox, center = query.get("bbox", "").strip(), query.get("center", "").strip()
    if sum(map(bool, (bbox, center, spatial))) > 1:
        raise InvalidParameter("bbox", "Only one of bbox, center and a spatial subset can be given.")
    if bbox:
        named = input_crs(query, "bbox-crs")
        grid = _of_box(crs, _moved(_bbox(bbox, named), named, crs), sizes)
    elif spatial and (place := _subset_point(query, spatial, crs)) is not None:
        grid = _around(crs, place, sizes, services)
    elif spatial:
        named = input_crs(query, "subset-crs")
        wanted, outside = box(spatial, named, whole_extent(services, named))
        if outside:
            raise NothingThere("The subset lies outside the values of its axes.")
        grid = _of_box(crs, _moved(wanted, named, crs), sizes)
    elif center or sizes.metres is not None:
        place = _center(query, center, services, crs)
        grid = _around(crs, place, sizes, services)
    else:
        grid = _of_box(crs, whole_extent(services, crs), sizes)
    _check_size(services[0], grid)
    return Viewport(grid, crs)


def output_crs(service: Service, text: str) -> NamedCRS:
    """System of the map: one of those of the collection, its storage system where none is named.

    Raises:
        InvalidParameter: the collection is not drawn in it.
    """
    known = output_systems(service.info)
    if not text.strip():
        return known[0]
    found = _read(text, "crs")
    if found not in known:
        raise InvalidParameter("crs", f"Maps come in {', '.join(each.short for each in known)}.")
    return found


def input_crs(query: Mapping[str, str], name: str) -> NamedCRS:
    """System of coordinates in a request, any that PROJ knows; CRS84 where none is named."""
    text = query.get(name, "")
    return _read(text, name) if text.strip() else CRS84


def _read(text: str, name: str) -> NamedCRS:
    try:
        return read(text)
    except UnknownCRS as error:
        raise InvalidParameter(name, error.message) from None


def resized(service: Service, grid: Grid, crs: NamedCRS, query: Mapping[str, str]) -> Grid:
    """A tile at the size that is asked for: of itself, by its width, its height, or its scale.

    Raises:
        InvalidParameter: a value has no meaning, or two contradict.
        ImageTooLarge: more pixels than the service draws.
    """
    sizes = _sizes(query)
    width, height = sizes.width, sizes.height
    if sizes.metres is not None:
        if width or height:
            raise InvalidParameter("scale-denominator", "A tile has a size or a scale.")
        across, up = metres_per_unit(crs, *grid.extent.center)
        width = _count(grid.extent.width * across / sizes.metres)
        height = _count(grid.extent.height * up / sizes.metres)
    if width is None and height is None:
        return grid
    width = width or _count(grid.width * (height or 1) / grid.height)
    height = height or _count(grid.height * width / grid.width)
    found = Grid(grid.crs, grid.extent, width, height)
    _check_size(service, found)
    return found


def _sizes(query: Mapping[str, str]) -> _Sizes:
    width = pixels(query.get("width", ""), "width")
    height = pixels(query.get("height", ""), "height")
    scale = positive(query.get("scale-denominator", ""), "scale-denominator")
    mm = positive(query.get("mm-per-pixel", ""), "mm-per-pixel") or MM_PER_PIXEL
    return _Sizes(width, height, None if scale is None else scale * mm / 1000.0)


def _bbox(text: str, crs: NamedCRS) -> Extent:
    found = numbers(text, "bbox", (4, 6))
    if len(found) == 6:
        found = (found[0], found[1], found[3], found[4])
    first, second, third, fourth = found
    extent = crs.box((first, second, third, fourth))
    if crs.reference.is_geographic and extent.xmin > extent.xmax:
        # West lies east of east where the antimeridian is crossed.
        extent = Extent(extent.xmin, extent.ymin, extent.xmax + 360.0, extent.ymax)
    if not (extent.xmin < extent.xmax and extent.ymin < extent.ymax):
        raise InvalidParameter("bbox", "The lower left corner comes first, then the upper right one.")
    return extent


def _moved(extent: Extent, source: NamedCRS, target: NamedCRS) -> Extent:
    """A box in the system of the map: as it is where the two have the same coordinates."""
    try:
        return Extent(*transform_bounds(extent.as_tuple(), source.reference, target.reference))
    except OutsideExtent:
        raise NothingThere(f"The box does not exist in {target.short}.") from None


def whole_extent(services: Sequence[Service], crs: NamedCRS) -> Extent:
    """Envelope of all data of a map.

    Raises:
        InvalidParameter: none of them exist in that system.
    """
    boxes = []
    for service in services:
        info = service.info
        bounds = info.geographic_bounds
        assert bounds is not None
        crossing = bounds[0] < -180 or bounds[2] > 180
        source = (bounds, CRS84.reference) if crossing else (info.extent.as_tuple(), info.crs)
        try:
            boxes.append(transform_bounds(*source, crs.reference))
        except OutsideExtent:
            continue
    if not boxes:
        raise InvalidParameter("crs", f"The data do not exist in {crs.short}.")
    return Extent(*union(boxes))


def _center(
    query: Mapping[str, str], text: str, services: Sequence[Service], crs: NamedCRS
) -> tuple[float, float]:
    if not text:
        return whole_extent(services, crs).center
    named = input_crs(query, "center-crs")
    first, second = numbers(text, "center", (2,))
    return _place(named.ordered(first, second), named, crs, "center")


def _subset_point(
    query: Mapping[str, str], spatial: Sequence[Range], crs: NamedCRS
) -> tuple[float, float] | None:
    named = input_crs(query, "subset-crs")
    found = point(spatial, named)
    if found is None:
        return None
    if named.reference.is_geographic and (abs(found[0]) > 180.0 or abs(found[1]) > 90.0):
        raise NothingThere("The subset lies outside the values of its axes.")
    return _place(found, named, crs, "subset")


def _place(place: tuple[float, float], source: NamedCRS, target: NamedCRS, name: str) -> tuple[float, float]:
    if source.reference == target.reference:
        return place
    moved = transformer(source.reference, target.reference).transform(*place)
    return number(str(moved[0]), name), number(str(moved[1]), name)


def _around(crs: NamedCRS, place: tuple[float, float], sizes: _Sizes, services: Sequence[Service]) -> Grid:
    """Pixels of the asked scale, or the native one, around a place."""
    width = sizes.width or sizes.height or SIZE
    height = sizes.height or sizes.width or SIZE
    if sizes.metres is None:
        side = resolution(services[0].info, crs.reference)
        across = up = side
    else:
        metres = metres_per_unit(crs, *place)
        across, up = sizes.metres / metres[0], sizes.metres / metres[1]
    half_x, half_y = across * width / 2, up * height / 2
    extent = Extent(place[0] - half_x, place[1] - half_y, place[0] + half_x, place[1] + half_y)
    return Grid(crs.reference, extent, width, height)


def _of_box(crs: NamedCRS, extent: Extent, sizes: _Sizes) -> Grid:
    """A box at the asked size; what is not asked for is found so that pixels are square on the ground."""
    width, height = sizes.width, sizes.height
    if sizes.metres is not None and (width or height):
        raise InvalidParameter("scale-denominator", "It goes with a box or with a size, not with both.")
    if width is None or height is None:
        across, up = metres_per_unit(crs, *extent.center)
        ground = extent.width * across, extent.height * up
        metres = sizes.metres
        if metres is None:
            if width is not None:
                metres = ground[0] / width
            elif height is not None:
                metres = ground[1] / height
            else:
                metres = max(ground) / SIZE
        width = width or _count(ground[0] / metres)
        height = height or _count(ground[1] / metres)
    return Grid(crs.reference, extent, width, height)


def _count(value: float) -> int:
    return max(1, round(min(value, 1e9)))


def _check_ground(grid: Grid) -> None:
    """Refuse boxes that are no ground: without extent, or so far off that numbers run out of digits."""
    e = grid.extent
    farthest = max(map(abs, e.as_tuple()))
    # Compared so that what is no number at all is refused as well.
    if not (farthest <= FARTHEST and min(e.width, e.height) > max(farthest * PRECISION, SMALLEST)):
        raise InvalidParameter("bbox", "What is asked for is too small, or too far off, to be drawn.")


def _check_size(service: Service, grid: Grid) -> None:
    _check_ground(grid)
    limits = service.config.limits
    if grid.width > limits.max_width or grid.height > limits.max_height:
        raise ImageTooLarge(grid.width, grid.height, limits.max_width, limits.max_height)
