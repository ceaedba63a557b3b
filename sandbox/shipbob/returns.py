"""Returns: announcing them (with ShipBob's refusals), finding, changing, cancelling them."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.core.clock import parse_time
from sandbox.core.http import Reply, Request, json_reply
from sandbox.shipbob.catalogue import CENTRES
from sandbox.shipbob.receiving import Receiving, ReceivingError
from sandbox.shipbob.return_model import ACTIONS, COMPLETED, Return
from sandbox.shipbob.return_views import return_json, short_return_json
from sandbox.shipbob.views import CHANNEL_NAMES

_LONGEST_REFERENCE, _LONGEST_TRACKING = 50, 500
_MOST = 250


class Returns:
    """The handlers under `/2026-01/return`."""

    def __init__(self, receiving: Receiving) -> None:
        self._receiving = receiving

    def create(self, request: Request) -> Reply:
        text = request.header("shipbob_channel_id") or ""
        if not text.isdecimal() or int(text) not in CHANNEL_NAMES:
            return _problem(400, "The shipbob_channel_id header is required.")
        body, channel_id = request.object(), int(text)
        errors = self._check(body)
        if not errors and self._receiving.by_reference(channel_id, body["reference_id"]):
            errors = ["A return with this reference_id already exists."]
        if errors:
            return _refused(errors)
        made = self._receiving.announce(channel_id, body)
        world = self._receiving.warehouse.world
        world.counters.accepted("shipbob", "POST /2026-01/return", made.reference_id)
        return json_reply(201, short_return_json(made, self._receiving.warehouse))

    def _check(self, body: dict[str, Any]) -> list[str]:
        errors = []
        reference, tracking = body.get("reference_id"), body.get("tracking_number")
        if not isinstance(reference, str) or not 1 <= len(reference.strip()) <= _LONGEST_REFERENCE:
            errors.append(f"reference_id must have 1 to {_LONGEST_REFERENCE} characters.")
        if tracking is not None and (not isinstance(tracking, str) or len(tracking) > _LONGEST_TRACKING):
            errors.append(f"tracking_number must have at most {_LONGEST_TRACKING} characters.")
        centre = body.get("fulfillment_center")
        if not isinstance(centre, dict) or centre.get("id") not in CENTRES:
            errors.append("fulfillment_center does not exist.")
        shipment_id = body.get("original_shipment_id")
        if shipment_id is not None and shipment_id not in self._receiving.warehouse.shipments:
            errors.append("original_shipment_id does not exist.")
        inventory = body.get("inventory")
        if not isinstance(inventory, list) or not inventory:
            return [*errors, "inventory must have at least one item."]
        for at, each in enumerate(inventory):
            errors += [f"inventory[{at}].{problem}" for problem in self._check_item(each)]
        return errors

    def _check_item(self, given: Any) -> list[str]:
        if not isinstance(given, dict):
            return [" must be an object."]
        errors, quantity, action = [], given.get("quantity"), given.get("requested_action")
        number = given.get("id")
        item = self._receiving.warehouse.catalogue.by_inventory.get(number) if isinstance(number, int) else None
        if item is None or item.digital:
            errors.append("id does not exist.")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            errors.append("quantity must be at least 1.")
        # the file calls it text and shows a number
        if action not in ACTIONS and not (isinstance(action, int) and 0 <= action < len(ACTIONS)):
            errors.append(f"requested_action must be one of {', '.join(ACTIONS)}.")
        return errors

    def find(self, request: Request) -> Return | None:
        key = request.params["id"]
        return self._receiving.returns.get(int(key)) if key.isdecimal() else None

    def get(self, request: Request) -> Reply:
        found = self.find(request)
        if found is None:
            return _problem(404, "Return not found.")
        return json_reply(200, return_json(found, self._receiving.warehouse))

    def update(self, request: Request) -> Reply:
        found = self.find(request)
        if found is None:
            return Reply(404)
        body = request.object()
        errors = self._check(body)
        if not errors:
            other = self._receiving.by_reference(found.channel_id, body["reference_id"])
            errors = ["A return with this reference_id already exists."] if other not in (None, found) else []
        if errors:
            return _refused(errors)
        try:
            self._receiving.change(found, body)
        except ReceivingError as problem:
            return _refused([str(problem)])
        self._receiving.warehouse.world.counters.accepted("shipbob", "PUT /2026-01/return/{id}", found.reference_id)
        return json_reply(200, short_return_json(found, self._receiving.warehouse))

    def cancel(self, request: Request) -> Reply:
        """The file knows only "it worked" and "bad request", both without a body."""
        found = self.find(request)
        if found is None:
            return Reply(400)
        try:
            self._receiving.cancel(found)
        except ReceivingError:
            return Reply(400)
        world = self._receiving.warehouse.world
        world.counters.accepted("shipbob", "POST /2026-01/return/{id}:cancel", found.reference_id)
        return Reply(200)

    def index(self, request: Request) -> Reply:
        try:
            page, limit = int(request.query("Cursor") or 1), int(request.query("Limit") or 50)
            if page < 1 or not 1 <= limit <= _MOST:
                raise ValueError(f"Cursor must be at least 1 and Limit between 1 and {_MOST}.")
            wanted = self._filters(request)
        except ValueError as problem:
            return _problem(400, str(problem))
        found = [each for each in self._receiving.returns.values() if all(test(each) for test in wanted)]
        if (request.query("SortOrder") or "Desc").lower() != "asc":
            found.reverse()
        pages = max(1, math.ceil(len(found) / limit))
        kept = [(k, v) for k, v in request.query_pairs if k.lower() not in ("cursor", "limit")]
        base = f"{self._receiving.warehouse.world.base_url}/shipbob{request.path}"

        def link(number: int) -> str:
            return f"{base}?" + "&".join(f"{k}={v}" for k, v in [*kept, ("Limit", limit), ("Cursor", number)])

        shown = found[(page - 1) * limit : page * limit]
        body = {
            "items": [return_json(each, self._receiving.warehouse) for each in shown],
            "first": link(1),
            "last": link(pages),
            "next": link(page + 1) if page < pages else None,
            "prev": link(page - 1) if page > 1 else None,
        }
        headers = (
            ("Page-Number", str(page)),
            ("Total-Pages", str(pages)),
            ("Total-Count", str(len(found))),
            ("Page-Size", str(limit)),
        )
        return json_reply(200, body, headers)

    def _filters(self, request: Request) -> list[Callable[[Return], bool]]:
        """Raises ValueError on a bad moment."""
        tests: list[Callable[[Return], bool]] = []

        def among(name: str, values: Callable[[Return], list[Any]]) -> None:
            wanted = {_plain(each) for each in request.query_all(name)}
            if wanted:
                tests.append(lambda back: bool(wanted & {_plain(x) for x in values(back)}))

        def moment(name: str, test: Callable[[Return, datetime], bool]) -> None:
            text = request.query(name)
            if text:
                at = parse_time(text)
                tests.append(lambda back: test(back, at))

        among("Ids", lambda back: [back.id])
        among("ReferenceIds", lambda back: [back.reference_id])
        among("Status", lambda back: [back.status])
        among("FulfillmentCenterIds", lambda back: [back.centre_id])
        among("TrackingNumbers", lambda back: [back.tracking_number])
        among("OriginalShipmentIds", lambda back: [back.shipment_id])
        among("InventoryIds", lambda back: [line.inventory_id for line in back.lines])
        among("ReturnTypes", lambda back: [back.kind, "ReturnToSender" if back.kind == "RTS" else back.kind])
        among("ReturnActions", lambda back: [taken.action for line in back.lines for taken in line.taken])
        moment("StartDate", lambda back, at: back.created_at >= at)
        moment("EndDate", lambda back, at: back.created_at <= at)
        moment("CompletedStartDate", lambda back, at: (done := back.at(COMPLETED)) is not None and done >= at)
        moment("CompletedEndDate", lambda back, at: (done := back.at(COMPLETED)) is not None and done <= at)
        return tests


def _plain(value: Any) -> str:
    """Statuses are written with a space in a return and without one in the filter."""
    return str(value).replace(" ", "").lower()


def _problem(status: int, text: str) -> Reply:
    return json_reply(status, {"title": text, "status": status})


def _refused(errors: list[str]) -> Reply:
    return json_reply(422, {"message": "Validation failed", "errors": errors, "details": None, "stackTrace": None})
