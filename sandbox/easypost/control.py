"""The knobs of the fake EasyPost, and its page for people."""

import html
from typing import TYPE_CHECKING, Any

from sandbox.core.clock import stamp
from sandbox.core.http import Reply, Request, Router, html_reply, json_reply
from sandbox.core.world import World
from sandbox.easypost.shipments import Shipment, Shipments
from sandbox.easypost.trackers import Tracker, Trackers
from sandbox.easypost.words import detail, message, status
from sandbox.parcels.plans import PLANS, RETURNS

if TYPE_CHECKING:
    from sandbox.easypost.vendor import EasyPost


class Control:
    """`/_control/easypost/...`"""

    def __init__(self, world: World, vendor: "EasyPost", shipments: Shipments, trackers: Trackers) -> None:
        self._road = world.road
        self._vendor = vendor
        self._shipments = shipments
        self._trackers = trackers
        self.app = Router(world, "_control")
        self.app.add("GET", "/labels", self.labels)
        self.app.add("GET", "/trackers", self.trackers)
        self.app.add("POST", "/parcels/{code}", self.parcel)
        self.app.add("POST", "/parcels/{code}/hand_in", self.hand_in)
        self.app.add("POST", "/parcels/{code}/deliver", self.deliver)
        self.app.add("GET", "/settings", self.settings)
        self.app.add("POST", "/settings", self.change_settings)

    def labels(self, _request: Request) -> Reply:
        bought = [s for s in self._shipments.made.values() if s.bought_at is not None]
        return json_reply(200, [label_row(shipment) for shipment in bought])

    def trackers(self, _request: Request) -> Reply:
        return json_reply(200, [_tracker(tracker) for tracker in self._trackers.by_id.values()])

    def parcel(self, request: Request) -> Reply:
        plan = request.object().get("plan")
        if plan not in PLANS:
            return json_reply(400, {"error": f"plan must be one of {', '.join(PLANS)}"})
        code = request.params["code"]
        self._road.follow(code, plan)
        return json_reply(200, {"tracking_code": code, "plan": plan})

    def hand_in(self, request: Request) -> Reply:
        """A customer hands in a parcel that goes back: {"plan"?}, one of the plans of returns."""
        code, plan = request.params["code"], request.object().get("plan") or "handed_in"
        if plan not in RETURNS or plan == "waiting":
            return json_reply(400, {"error": "plan must be one of handed_in, lost_on_the_way_back"})
        if not self._trackers.hand_in(code, plan):
            return json_reply(422, {"error": "no label that could be used"})
        return json_reply(200, _tracker(self._trackers.by_code[code]))

    def deliver(self, request: Request) -> Reply:
        """The rest of a parcel's plan happens now."""
        code = request.params["code"]
        if not self._trackers.deliver(code):
            return json_reply(422, {"error": "no parcel on its way"})
        return json_reply(200, _tracker(self._trackers.by_code[code]))

    def settings(self, _request: Request) -> Reply:
        return json_reply(
            200,
            {
                "rate_limit_per_minute": self._vendor.rate_limit_per_minute,
                "refund_after_s": self._vendor.refunds.refund_after_s,
            },
        )

    def change_settings(self, request: Request) -> Reply:
        values = request.object()
        unknown = sorted(set(values) - {"rate_limit_per_minute", "refund_after_s"})
        if unknown:
            return json_reply(400, {"error": f"unknown settings: {', '.join(unknown)}"})
        if "rate_limit_per_minute" in values:
            self._vendor.rate_limit_per_minute = values["rate_limit_per_minute"]
        if "refund_after_s" in values:
            self._vendor.refunds.refund_after_s = float(values["refund_after_s"])
        return self.settings(request)


def label_row(shipment: Shipment) -> dict[str, Any]:
    """A bought label as a driver wants to see it."""
    body, rate = shipment.body, shipment.body["selected_rate"]
    return {
        "shipment_id": shipment.id,
        "reference": body["reference"],
        "tracking_code": body["tracking_code"],
        "carrier": rate["carrier"],
        "service": rate["service"],
        "bought_at": stamp(shipment.bought_at or shipment.created_at),
        "refunded": body["refund_status"] is not None,
        "refund_status": body["refund_status"],
        "cost": rate["rate"],
        "currency": rate["currency"],
        "to": body["to_address"],
        "is_return": body["is_return"],
        "forms": [each["form_type"] for each in body["forms"]],
    }


def _tracker(tracker: Tracker) -> dict[str, Any]:
    parcel = tracker.parcel
    return {
        "id": tracker.id,
        "tracking_code": tracker.code,
        "carrier": tracker.carrier,
        "status": tracker.status,
        "plan": parcel.plan_name,
        "events": [
            {"status": status(step), "status_detail": detail(step), "message": message(step), "at": stamp(at)}
            for step, at in parcel.done
        ],
        "next_at": stamp(parcel.due) if parcel.due else None,
    }


def page(shipments: Shipments, trackers: Trackers) -> Reply:
    """The last 200 labels for a human."""
    rows = []
    bought = [s for s in shipments.made.values() if s.bought_at is not None]
    for shipment in bought[-200:][::-1]:
        row = label_row(shipment)
        label = html.escape(shipment.body["postage_label"]["label_url"])
        status = trackers.by_code[row["tracking_code"]].status
        cells = (
            row["reference"] or "",
            row["carrier"],
            row["service"],
            row["cost"],
            status,
            row["bought_at"],
        )
        rows.append(
            f'<tr><td><a href="{label}">{html.escape(row["tracking_code"])}</a></td>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
        )
    return html_reply(
        "<!doctype html><html lang=en><meta charset=utf-8><title>EasyPost sandbox</title>"
        "<style>body{font:15px sans-serif;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;"
        "border-bottom:1px solid #ddd}</style><h1>EasyPost sandbox</h1>"
        f"<p>{len(bought)} labels.</p><table><tr><th>Tracking<th>Reference<th>Carrier<th>Service<th>Cost"
        f"<th>Status<th>Bought</tr>{''.join(rows)}</table></html>"
    )
