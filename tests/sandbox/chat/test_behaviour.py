"""The fake chat answers as an incoming webhook does: words in plain text."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox.chat import build
from tests.support.fake_vendors import in_process

HOOK = "/chat/services/T0SANDBOX/B0ALERTS/sandbox-chat-secret"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    _, client = in_process(build)
    async with client:
        yield client


async def test_a_message_is_taken_and_shown(client: httpx.AsyncClient) -> None:
    answer = await client.post(HOOK, json={"text": "5 parcels <delayed>"})

    assert (200, "ok") == (answer.status_code, answer.text)
    messages = (await client.get("/_control/chat/messages")).json()["messages"]
    assert ["5 parcels <delayed>"] == [message["text"] for message in messages]
    assert "5 parcels &lt;delayed&gt;" in (await client.get("/chat/")).text


@pytest.mark.parametrize(
    ("path", "content", "status", "word"),
    [
        pytest.param(HOOK, b"not json", 400, "invalid_payload", id="no json"),
        pytest.param(HOOK, b'{"blocks": []}', 400, "invalid_payload", id="no text field"),
        pytest.param(HOOK, b'{"text": " "}', 400, "no_text", id="nothing said"),
        pytest.param(HOOK.replace("B0ALERTS", "B0OTHER"), b'{"text": "x"}', 404, "no_service", id="no such hook"),
        pytest.param(HOOK + "x", b'{"text": "x"}', 403, "invalid_token", id="another secret"),
    ],
)
async def test_what_is_wrong_is_a_word(
    client: httpx.AsyncClient, path: str, content: bytes, status: int, word: str
) -> None:
    answer = await client.post(path, content=content)

    assert (status, word) == (answer.status_code, answer.text)


async def test_an_archived_channel_takes_nothing(client: httpx.AsyncClient) -> None:
    await client.post("/_control/chat/settings", json={"archived": True})

    answer = await client.post(HOOK, json={"text": "x"})

    assert (410, "channel_is_archived") == (answer.status_code, answer.text)
