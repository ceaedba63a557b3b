"""Answers in JSON: what went wrong by a stable code, and what to do about it. Never a value from the request."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

RETRY_AFTER_S = 5

_MEND: Mapping[str, tuple[int, str]] = {
    "bad_signature": (401, "Sign the raw body with the webhook secret that stands in the accounts file."),
    "stale_signature": (401, "Send it anew with a fresh timestamp, or set the sender's clock."),
    "wrong_shop": (401, "The shop's domain is not this account's; correct the webhook's address or the accounts file."),
    "bad_token": (401, "Send 'Authorization: Bearer TOKEN' with the location's token from the accounts file."),
    "bad_form": (400, "Send the form as the page has it: multipart/form-data with its boundary and its end."),
    "unknown_account": (404, "Use /hooks/{system}/{account} as the accounts file names them."),
    "not_found": (404, "There is nothing at this address."),
    "method_not_allowed": (405, "Use the method that the guide names for this address."),
    "body_too_slow": (408, "Send the whole body at once."),
    "body_too_large": (413, "Send a smaller body, or raise AFTERCART_MAX_BODY_BYTES."),
    "bad_scan": (422, "Correct the fields that are named and send the scan again."),
    "bad_photo": (422, "Send up to 6 JPEG, PNG or WebP files in the field photos; the reason says what is wrong."),
    "bad_state": (422, "Ask for state=open or state=done."),
    "internal_error": (500, "Send it again; when it happens anew, look for this code in the receiver's log."),
    "not_set_up": (503, "A setting is missing; the receiver's log names it."),
    "busy": (503, "Send it again after the time that Retry-After names."),
    "keys_away": (503, "Send it again after the time that Retry-After names: your public keys could not be read."),
    "database_away": (503, "Send it again after the time that Retry-After names."),
}


class Refusal(Exception):
    """An answer that is not 2xx. `code` is one of the table above; `extra` holds codes and field names only."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, dict(headers or {}), "application/json")


def refuse(refusal: Refusal) -> Response:
    status, mend = _MEND[refusal.code]
    headers = {}
    if status == 503:
        headers["retry-after"] = str(RETRY_AFTER_S)
    if refusal.code == "body_too_slow":  # the rest of it may still come, or never
        headers["connection"] = "close"
    if refusal.code == "bad_token":
        headers["www-authenticate"] = "Bearer"
    return json_answer({"error": refusal.code, **refusal.extra, "mend": mend}, status, headers)
