"""Replay recorded requests of real clients and judge each answer as the client would.

    python benchmarks/replay_corpus.py ../shared/corpus/requests.jsonl \
        --recorded ../shared/reference/recorded-responses.md

Every record goes to a service of the kind it needs, in process: of the demo, or of the data beside the corpus
(`data` next to its folder), where it needs many rasters or dimensions. An answer is good when it is a picture
of the right size and type that is not blank, a document with the keys of the recorded one, or the documented
error where the record calls for one. Exit status 1 when an answer is not good.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from corpus_services import services
from judging import Bad, Judge
from retargeting import CHOOSING, Mover, Record, service_name
from starlette.applications import Starlette
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.arcgis.operations import OPERATIONS
from proxy.arcgis.relaxed import parse_json
from proxy.functions.registry import find


@dataclass
class Outcome:
    """What became of a record."""

    record: Record
    service: str
    reason: str = ""
    later: str = ""
    notes: list[str] = field(default_factory=list)


def unknown_functions(record: Record) -> list[str]:
    """Functions of the request's rules that the registry has not."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            name = value.get("rasterFunction")
            adapted = str(record["retarget"].get("adapt", ""))
            if (
                isinstance(name, str)
                and name.lower() != "none"
                and f": {name}" not in adapted
                and find(name) is None
            ):
                found.append(name)
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    for name in ("renderingRule", "renderingRules"):
        try:
            walk(parse_json(str(record["params"].get(name) or "null")))
        except ValueError:
            continue
    return sorted(set(found))


def replay(path: Path, recorded: Path | None) -> list[Outcome]:
    """Send all records."""
    records = [json.loads(line) for line in path.read_text().splitlines() if line]
    with TemporaryDirectory() as folder:
        app = create_app(services(path.resolve().parents[1] / "data", Path(folder)))
        return _replay(app, records, recorded)


def _replay(app: Starlette, records: list[Record], recorded: Path | None) -> list[Outcome]:
    with TestClient(app, raise_server_exceptions=False) as client:
        judge = Judge(client, recorded)
        return [_replayed(record, app.state.registry.get(service_name(record)), judge) for record in records]


def _replayed(record: Record, service: Any, judge: Judge) -> Outcome:
    service.source  # noqa: B018  opened before its extent is asked for
    mover = Mover(record, service)
    outcome = Outcome(record, service.name, notes=mover.notes)
    pairs = mover.moved()
    mover.pairs = pairs
    url = f"/arcgis/rest/services/{service.name}/ImageServer/{mover.path()}"
    try:
        if record["method"] == "POST":
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            response = judge.client.post(url, content=urlencode(pairs), headers=form)
        else:
            response = judge.client.get(url, params=pairs)
        judge.judge(mover, response)
    except Bad as bad:
        outcome.reason = str(bad)
        outcome.later = _later(record)
    return outcome


def _later(record: Record) -> str:
    """Why an answer cannot be good yet: a function or an operation that does not exist."""
    if functions := unknown_functions(record):
        return f"function {', '.join(functions)}"
    name = record["path"].strip("/").split("/")[0].lower()
    if record["operation"] not in ("root", "exportImage") and not name.isdigit() and name not in OPERATIONS:
        return f"operation {record['operation']}"
    return ""


def report(outcomes: list[Outcome]) -> None:
    """Counts for each operation, kind and function, then what failed."""
    good = [outcome for outcome in outcomes if not outcome.reason]
    print(f"{len(good)} of {len(outcomes)} answered as a real server would\n")
    titles = ("operation", "kind of service", "service", "choice", "format", "function")
    tables: dict[str, defaultdict[str, Counter[bool]]] = {title: defaultdict(Counter) for title in titles}
    for outcome in outcomes:
        labels = outcome.record["features"]
        tables["operation"][outcome.record["operation"]][not outcome.reason] += 1
        for kind in outcome.record["retarget"]["service"]:
            tables["kind of service"][kind][not outcome.reason] += 1
        tables["service"][outcome.service][not outcome.reason] += 1
        for name in CHOOSING:
            if any(key.lower() == name and value for key, value in outcome.record["params"].items()):
                tables["choice"][name][not outcome.reason] += 1
        for label in labels:
            if label.startswith("format:") and outcome.record["operation"] == "exportImage":
                tables["format"][label[7:]][not outcome.reason] += 1
            elif label.startswith("rr:"):
                tables["function"][label[3:]][not outcome.reason] += 1
    for title, rows in tables.items():
        print(f"| {title} | good | of |\n|---|---:|---:|")
        for name, counts in sorted(rows.items(), key=lambda row: -row[1].total()):
            print(f"| {name} | {counts[True]} | {counts.total()} |")
        print()
    for outcome in outcomes:
        if outcome.reason:
            record = outcome.record
            because = f" [{outcome.later}]" if outcome.later else ""
            print(f"{record['id']} {record['operation']} on {outcome.service}: {outcome.reason}{because}")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("requests", type=Path)
    parser.add_argument("--recorded", type=Path, help="tables of the keys of recorded answers")
    arguments = parser.parse_args()
    outcomes = replay(arguments.requests, arguments.recorded)
    report(outcomes)
    return int(any(outcome.reason for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
