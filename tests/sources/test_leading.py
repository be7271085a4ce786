from __future__ import annotations

import pytest

from proxy.errors import CannotOpen
from proxy.sources.leading import check_leads_nowhere, leads_on


def test_names_say_what_leads_on() -> None:
    assert leads_on("/data/a.vrt")
    assert leads_on("https://h/a.VRT?x=1")
    assert not leads_on("https://h/a.tif?x=a.vrt")


def test_a_format_that_leads_on_is_refused_under_another_name() -> None:
    with pytest.raises(CannotOpen):
        check_leads_nowhere("VRT", "/data/a.tif")
    check_leads_nowhere("VRT", "/data/a.vrt")
    check_leads_nowhere("GTiff", "/data/a.tif")
