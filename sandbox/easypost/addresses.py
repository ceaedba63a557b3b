"""Addresses and their verification."""

from typing import Any

from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.easypost.common import error, made_id, missing, required
from sandbox.easypost.verdicts import verify

_FIELDS = ("name", "company", "street1", "street2", "city", "state", "zip", "country", "phone", "email")


class Addresses:
    """The handlers under `/v2/addresses`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, dict[str, Any]] = {}

    def make(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """A new address, or the stored one when only its id is given; None when the id is unknown."""
        known = given.get("id")
        if isinstance(known, str):
            return self._made.get(known)
        now = self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%S+00:00")
        address: dict[str, Any] = {
            "id": made_id(self._world, "adr"),
            "object": "Address",
            "created_at": now,
            "updated_at": now,
        }
        address |= {name: given.get(name) for name in _FIELDS}
        address["country"] = given.get("country") or "US"
        address |= {
            "mode": "test",
            "carrier_facility": None,
            "residential": given.get("residential"),
            "federal_tax_id": given.get("federal_tax_id"),
            "state_tax_id": given.get("state_tax_id"),
            "verifications": {},
        }
        self._made[address["id"]] = address
        return address

    def create(self, request: Request) -> Reply:
        body = request.object()
        given = body.get("address")
        if not isinstance(given, dict) or not given:
            return required("address")
        strict = _asks(body, given, "verify_strict")
        address = self.make(given)
        if address is None:
            return missing()
        if strict or _asks(body, given, "verify"):
            address["verifications"] = verify(address)
        if strict and (refusal := _refusal(address)):
            return refusal
        location = (("location", f"/api/v2/addresses/{address['id']}"),)
        return json_reply(201, address, location)

    def create_and_verify(self, request: Request) -> Reply:
        given = request.object().get("address")
        if not isinstance(given, dict) or not given:
            return required("address")
        address = self.make(given)
        return self._verified(address)

    def verify(self, request: Request) -> Reply:
        return self._verified(self._made.get(request.params["id"]))

    def _verified(self, address: dict[str, Any] | None) -> Reply:
        if address is None:
            return missing()
        address["verifications"] = verify(address)
        return _refusal(address) or json_reply(200, {"address": address})

    def confirm(self, address: dict[str, Any]) -> None:
        """Buying postage verifies the receiver; what cannot be verified is sold all the same."""
        address["verifications"] = verify(address)

    def get(self, request: Request) -> Reply:
        address = self._made.get(request.params["id"])
        return json_reply(200, address) if address else missing()


def _asks(body: dict[str, Any], given: dict[str, Any], name: str) -> bool:
    """Whether a verification is asked for: true, [true] or ["delivery", "zip4"], beside or in the address."""
    value = body.get(name, given.get(name))
    return any(value) if isinstance(value, list) else value is True or value == "true"


def _refusal(address: dict[str, Any]) -> Reply | None:
    delivery = address["verifications"]["delivery"]
    if delivery["success"]:
        return None
    return error(422, "ADDRESS.VERIFY.FAILURE", "Unable to verify address.", delivery["errors"])
