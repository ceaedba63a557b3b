"""Who may speak for an own warehouse: whoever has its token. And what its handhelds may write in a field."""

import hmac
from collections.abc import Mapping
from typing import Annotated, TypeVar

import orjson
from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError
from starlette.requests import Request

from apps.receiver.answers import Refusal
from config.wiring import Wiring

M = TypeVar("M", bound=BaseModel)
LARGEST_SCAN_BYTES = 100_000


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("unprintable")
    return text


Id = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_one_line)]
Text = Annotated[str, StringConstraints(max_length=255), AfterValidator(_one_line)]


class FloorAccess:
    """Every call names a location and carries that location's token."""

    def __init__(self, wiring: Wiring) -> None:
        self._tokens: Mapping[str, bytes] = {
            location: token.encode() for location, token in wiring.accounts.floor_tokens.items() if token
        }

    def location(self, request: Request) -> str:
        """The location of the address, when the caller has its token. Which locations exist is not told. Raises:
        Refusal bad_token."""
        location: str = request.path_params["location"]
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        fits = self.fits(location, token)
        if scheme.lower() != "bearer" or not fits:
            raise Refusal("bad_token")
        return location

    def fits(self, location: str, token: str) -> bool:
        """Whether this is the location's token."""
        wanted = self._tokens.get(location, b"")
        # compared even without a wanted one, so that the time tells nothing
        same = hmac.compare_digest(token.strip().encode("utf-8", "replace"), wanted)
        return bool(wanted) and same

    def token_of(self, location: str) -> str:
        """ "" where the location has none."""
        return self._tokens.get(location, b"").decode()


def read_as(model: type[M], body: bytes) -> M:
    """Raises: Refusal bad_scan with the fields that are wrong."""
    try:
        return model.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError:
        raise Refusal("bad_scan", fields=["body"]) from None
    except ValidationError as error:
        fields = sorted({_place(entry["loc"]) for entry in error.errors(include_input=False, include_context=False)})
        raise Refusal("bad_scan", fields=fields) from None


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "body"
