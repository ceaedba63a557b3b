"""Forms of the desk: small, urlencoded, each with the token of its session."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from apps.receiver.answers import Refusal
from apps.receiver.bodies import read_body
from apps.uploads import Upload, is_upload, read_upload
from config.links import is_form_token
from config.settings import Settings

LARGEST_FORM_BYTES = 20_000
MOST_FIELDS = 500
MOST_UPLOADS = 4  # at once: each is held in memory
FIELD = "form_token"
Form = Mapping[str, str]


class BadForm(Exception):
    """What was posted is no form of ours."""


async def read_form(request: Request) -> Form:
    """The fields, stripped; of a field that comes twice the last. Raises: BadForm, Refusal for a body that is too
    large or too slow."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded"):  # without one there is no body either
        raise BadForm
    body = await read_body(request, LARGEST_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise BadForm from None
    return {name: value.strip() for name, value in pairs}


class Uploads:
    """Forms that may bring files, only so many at once."""

    def __init__(self) -> None:
        self._running = 0

    async def read(self, request: Request) -> Upload:
        """The fields, stripped, and the files. Raises: BadForm, Refusal (body_too_large, body_too_slow, busy)."""
        if not is_upload(request):
            return Upload(await read_form(request))
        if self._running >= MOST_UPLOADS:
            raise Refusal("busy")
        self._running += 1
        try:
            sent = await read_upload(request)
        finally:
            self._running -= 1
        return Upload({name: value.strip() for name, value in sent.fields.items()}, sent.files)


def is_own(settings: Settings, form: Form, cookie: str) -> bool:
    """Whether the form was shown to the holder of this cookie."""
    return bool(cookie) and is_form_token(settings, cookie, form.get(FIELD, ""))


def comes_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another page has sent it. One of the same host on another port counts as other:
    cookies do not know ports."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
