"""The order's page: state in plain words, what has happened, parcels, lines, address, totals, what can be changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.core import Locale
from starlette.responses import Response

from apps.portal.doors import Opened, local_of
from apps.portal.offers import Offers, changes_of
from apps.portal.pages import Pages, image_host
from apps.portal.return_page import ReturnPage
from apps.portal.shipping_delay import ShippingDelay
from apps.portal.words import Local
from domain.addresses import format_lines
from domain.edits import EditKind
from domain.masking import masked_email, masked_phone
from domain.message_facts import is_web_url
from domain.order import Address
from domain.order_status import Headline, Progress, headline, progress, timeline
from domain.parcels import ParcelState
from domain.postal import country_code
from domain.states import ENDED_EDIT, EditState
from ledger.editing.asking import open_question
from ledger.editing.requests import last_request
from ledger.editing.wording import changes_of as asked_changes
from ledger.order_access import ContactRow
from ledger.order_page import LineView, OrderView, ParcelView, read_order_page
from ledger.orders import address_of

_ARRIVED = (ParcelState.DELIVERED, ParcelState.RETURNED, ParcelState.LOST, ParcelState.DAMAGED)


@dataclass(frozen=True, slots=True)
class _Picture:
    """A line with the address of its picture, empty where the page must not load one."""

    line: LineView
    url: str


class OrderPage:
    """`GET /portal/orders/{order_id}`. `forms`: kind of edit -> its path below the order's page, with a slash."""

    def __init__(
        self, pages: Pages, offers: Offers, forms: Mapping[EditKind, str], back: ReturnPage, delay: ShippingDelay
    ) -> None:
        self._pages, self._offers, self._forms, self._back, self._delay = pages, offers, forms, back, delay

    def show(self, opened: Opened) -> Response:
        order = opened.order
        view = read_order_page(opened.session, order)
        local = local_of(opened)
        paths = {kind: f"{self._pages.root}{opened.url}{below}" for kind, below in self._forms.items()}
        changes = changes_of(self._offers(opened.session, order, opened.now), paths, local)
        pictures = [_Picture(line, line.image_url if image_host(line.image_url) else "") for line in view.lines]
        told = headline(view.facts)
        edit = last_request(opened.session, order["id"])
        reviewed = edit is not None and edit["state"] == EditState.AWAITING_REVIEW
        asked = reviewed and edit is not None and open_question(opened.session, edit["id"]) is not None
        back = self._back.lines(opened)
        return self._pages.show(
            "order",
            locale=order["locale"],
            images={image_host(picture.url) for picture in pictures if picture.url},
            script=changes.counts_down or any(line.clock and line.clock.left for line in back),
            back=back,
            returns=self._back.requests(opened),
            delay=self._delay.choice(opened),
            token=opened.token,
            url=opened.url,
            order_name=order["name"],
            headline=told,
            steps=_steps(progress(view.facts)),
            expected=_expected(view, told, local),
            happenings=timeline(view.facts),
            many_parcels=len(view.parcels) > 1,
            parcels=[_parcel(parcel, local) for parcel in view.parcels if parcel.fact.left],
            pictures=pictures,
            totals=view.totals,
            money=local.money(view.totals.currency),
            local=local,
            contact=_contact(opened.contact, local.locale),
            changes=changes,
            edit=edit,
            wishes=asked_changes(opened.session, order, edit) if edit else [],
            edit_state="asked" if asked else edit["state"] if edit else "",
            ended=ENDED_EDIT,
            now=opened.now,
        )


def _steps(reached: Progress | None) -> list[tuple[str, str]]:
    """The bar: (step, done, current or coming); empty where there is none."""
    if reached is None:
        return []
    order = list(Progress)
    at = order.index(reached)
    arrived = reached is Progress.DELIVERED
    return [
        (step, "done" if number < at or arrived else "current" if number == at else "coming")
        for number, step in enumerate(order)
    ]


def _expected(view: OrderView, told: Headline, local: Local) -> str:
    """The day on which the last parcel under way is expected; empty where nobody says, or the day is over."""
    if told not in (Headline.SHIPPED, Headline.PARTLY_SHIPPED):
        return ""
    under_way = [parcel for parcel in view.parcels if parcel.fact.left and parcel.fact.state not in _ARRIVED]
    last = max(under_way, key=lambda parcel: parcel.estimated_delivery or local.now, default=None)
    all_known = all(parcel.estimated_delivery for parcel in under_way)
    return _expected_parcel(last, local) if last and all_known else ""


def _expected_parcel(parcel: ParcelView, local: Local) -> str:
    """The day that the carrier names; empty once it is over."""
    day = parcel.estimated_delivery
    if day is None or parcel.fact.state in _ARRIVED:
        return ""
    return local.short_day(day) if day.astimezone(local.zone).date() >= local.today else ""


def _parcel(parcel: ParcelView, local: Local) -> dict[str, Any]:
    return {
        "expected": _expected_parcel(parcel, local),
        "number": parcel.number,
        "state": parcel.fact.state,
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url if is_web_url(parcel.tracking_url) else "",
        "content": parcel.content,
    }


def _contact(contact: ContactRow, locale: str) -> Mapping[str, Any]:
    """The address as our mails have it, in which the link to this page stands too; e-mail and phone only so far that
    their owner knows them."""
    return {
        "lines": address_lines(address_of(contact), locale),
        "email": masked_email(contact["email"]),
        "phone": masked_phone(contact["phone"]),
    }


def address_lines(address: Address, locale: str) -> Sequence[str]:
    """As on a label, with the country's name in the customer's language."""
    country = Locale.parse(locale).territories.get(country_code(address.country), address.country)
    return [line for line in (*format_lines(address), country) if line]
