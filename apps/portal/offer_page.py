"""What is offered for a parcel that is late or will not come: a signed link, one tap.

Opening the link changes nothing, because mail scanners open links too; the button posts, with the token of the browser
that was shown it. The answer goes through the inbox like every other request: a second tap is the same answer, and
whether the offer still stands is looked at where it is carried out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.portal.doors import Opened
from apps.portal.forms import Form, is_token_of_visit, keep_visit, signed, visit_of
from apps.portal.keeping import Kept
from apps.portal.link_page import LinkPage
from apps.portal.pages import PORTAL, locale_of
from apps.portal.words import Local
from config.languages import pick_locale
from config.links import form_token, offer_grant, offer_link
from config.wiring import Wiring
from domain.remedies import Remedy
from domain.states_offers import OfferState
from domain.zones import zone_of
from ledger.inbox import waits
from ledger.offers.answering import ANSWERED, NONE, SOURCE, TAKE, Answer
from ledger.offers.rows import OfferRow, offers_of, taken_among
from ledger.order_access import opened_order
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.tables import Offer, Shipment

OFFERS = PORTAL + "/offers/{order_id}/{version}/{shipment_id}/{expires}/{signature}"
_WORKING_S = 3
_RANK = {str(kind): rank for rank, kind in enumerate((Remedy.REPLACEMENT, Remedy.REFUND, Remedy.CREDIT, Remedy.WAIT))}


@dataclass(frozen=True, slots=True)
class _About:
    """One parcel of an order with all that was ever offered for it."""

    order: OrderRow
    parcel: Mapping[str, Any]
    offers: Sequence[OfferRow]


class OfferPage(LinkPage):
    """Routes `GET` and `POST` of OFFERS."""

    def _read(self, session: Session, request: Request, form: Form | None) -> Response | Kept:
        """`form`: what was posted; None when the page is only looked at."""
        about = self._about(session, request.path_params)
        if about is None:
            return self._pages.gone(locale_of(request))
        if form is None:
            return self._show(session, request, about)
        here = request.url.path.removeprefix(self._pages.root)
        if not is_token_of_visit(self._wiring.settings, request, form):
            return self._pages.show("form_old", locale=about.order["locale"], status=403, back=here)
        then = self._pages.redirect(here)
        chosen = [row for row in self._open(about) if row["id"] == form.get("offer", "")]
        if not chosen:  # it has ended meanwhile, or is none of this parcel's: the page says what there is
            return then
        choice = NONE if form.get("do") == NONE else TAKE
        return Kept(Answer(chosen[0]["id"], about.order["id"], choice).delivery(), then)

    def _about(self, session: Session, path: Mapping[str, Any]) -> _About | None:
        wanted = partial(offer_grant, path["order_id"], path["version"], path["shipment_id"])
        if signed(self._wiring, path, wanted) is None:
            return None
        opened = opened_order(session, path["order_id"], path["version"])
        parcels = select_by(session, Shipment, "id", [path["shipment_id"]])
        if opened is None or not parcels or parcels[0]["order_id"] != opened[0]["id"]:
            return None
        return _About(opened[0], parcels[0], offers_of(session, parcels[0]["id"]))

    def _open(self, about: _About) -> list[OfferRow]:
        """What can be taken now, goods and money first."""
        now = self._wiring.now()
        rows = [row for row in about.offers if row["state"] == OfferState.SENT and row["expires_at"] > now]
        return sorted(rows, key=lambda row: _RANK[row["kind"]])

    def _show(self, session: Session, request: Request, about: _About) -> Response:
        order, now = about.order, self._wiring.now()
        local = Local(pick_locale(order["locale"]).format, zone_of(order["country"], order["region"]), now)
        visit, rows = visit_of(request), self._open(about)
        answered = any(
            waits(session, SOURCE, "portal", ANSWERED, f"{row['id']}:{choice}", order["id"])
            for row in rows
            for choice in (TAKE, NONE)
        )
        taken = taken_among(about.offers)
        shown = self._pages.show(
            "offer",
            locale=order["locale"],
            order_name=order["name"],
            token=form_token(self._wiring.settings, visit),
            offers=rows,
            state="answered" if answered else "open" if rows else _ending(about.offers, taken),
            taken=taken["kind"] if taken else "",
            parcel=about.parcel,
            until=local.moment(rows[0]["expires_at"]) if rows else "",
            money=local.money(order["currency"]),
            again=_WORKING_S if answered else 0,
        )
        return keep_visit(self._wiring.settings, shown, visit)


def where_answered(wiring: Wiring) -> Callable[[Opened, Sequence[Any]], Mapping[str, str]]:
    """For pages behind the order's session: by parcel's id, where its open offers are answered. Nothing for somebody
    who got the order as a gift."""

    def found(opened: Opened, _parcels: Sequence[Any]) -> Mapping[str, str]:
        if opened.gift_path:
            return {}
        rows = select_by(opened.session, Offer, "order_id", [opened.order["id"]])
        ends = {
            row["shipment_id"]: row["expires_at"]
            for row in rows
            if row["state"] == OfferState.SENT and row["expires_at"] > opened.now
        }
        order_id, version = opened.order["id"], int(opened.version)
        return {
            parcel: offer_link(
                wiring.settings, order_id=order_id, version=version, shipment_id=parcel, expires_at=end
            )
            for parcel, end in ends.items()
        }  # fmt: skip

    return found


def _ending(offers: Sequence[OfferRow], taken: OfferRow | None) -> str:
    """Why nothing can be chosen: taken, or the reason for which the last offer ended."""
    if taken is not None:
        return "taken"
    ended = sorted((row for row in offers if row["ended_at"] is not None), key=lambda row: row["ended_at"])
    reason = ended[-1]["reason"] if ended else ""
    return reason if reason in ("arrived", "moves", "expired", "declined", "sold_out") else "over"
