"""Forms with files, read with bounds: whole, parts, files and time. Nothing of them touches a disk."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from apps.receiver.answers import Refusal
from domain.photos import LARGEST_BYTES

LARGEST_UPLOAD_BYTES = 40_000_000
MOST_FILES = 60  # fields of files that nobody chose count too
MOST_FIELDS = 500
LARGEST_FIELD_BYTES = 16_000
READ_WITHIN_S = 60.0  # a phone on a slow network sends some 5 Mbit a second
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """`fields`: of a repeated one the last, as forms without files are read. `files`: by the name of their field, in
    the order in which they came, without those that nobody chose."""

    fields: Mapping[str, str]
    files: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)


class _Parser(MultiPartParser):
    spool_max_size = LARGEST_UPLOAD_BYTES + 1  # what customers show us is in memory only
    _ended = False

    def __init__(self, request: Request) -> None:
        headers = Headers({"content-type": request.headers["content-type"]})
        super().__init__(
            headers, self._bounded(request),
            max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD_BYTES,
        )  # fmt: skip

    def on_end(self) -> None:
        self._ended = True

    async def _bounded(self, request: Request) -> AsyncGenerator[bytes, None]:
        """What comes, up to the bound; that all of it has come the parser does not ask."""
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_UPLOAD_BYTES:
                raise Refusal("body_too_large")
            yield part
        if not self._ended:
            raise Refusal("bad_form")


def is_upload(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MULTIPART


async def read_upload(request: Request) -> Upload:
    """A form with files. Raises: Refusal: body_too_large when more than LARGEST_UPLOAD_BYTES are announced or come, or
    a part, or the number of parts, is over its bound; body_too_slow; bad_form for what is no such form."""
    said, content_type = request.headers.get("content-length", ""), request.headers.get("content-type", "")
    if not is_upload(request) or "charset" in content_type.lower():  # some charsets take their time; browsers name none
        raise Refusal("bad_form")
    if said.isdigit() and int(said) > LARGEST_UPLOAD_BYTES:
        raise Refusal("body_too_large")
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            form = await _Parser(request).parse()
        try:
            parts = form.multi_items()
            fields = {name: value for name, value in parts if isinstance(value, str)}
            return Upload(fields, await _files(parts))
        finally:
            await form.close()
    except TimeoutError:
        raise Refusal("body_too_slow") from None
    except MultiPartException as error:
        # the parser has one exception for all that it refuses
        over = error.message.startswith(("Too many", "Part exceeded"))
        raise Refusal("body_too_large" if over else "bad_form") from None


async def _files(parts: list[tuple[str, UploadFile | str]]) -> dict[str, tuple[bytes, ...]]:
    found: dict[str, tuple[bytes, ...]] = {}
    for name, value in parts:
        if isinstance(value, UploadFile) and (value.size or value.filename):
            content = await value.read(LARGEST_BYTES + 1)  # one byte more tells that it is too large
            found[name] = (*found.get(name, ()), content)
    return found
