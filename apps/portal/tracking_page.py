"""Where the parcels of an order are: for whoever has opened the order, and, with towns and days only, for whoever has
the link of a text message (TRK-3).

A link can be read over a shoulder or forwarded. So it opens no session, and its page names neither the order nor what
is in it nor a number under which a carrier would tell more; who wants that has the link of a mail to the order's own
mailbox.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.portal.doors import Opened, local_of
from apps.portal.forms import signed
from apps.portal.pages import PORTAL, Pages, image_host, locale_of
from apps.portal.threads import Threads
from apps.portal.words import Local
from config.languages import pick_locale
from config.links import TRACK_PAGE, Grant
from config.vendor_pages import product_in_shop
from config.wiring import Wiring
from domain.forecasts import Forecast
from domain.message_facts import is_web_url
from domain.parcel_story import Outlook, Window, story, way
from domain.zones import zone_of
from ledger.forecasts import forecasts_of
from ledger.order_access import opened_order
from ledger.order_page import OrderView, ParcelView, read_order_page
from ledger.orders import OrderRow
from ledger.related_products import RelatedProduct, related_products

TRACKING = "/tracking"  # below an order's page
TRACK_LINK = PORTAL + "/track/{order_id}/{version}/{expires}/{signature}"
MOST_ENTRIES = 30  # of a parcel: the page stays small however often a carrier scans
MOST_PRODUCTS = 3
MOST_TOWNS = 4  # that fit side by side on a telephone
Outlooks = Callable[[Session, Sequence[ParcelView]], Mapping[str, Outlook]]  # by the parcel's id
Remedies = Callable[[Opened, Sequence[ParcelView]], Mapping[str, str]]  # parcel's id -> where its offer is answered


@dataclass(frozen=True, slots=True)
class _Product:
    product: RelatedProduct
    url: str


def expected(session: Session, parcels: Sequence[ParcelView]) -> Mapping[str, Outlook]:
    """By our own forecast, with the day that was promised first; where there is none, by what the carrier expects."""
    made = forecasts_of(session, [parcel.id for parcel in parcels])
    return {parcel.id: _outlook(made.get(parcel.id), parcel) for parcel in parcels}


def _outlook(forecast: Forecast | None, parcel: ParcelView) -> Outlook:
    if forecast is None:
        return Outlook(estimated=parcel.estimated_delivery)
    return Outlook(forecast.eta_from, forecast.eta_to, parcel.estimated_delivery, forecast.promised_on)


class TrackingPage:
    """`GET …/tracking` of an order, and `GET` of TRACK_LINK. `outlooks`: when parcels are expected; `remedies`: what is
    offered for those that are late."""

    def __init__(
        self,
        wiring: Wiring,
        threads: Threads,
        pages: Pages,
        *,
        remedies: Remedies,
        outlooks: Outlooks = expected,
    ) -> None:
        self._wiring, self._threads, self._pages = wiring, threads, pages
        self._outlooks, self._remedies = outlooks, remedies

    def show(self, opened: Opened) -> Response:
        """Everything, with the offers and what goes with the order."""
        view = read_order_page(opened.session, opened.order)
        gone = _gone(view)
        offers = self._remedies(opened, gone)
        return self._render(opened.session, opened.order, view, local_of(opened), opened=opened, offers=offers)

    async def by_link(self, request: Request) -> Response:
        return await self._threads.read(lambda session: self._by_link(session, request))

    def _by_link(self, session: Session, request: Request) -> Response:
        path, now = request.path_params, self._wiring.now()
        grant = signed(self._wiring, path, partial(Grant, TRACK_PAGE, path["order_id"], path["version"]))
        found = opened_order(session, grant.subject, grant.version) if grant is not None else None
        if found is None:
            return self._pages.gone(locale_of(request))
        order, _ = found
        local = Local(pick_locale(order["locale"]).format, zone_of(order["country"], order["region"]), now)
        return self._render(session, order, read_order_page(session, order), local, opened=None, offers={})

    def _render(
        self,
        session: Session,
        order: OrderRow,
        view: OrderView,
        local: Local,
        *,
        opened: Opened | None,
        offers: Mapping[str, str],
    ) -> Response:
        gone = _gone(view)
        outlooks = self._outlooks(session, gone)
        products = self._products(session, order, view) if opened else []
        return self._pages.show(
            "tracking",
            locale=order["locale"],
            images={image_host(each.product.image_url) for each in products},
            opened=opened is not None,
            url=opened.url if opened else "",
            token=opened.token if opened else "",
            order_name=order["name"] if opened else "",
            look_up=PORTAL,
            many_parcels=len(view.parcels) > 1,
            parcels=[
                _shown(parcel, outlooks.get(parcel.id, Outlook()), local, offers.get(parcel.id, ""), bool(opened))
                for parcel in gone
            ],
            waiting=len(view.parcels) - len(gone),
            products=products,
            money=local.money(view.totals.currency),
            local=local,
        )

    def _products(self, session: Session, order: OrderRow, view: OrderView) -> list[_Product]:
        """Only what has a page to go to and a picture that the page may load."""
        accounts = self._wiring.accounts
        skus = {line.sku for line in view.lines}
        found = related_products(session, order, skus, most=MOST_PRODUCTS)
        each = [_Product(product, product_in_shop(accounts, order, product.handle)) for product in found]
        return [one for one in each if one.url and image_host(one.product.image_url)]


def _gone(view: OrderView) -> list[ParcelView]:
    return [parcel for parcel in view.parcels if parcel.fact.left]


def _shown(parcel: ParcelView, outlook: Outlook, local: Local, offer: str, opened: bool) -> dict[str, Any]:
    fact = parcel.fact
    began = fact.shipped_at or min((scan.at for scan in fact.scans), default=local.now)
    told = story(fact.state, fact.scans, outlook, local.now, local.zone, at_least=began)
    towns, leaps = way(told.entries, MOST_TOWNS)
    return {
        "number": parcel.number,
        "story": told,
        "when": _when(told.window, local),
        "promised": _day(told.promised, local) if told.promised else "",
        "entries": told.entries[:MOST_ENTRIES],
        "left_out": max(len(told.entries) - MOST_ENTRIES, 0),
        "way": towns if len(towns) > 1 else (),
        "leaps": leaps,
        "offer": offer,
        "carrier": parcel.carrier if opened else "",
        "tracking_number": parcel.tracking_number if opened else "",
        "tracking_url": parcel.tracking_url if opened and is_web_url(parcel.tracking_url) else "",
        "content": parcel.content if opened else (),
    }


def _when(window: Window | None, local: Local) -> tuple[str, str, str]:
    """(none, today, day or days; the first day; the last)."""
    if window is None:
        return "none", "", ""
    if window.first == window.last:
        return "today" if window.first == local.today else "day", _day(window.first, local), ""
    return "days", _day(window.first, local), _day(window.last, local)


def _day(day: date, local: Local) -> str:
    return local.short_day(datetime.combine(day, time(12), tzinfo=local.zone))
