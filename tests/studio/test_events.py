"""The stream of events: everything once and in order, replay after a reconnect, no client holds up another."""

from __future__ import annotations

import asyncio
import json

import pytest

from hitmark.studio import events
from hitmark.studio.events import WAITING, Client, Hub
from hitmark.studio.refusals import RefusedError

PATIENCE = 600  # seconds; what is waited for is there at once


def parsed(text: bytes) -> list[tuple[str, str, dict]]:
    """(id, event, data) of each event in a piece of the stream."""
    found = []
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
        if fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


async def receive(stream, count: int) -> list[tuple[str, str, dict]]:
    found: list = []
    while len(found) < count:
        found += parsed(await asyncio.wait_for(anext(stream), PATIENCE))
    return found


def test_a_new_client_is_told_everything_there_is():
    async def scenario():
        hub = Hub(lambda: [{"id": "a"}, {"id": "b"}])
        stream = hub.stream()
        told = await receive(stream, 3)
        assert [(event, data.get("id")) for _, event, data in told] == [("hello", None), ("job", "a"), ("job", "b")]
        hub.publish("preview", {"id": "a", "step": 1})
        ((identity, event, data),) = await receive(stream, 1)
        assert (event, data, identity.endswith("-1")) == ("preview", {"id": "a", "step": 1}, True)

    asyncio.run(scenario())


def test_a_client_that_comes_back_gets_what_it_missed_and_no_more():
    async def scenario():
        hub = Hub(lambda: [{"id": "all"}])
        stream = hub.stream()
        await receive(stream, 2)
        hub.publish("job", {"id": 1})
        ((last, _, _),) = await receive(stream, 1)
        await stream.aclose()
        for number in (2, 3):
            hub.publish("job", {"id": number})
        again = hub.stream(last)
        assert [data["id"] for _, _, data in await receive(again, 2)] == [2, 3]
        hub.publish("job", {"id": 4})
        assert [data["id"] for _, _, data in await receive(again, 1)] == [4]

    asyncio.run(scenario())


@pytest.mark.parametrize("last", ["", "nonsense", "0-1", "-", "-1", "x" * 9000, "ab-9999999999999999999", None])
def test_an_id_of_another_server_gives_everything(last):
    async def scenario():
        hub = Hub(lambda: [])
        hub.publish("job", {"id": 1})
        ((_, event, _),) = await receive(hub.stream(last), 1)
        assert event == "hello"

    asyncio.run(scenario())


def test_what_is_no_longer_kept_gives_everything(monkeypatch):
    async def scenario():
        hub = Hub(lambda: [])
        hub.publish("job", {"id": 0})
        first = f"{hub._start}-1"
        for number in range(events.KEPT + 5):
            hub.publish("job", {"id": number})
        assert (await receive(hub.stream(first), 1))[0][1] == "hello"
        assert (await receive(hub.stream(f"{hub._start}-6"), 1))[0][1] == "job"

    asyncio.run(scenario())


def test_fifty_clients_and_one_that_never_reads():
    async def scenario():
        hub = Hub(lambda: [])
        streams = [hub.stream() for _ in range(50)]
        for stream in streams:
            await receive(stream, 1)
        stuck = hub.stream()
        await receive(stuck, 1)
        count = WAITING + 50
        for number in range(count):
            hub.publish("job", {"id": number})
            if number % 100 == 0:
                for stream in streams:
                    await receive(stream, 1 if number == 0 else 100)
        for stream in streams:
            told = await receive(stream, (count - 1) % 100)
            assert told[-1][2] == {"id": count - 1}
        with pytest.raises(StopAsyncIteration):  # let go, with nothing left in its queue
            await asyncio.wait_for(anext(stuck), PATIENCE)
        assert len(hub._clients) == 50
        for stream in streams:
            await stream.aclose()
        assert not hub._clients

    asyncio.run(scenario())


def test_a_full_queue_keeps_no_memory():
    async def scenario():
        client = Client()
        for _ in range(3 * WAITING):
            client.offer(b"x" * 1000)
        assert client.queue.qsize() == 1
        assert client.queue.get_nowait() is None

    asyncio.run(scenario())


def test_signs_of_life():
    async def scenario():
        hub = Hub(lambda: [], ping=0.01)
        stream = hub.stream()
        await anext(stream)
        assert await asyncio.wait_for(anext(stream), PATIENCE) == b": ping\n\n"

    asyncio.run(scenario())


def test_streams_end_with_the_server():
    async def scenario():
        hub = Hub(lambda: [])
        stream = hub.stream()
        await anext(stream)
        hub.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(stream), PATIENCE)
        late = hub.stream()
        await anext(late)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(late), PATIENCE)

    asyncio.run(scenario())


def test_too_many_clients_are_refused(monkeypatch):
    monkeypatch.setattr(events, "MOST_CLIENTS", 1)

    async def scenario():
        hub = Hub(lambda: [])
        hub.check_room()
        await anext(hub.stream())

        with pytest.raises(RefusedError, match="open pages"):
            hub.check_room()

    asyncio.run(scenario())
