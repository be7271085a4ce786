from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from proxy.catalog.base import Progress
from proxy.listing.builder import open_catalog
from proxy.listing.report import NAMED, progress_bar, summary_lines
from tests.listing.support import copies
from tests.listing.test_builder import config_of
from tests.listing.test_features import feature, write


def test_a_summary_says_what_there_is(tmp_path: Path) -> None:
    copies(tmp_path / "data", "a.tif", "b.tif")
    bad = [feature({"file": f"no{index}.tif"}) for index in range(NAMED + 5)]
    dated = [
        feature({"file": f"{name}.tif", "date": day})
        for name, day in (("a", "2018-01-31"), ("b", "2019-12-31"))
    ]
    index = write(tmp_path / "data" / "index.geojson", *dated, *bad)
    config = config_of(tmp_path, str(index))
    lines = summary_lines(open_catalog(config.services[0], config, background=False))
    assert lines[0] == "2 items, EPSG:3857, 2018-01-31 to 2019-12-31"
    assert lines[1].startswith("fields: OBJECTID, Shape, Name (text), ")
    assert "AcquisitionDate (date)" in lines[1]
    assert lines[2] == f"{NAMED + 5} could not be read:"
    assert lines[3] == f"  {index}#2: The source does not exist."
    assert lines[-1] == "  and 5 more"


def test_a_bar_shows_on_a_terminal_only() -> None:
    for terminal in (True, False):
        out = io.StringIO()
        with progress_bar("valley", Console(file=out, force_terminal=terminal, width=120)) as tell:
            tell(Progress(5, 10, False, 2))
        assert ("valley" in out.getvalue()) is terminal
        assert ("2 unreadable" in out.getvalue()) is terminal
