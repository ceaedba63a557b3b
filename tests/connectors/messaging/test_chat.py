"""Alerts to a chat's incoming webhook, against the fake one."""

from collections.abc import AsyncIterator

import pytest

from connectors.errors import AuthFailed, OutcomeUnknown, Retryable, VendorRejected
from connectors.messaging.chat import LONGEST, ChatHook, chat_http
from connectors.outcomes import Sent
from connectors.transport import HttpClient
from tests.support.sandbox import SandboxProcess

PATH = "services/T0SANDBOX/B0ALERTS/sandbox-chat-secret"
POST = "POST /services/{team}/{hook}/{secret}"


async def no_sleep(seconds: float) -> None:
    """Retries without waiting."""


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.aclose()


def hook(client: HttpClient, sandbox: SandboxProcess, path: str = PATH) -> ChatHook:
    return ChatHook(chat_http(client, f"{sandbox.url}/chat", sleep=no_sleep), path, account="ops")


def said(sandbox: SandboxProcess) -> list[str]:
    return [message["text"] for message in sandbox.control("chat/messages")["messages"]]


@pytest.mark.row("DLY-3")
@pytest.mark.parametrize("path", [PATH, f"/{PATH}"])
async def test_a_message_is_said_though_the_answer_is_no_json(
    client: HttpClient, sandbox: SandboxProcess, path: str
) -> None:
    assert Sent() == await hook(client, sandbox, path).post("5 parcels delayed")

    assert ["5 parcels delayed"] == said(sandbox)


async def test_a_message_that_is_too_long_is_cut(client: HttpClient, sandbox: SandboxProcess) -> None:
    await hook(client, sandbox).post("x" * (LONGEST + 1))

    assert [LONGEST] == [len(text) for text in said(sandbox)]


@pytest.mark.row("DLY-3", bad_input=True)
@pytest.mark.parametrize("kind", ["error_after", "truncate"])
async def test_a_lost_answer_is_doubt_and_never_repeated(
    client: HttpClient, sandbox: SandboxProcess, kind: str
) -> None:
    sandbox.fault("chat", POST, kind)

    assert isinstance(await hook(client, sandbox).post("once"), OutcomeUnknown)
    assert ["once"] == said(sandbox)


@pytest.mark.row("DLY-3", bad_input=True)
async def test_a_chat_that_stays_busy_is_asked_later(client: HttpClient, sandbox: SandboxProcess) -> None:
    sandbox.fault("chat", POST, "throttle", times=None)

    assert isinstance(await hook(client, sandbox).post("later"), Retryable)
    assert [] == said(sandbox)


@pytest.mark.row("DLY-3", bad_input=True)
async def test_a_channel_that_is_closed_is_a_persons(client: HttpClient, sandbox: SandboxProcess) -> None:
    sandbox.control("chat/settings", {"archived": True})

    refused = await hook(client, sandbox).post("never")

    assert isinstance(refused, VendorRejected)
    assert "webhook_gone" == refused.reason


@pytest.mark.row("DLY-3", bad_input=True)
async def test_a_secret_that_is_not_taken_is_an_operators(client: HttpClient, sandbox: SandboxProcess) -> None:
    assert isinstance(await hook(client, sandbox, PATH + "x").post("nobody"), AuthFailed)
