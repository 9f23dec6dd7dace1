"""How a command of the nation reaches its own running node: a request in its own account."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from nats.errors import Error as NatsError

from noroshi.errors import InputError
from noroshi.live import liaison, nats
from noroshi.live.home import Home


async def serve(home: Home, desk: liaison.Liaison) -> Any:
    """Answer commands until the returned connection is closed; each in a task of its own."""
    connection = await nats.NatsTransport(home).national()
    tasks: set[asyncio.Task[None]] = set()

    async def answer(message: Any) -> None:
        await message.respond(await desk.handle(message.data))

    async def heard(message: Any) -> None:
        task = asyncio.create_task(answer(message))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await connection.subscribe(desk.subject, cb=heard)
    return connection


def ask(home: Home, words: Mapping[str, Any], within_s: float = 10.0) -> dict[str, Any] | None:
    """The answer of the home's running node, None where none runs. Raises InputError for its refusal."""
    answer = asyncio.run(_ask(home, words, within_s))
    if answer is not None and "error" in answer:
        raise InputError(
            str(home.folder), str(words.get("do", "")), None, f"the node says: {answer['error']}"
        )
    return answer


async def _ask(home: Home, words: Mapping[str, Any], within_s: float) -> dict[str, Any] | None:
    if not await _listens(home):
        return None
    connection = await nats.NatsTransport(home).national()
    try:
        asked = json.dumps(words).encode()
        answer = await connection.request(liaison.subject(home.nation), asked, timeout=within_s)
        return dict(json.loads(answer.data))
    except (NatsError, TimeoutError, OSError):
        return None
    finally:
        await connection.close()


async def _listens(home: Home) -> bool:
    """Whether anything listens where our server should be: the client would try for ever."""
    server = home.settings.server
    if server.url:
        return True
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(server.host, server.client_port), 2.0)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
