from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.admin.orders import Order, holds, order_of
from proxy.app import read_renderings
from proxy.config import parse
from proxy.errors import BadRequest
from proxy.services import Registry, Service

S3 = {
    "Records": [
        {
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "scenes"}, "object": {"key": "a+folder/%C3%A9t%C3%A9.tif"}},
        },
        {"s3": {"bucket": {"name": "scenes"}, "object": {"key": "b.tif"}}},
    ]
}  # fmt: skip
BRIDGE = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"bucket": {"name": "scenes"}, "object": {"key": "a folder/été.tif"}},
}
SOURCES = ("s3://scenes/a folder/été.tif", "s3://scenes/b.tif")


@pytest.mark.parametrize(
    ("data", "order"),
    [
        ({"service": "dem"}, Order(("dem",))),
        ({"service": ["a", "b/c"], "zooms": 5}, Order(("a", "b/c"), zooms=(5, 5))),
        ({"all": True, "zooms": "0-12"}, Order(everything=True, zooms=(0, 12))),
        ({"service": "a", "bbox": "1,2,3.5,4"}, Order(("a",), bounds=(1, 2, 3.5, 4))),
        ({"service": "a", "bbox": [170, -10, -170, 10]}, Order(("a",), bounds=(170, -10, 190, 10))),
        ({"source": "s3://x/y.tif", "zooms": [3, 4]}, Order((), ("s3://x/y.tif",), zooms=(3, 4))),
        (S3, Order(sources=SOURCES)),
        (BRIDGE, Order(sources=SOURCES[:1])),
        ({"Type": "Notification", "Message": json.dumps(S3), "TopicArn": "x"}, Order(sources=SOURCES)),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "scenes"}, Order()),
    ],
)
def test_orders(data: dict[str, Any], order: Order) -> None:
    assert order_of(data) == order


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ([], "object"), ({}, "needed"), ({"all": False}, "needed"), ({"service": []}, "needed"),
        ({"servce": "a"}, "servce"), ({"service": 5}, "service"), ({"service": [""]}, "service"),
        ({"all": "yes"}, "all"), ({"service": "a", "bbox": "1,2,3"}, "bbox"),
        ({"service": "a", "bbox": [1, 2, 3, "x"]}, "bbox"), ({"service": "a", "bbox": [1, 9, 3, 4]}, "bbox"),
        ({"service": "a", "bbox": [1, 2, 3, 99]}, "bbox"), ({"service": "a", "bbox": {}}, "bbox"),
        ({"service": "a", "bbox": [1, 2, 3, float("nan")]}, "bbox"),
        ({"service": "a", "zooms": "9-1"}, "zooms"),
        ({"service": "a", "zooms": "-1"}, "zooms"), ({"service": "a", "zooms": "a-b"}, "zooms"),
        ({"service": "a", "zooms": 99}, "zooms"), ({"service": "a", "zooms": None, "source": 1}, "source"),
        ({"Records": [{}]}, "bucket"), ({"Records": 5}, "bucket"), ({"detail": []}, "bucket"),
        ({"Records": [{"s3": {"bucket": {"name": 1}, "object": {"key": "a"}}}]}, "bucket"),
        ({"Type": "Notification", "Message": "{"}, "JSON"),
        ({"Type": "Notification", "Message": "[]"}, "object"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_said(data: Any, word: str) -> None:
    with pytest.raises(BadRequest) as caught:
        order_of(data)
    assert word in caught.value.message


def service_of(**settings: Any) -> Service:
    config = parse({"services": [{"name": "a", **settings}]}, {})
    return Registry(config, read_renderings).get("a")


@pytest.mark.parametrize(
    ("settings", "source", "expected"),
    [
        ({"source": "s3://b/a.tif"}, "s3://b/a.tif", True),
        ({"source": "s3a://b/a.tif"}, "s3://b/a.tif", True),
        ({"source": "s3://b/a.tif"}, "s3://c/a.tif", False),
        ({"source": "s3://b/a.tif"}, "s3://b/a.tif.ovr", False),
        ({"source": "/data/x/../a.tif"}, "/data/a.tif", True),
        ({"mosaic": {"source": "s3://b/scenes/"}}, "s3://b/scenes/2020/a.tif", True),
        ({"mosaic": {"source": "s3://b/scenes/*.tif"}}, "s3://b/scenes/a.tif", True),
        ({"mosaic": {"source": ["s3://b/x.tif", "s3://b/y.tif"]}}, "s3://b/y.tif", True),
        ({"mosaic": {"source": "s3://b/scenes"}}, "s3://b/scenes-old/a.tif", False),
    ],
)
def test_services_that_are_made_of_an_object(settings: dict[str, Any], source: str, expected: bool) -> None:
    assert holds(service_of(**settings), source) is expected
