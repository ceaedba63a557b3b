"""Forms of bought shipments: the code that a post office prints the label from, packing slips."""

from typing import Any

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.labels import CONTENT_TYPES, label_file
from sandbox.core.world import World
from sandbox.easypost.common import error, made_id, missing, required
from sandbox.easypost.labels import label_lines
from sandbox.easypost.shipments import Shipments

_KINDS = {"label_qr_code": "png", "rma_qr_code": "png", "return_packing_slip": "pdf", "commercial_invoice": "pdf"}
_INVALID = "SHIPMENT.FORM.INVALID"
_WITH_CODES = "USPS"  # only its counters print labels from a code


class Forms:
    """The handler of `/v2/shipments/{id}/forms`, and the files."""

    def __init__(self, world: World, shipments: Shipments) -> None:
        self._world = world
        self._shipments = shipments
        self._files: dict[str, tuple[str, list[str]]] = {}

    def create(self, request: Request) -> Reply:
        """Asked again for the same form it answers the shipment with a second one, as the vendor has no keys."""
        shipment = self._shipments.made.get(request.params["id"])
        if shipment is None:
            return missing()
        given = request.object().get("form")
        kind = given.get("type") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not kind:
            return required("type")
        if kind not in _KINDS:
            return error(422, _INVALID, f"{kind} is not a form that can be created.")
        if shipment.bought_at is None:
            return error(422, _INVALID, "The shipment has no postage yet.")
        carrier = shipment.body["selected_rate"]["carrier"]
        if kind == "label_qr_code" and carrier != _WITH_CODES:
            return error(422, _INVALID, f"{carrier} does not print labels from a code.")
        if kind == "return_packing_slip" and not given.get("barcode"):
            return required("barcode")
        if kind == "return_packing_slip" and not _are_lines(given.get("line_items")):
            return required("line_items")
        made = self._make(kind, given, shipment.body)
        shipment.body["forms"] = [*shipment.body["forms"], made]
        shipment.body["updated_at"] = made["created_at"]
        self._world.counters.accepted("easypost", "POST /v2/shipments/{id}/forms", f"{shipment.id}:{kind}")
        location = (("location", f"/api/v2/shipments/{shipment.id}/forms/{kind}"),)
        return json_reply(201, self._shipments.view(shipment), location)

    def _make(self, kind: str, given: dict[str, Any], shipment: dict[str, Any]) -> dict[str, Any]:
        now, form_id, ending = stamp(self._world.clock.now()), made_id(self._world, "form"), _KINDS[kind]
        lines = [*label_lines(shipment), str(given.get("barcode") or "")]
        lines += [f"{each.get('units')} x {each['product'].get('title')}" for each in _slip(kind, given)]
        self._files[form_id] = (ending, lines)
        return {
            "object": "Form",
            "id": form_id,
            "created_at": now,
            "updated_at": now,
            "mode": "test",
            "form_type": kind,
            "form_url": f"{self._world.base_url}/easypost/files/form/{form_id}.{ending}",
            "submitted_electronically": None,
        }

    def file(self, request: Request) -> Reply:
        form_id, _, ending = request.params["name"].partition(".")
        kind, lines = self._files.get(form_id, ("", []))
        if not lines or kind != ending:
            return Reply(404)
        return Reply(200, label_file(kind, lines), (), CONTENT_TYPES[kind])


def _are_lines(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) and isinstance(each.get("product"), dict) for each in value)
    )


def _slip(kind: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    return list(given["line_items"]) if kind == "return_packing_slip" else []
