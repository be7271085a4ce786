"""Callers who leave, and the renders that they leave behind."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from proxy.app import Application, create_app
from proxy.config import parse
from proxy.front.leaving import answer_or_leave
from proxy.render.context import Abandoned, ReadContext
from tests.conftest import DEMO

TILE = "/tiles/landcover/10/190/397.png"


def scope_of(
    path: str, method: str = "GET", headers: list[tuple[bytes, bytes]] | None = None
) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers or [(b"host", b"localhost")],
        "client": ("192.0.2.1", 1000),
        "server": ("127.0.0.1", 80),
    }


class Connection:
    """A caller who stays until he is told to go."""

    def __init__(self, body: list[bytes] | None = None) -> None:
        self.gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []
        self._body = body if body is not None else [b""]

    async def receive(self) -> dict[str, Any]:
        if self._body:
            part = self._body.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self._body)}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])


class Slow:
    """Renders that go on until they are told to stop, in place of the pipeline."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.times = 0

    def __call__(self, service: Any, source: Any, request: Any, context: ReadContext) -> Any:
        self.times += 1
        self.begun.set()
        assert context.abandoned is not None
        try:
            assert context.abandoned.wait(20), "nobody said that nobody waits"
            context.check()
        except Abandoned:
            self.ended.set()
            raise


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    found = Slow()
    monkeypatch.setattr("proxy.render_service.render_picture", found)
    return found


def application() -> Application:
    services = [{"name": "landcover", "source": str(DEMO / "landcover.tif")}]
    return create_app(parse({"services": services, "render": {"threads": 1}}, {}))


async def until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 20)


def test_the_render_stops_when_its_only_caller_leaves(slow: Slow) -> None:
    async def run() -> None:
        app, caller = application(), Connection()
        task = asyncio.ensure_future(app(scope_of(TILE), caller.receive, caller.send))
        await until(slow.begun)
        caller.gone.set()
        await asyncio.wait_for(task, 20)
        await until(slow.ended)
        assert caller.sent == []
        assert app.state.renderer.flight.abandoned == 1
        assert app.state.renderer.pool.close(20)

    asyncio.run(run())


def test_the_render_goes_on_while_somebody_waits(slow: Slow) -> None:
    async def run() -> None:
        app, first, second = application(), Connection(), Connection()
        one = asyncio.ensure_future(app(scope_of(TILE), first.receive, first.send))
        await until(slow.begun)
        two = asyncio.ensure_future(app(scope_of(TILE), second.receive, second.send))
        while app.state.renderer.flight.coalesced < 1:
            await asyncio.sleep(0)
        first.gone.set()
        await asyncio.wait_for(one, 20)
        assert not slow.ended.is_set()
        second.gone.set()
        await asyncio.wait_for(two, 20)
        await until(slow.ended)
        assert slow.times == 1
        assert app.state.renderer.pool.close(20)

    asyncio.run(run())


def test_what_waits_in_the_queue_is_never_begun(slow: Slow) -> None:
    async def run() -> None:
        app, first, second = application(), Connection(), Connection()
        one = asyncio.ensure_future(app(scope_of(TILE), first.receive, first.send))
        await until(slow.begun)
        other = scope_of("/tiles/landcover/11/380/794.png")
        two = asyncio.ensure_future(app(other, second.receive, second.send))
        while not app.state.renderer.pool.waiting:
            await asyncio.sleep(0)
        second.gone.set()
        await asyncio.wait_for(two, 20)
        while app.state.renderer.pool.waiting:
            await asyncio.sleep(0)
        first.gone.set()
        await asyncio.wait_for(one, 20)
        await until(slow.ended)
        assert app.state.renderer.pool.close(20)
        assert slow.times == 1

    asyncio.run(run())


def test_who_asks_after_all_have_left_gets_a_picture(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        app, first, second = application(), Connection(), Connection()
        one = asyncio.ensure_future(app(scope_of(TILE), first.receive, first.send))
        await until(slow.begun)
        monkeypatch.undo()
        first.gone.set()
        await asyncio.wait_for(one, 20)
        await asyncio.wait_for(app(scope_of(TILE), second.receive, second.send), 20)
        assert second.status == 200
        assert app.state.renderer.pool.close(20)

    asyncio.run(run())


def test_a_form_is_read_to_its_end_before_anybody_leaves() -> None:
    async def run() -> None:
        seen: list[bytes] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            more = True
            while more:
                message = await receive()
                seen.append(message["body"])
                more = message["more_body"]
            assert (await receive())["type"] == "http.disconnect"

        caller = Connection([b"a=1", b"&b=2"])
        scope = scope_of("/", "POST", [(b"content-length", b"7")])
        task = asyncio.ensure_future(answer_or_leave(app, scope, caller.receive, caller.send, lambda: True))
        while len(seen) < 2:
            await asyncio.sleep(0)
        caller.gone.set()
        assert await asyncio.wait_for(task, 20) is True
        assert seen == [b"a=1", b"&b=2"]

    asyncio.run(run())


def test_what_is_done_after_the_answer_is_left_alone() -> None:
    async def run() -> None:
        done = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.body"})
            caller.gone.set()
            await asyncio.sleep(0.01)
            done.append(True)

        caller = Connection()
        answered = await answer_or_leave(
            app, scope_of("/"), caller.receive, caller.send, lambda: bool(caller.sent)
        )
        assert (answered, done) == (True, [True])

    asyncio.run(run())


def test_the_servers_own_cancelling_is_not_swallowed() -> None:
    async def run() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await asyncio.sleep(60)

        caller = Connection()
        working = answer_or_leave(app, scope_of("/"), caller.receive, caller.send, lambda: False)
        task = asyncio.ensure_future(working)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_errors_go_through() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("own")

    async def run() -> None:
        caller = Connection()
        with pytest.raises(ValueError, match="own"):
            await answer_or_leave(app, scope_of("/"), caller.receive, caller.send, lambda: False)

    asyncio.run(run())
