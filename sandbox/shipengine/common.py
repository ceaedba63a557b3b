"""Error bodies of ShipEngine."""

import uuid

from sandbox.core.http import Headers, Reply, json_reply
from sandbox.core.world import World


class Errors:
    """Makes the vendor's error bodies; each has an id of its own."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        kind: str = "validation",
        field: str | None = None,
        headers: Headers = (),
    ) -> Reply:
        error = {"error_source": "shipengine", "error_type": kind, "error_code": code, "message": message}
        if field:
            error["field_name"] = field
        request_id = str(uuid.UUID(int=self._world.rng.getrandbits(128)))
        return json_reply(status, {"request_id": request_id, "errors": [error]}, headers)

    def missing(self, what: str) -> Reply:
        return self(404, "invalid_identifier", f"{what} was not found.")

    def required(self, field: str) -> Reply:
        return self(400, "field_value_required", f"{field} must be specified.", field=field)

    def throttled(self, wait_s: int) -> Reply:
        text = "You have exceeded the rate limit."
        headers = (("Retry-After", str(wait_s)),)
        return self(429, "rate_limit_exceeded", text, kind="system", headers=headers)
