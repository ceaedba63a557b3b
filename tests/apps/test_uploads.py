"""Forms with files: their bounds, and that only a session may send any."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps import uploads
from apps.receiver.answers import Refusal, json_answer, refuse
from apps.uploads import LARGEST_UPLOAD_BYTES, read_upload

BOUNDARY = "frontier"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


async def _echo(request: Request) -> Response:
    upload = await read_upload(request)
    files = {name: [len(content) for content in contents] for name, contents in upload.files.items()}
    return json_answer({"fields": upload.fields, "files": files})


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refuse(error)


async def send(content: Any, kind: str = KIND, **headers: str) -> httpx.Response:
    app = Starlette(routes=[Route("/", _echo, methods=["POST"])], exception_handlers={Refusal: _refused})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.post("/", content=content, headers={"content-type": kind, **headers})


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def test_fields_and_files_are_read_and_what_nobody_chose_is_left_out() -> None:
    content = form(
        part("reason", b"dam"), part("reason", b"damaged"), part("photos", b"x" * 10, "a.jpg"),
        part("photos", b"y" * 2_000_000, "../../b"), part("more", b"", ""), part("empty", b"", "c.jpg"),
    )  # fmt: skip
    answer = await send(content)
    assert {"reason": "damaged"} == answer.json()["fields"]
    assert {"photos": [10, 2_000_000], "empty": [0]} == answer.json()["files"]


@pytest.mark.row("RET-1", bad_input=True)
@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"a=b", "application/x-www-form-urlencoded", 400, "bad_form"),
        (b"a=b", "multipart/form-data", 400, "bad_form"),
        (b"no form at all", KIND, 400, "bad_form"),
        (b"", KIND, 400, "bad_form"),
        (part("photos", b"x", "a.jpg"), KIND, 400, "bad_form"),  # cut off
        (form(part("photos", b"x", "a.jpg"))[:-6], KIND, 400, "bad_form"),
        (form(b"--frontier\r\nContent-Disposition: form-data\r\n\r\nx\r\n"), KIND, 400, "bad_form"),
        (form(part("a", b"b")), KIND + "; charset=punycode", 400, "bad_form"),
        (form(part("note", b"x" * (uploads.LARGEST_FIELD_BYTES + 1))), KIND, 413, "body_too_large"),
        (form(*[part("f", b"x", "f")] * (uploads.MOST_FILES + 1)), KIND, 413, "body_too_large"),
        (form(*[part("f", b"x")] * (uploads.MOST_FIELDS + 1)), KIND, 413, "body_too_large"),
    ],
)
async def test_what_is_refused(content: bytes, kind: str, status: int, code: str) -> None:
    answer = await send(content, kind)
    assert (status, code) == (answer.status_code, answer.json()["error"])


async def test_the_whole_is_bounded_before_and_while_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield part("photos", b"", "a.jpg")
        for _ in range(1000):
            yield b"x" * 1000

    announced = await send(b"", **{"content-length": str(LARGEST_UPLOAD_BYTES + 1)})
    assert "body_too_large" == announced.json()["error"]
    monkeypatch.setattr(uploads, "LARGEST_UPLOAD_BYTES", 100_000)
    assert "body_too_large" == (await send(pieces())).json()["error"]


async def test_who_sends_slowly_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never_ending() -> AsyncIterator[bytes]:
        yield part("photos", b"x", "a.jpg")
        await asyncio.Event().wait()

    monkeypatch.setattr(uploads, "READ_WITHIN_S", 0.05)
    assert "body_too_slow" == (await send(never_ending())).json()["error"]
