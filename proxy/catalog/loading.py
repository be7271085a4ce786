"""Items from the rows of the catalog's file."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import shapely

from proxy.catalog.attributes import ID, SHAPE
from proxy.catalog.base import Item
from proxy.catalog.coding import load_assets, load_facts
from proxy.catalog.schema import State, cell

_ID = cell(ID)


def items_of(connection: sqlite3.Connection, state: State, ids: list[int]) -> list[Item]:
    """Items by id, in the order of the ids; those that do not exist are left out."""
    names = [field.name for field in state.fields if field.name != SHAPE]
    columns = ", ".join(map(cell, names))
    found = connection.execute(
        "SELECT keys.key, details.version, details.assets, kinds.facts, details.transform, details.footprint,"
        " details.seamline, "
        f"{columns} FROM json_each(?) AS wanted CROSS JOIN items ON {_ID} = wanted.value JOIN details ON"
        f" details.id = {_ID} JOIN keys ON keys.id = {_ID} JOIN kinds ON kinds.id = details.kind",
        (json.dumps(ids),),
    ).fetchall()
    shapes = shapely.from_wkb(np.array([row[5] for row in found], object))
    seams = shapely.from_wkb(np.array([row[6] for row in found], object))
    items = {}
    for row, footprint, seamline in zip(found, shapes, seams, strict=True):
        key, version, assets, kind, transform, _, _, *values = row
        attributes = dict(zip(names, values, strict=True))
        items[attributes[ID]] = Item(
            id=attributes[ID],
            key=key,
            name=attributes["Name"],
            assets=load_assets(assets),
            facts=load_facts(kind, transform),
            footprint=footprint,
            version=version,
            attributes=attributes,
            pixel_sizes=(attributes["LowPS"], attributes["HighPS"]),
            visible=(attributes["MinPS"], attributes["MaxPS"]),
            seamline=seamline,
        )
    return [items[item] for item in ids if item in items]
