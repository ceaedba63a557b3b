"""All addresses of the customers' pages."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.darkroom import Darkroom
from apps.portal.doors import LINK, REQUEST_LINK, Doors
from apps.portal.edit_page import CANCEL_PAGE, CHANGE, FORMS, STATUS, EditPage
from apps.portal.edit_preview import EditPreview
from apps.portal.edit_status import EditStatus
from apps.portal.forms import RETURNS
from apps.portal.look_up import LookUp
from apps.portal.offer_page import OFFERS, OfferPage, where_answered
from apps.portal.offers import Offers, offered_by
from apps.portal.order_page import OrderPage
from apps.portal.pages import PORTAL, WITHDRAW, Pages
from apps.portal.photos import PHOTOS, Photos
from apps.portal.preferences import MESSAGES, UNSUBSCRIBE_PAGE, Preferences, Unsubscribe
from apps.portal.return_page import RETURN, ReturnPage
from apps.portal.return_preview import ReturnPreviews
from apps.portal.return_status import ReturnStatus
from apps.portal.shipping_delay import DELAY, ShippingDelay
from apps.portal.threads import Threads
from apps.portal.tracking_page import TRACK_LINK, TRACKING, TrackingPage
from apps.portal.withdrawal import Withdrawals
from apps.receiver.writer import GroupWriter
from config.wiring import Wiring


def portal_routes(
    wiring: Wiring,
    writer: GroupWriter,
    threads: Threads,
    pages: Pages,
    darkroom: Darkroom,
    *,
    offers: Offers | None = None,
) -> list[Route]:
    """Everything under `/portal`. What is not listed here looks the same as what is not the visitor's."""
    look_up = LookUp(wiring, writer, threads, pages)
    withdrawals = Withdrawals(wiring, writer, threads, pages)
    offer = OfferPage(wiring, writer, threads, pages)
    doors = Doors(wiring, writer, threads, pages, darkroom)
    offers = offers or offered_by(wiring)
    back = ReturnPage(wiring, pages)
    back_price, back_status = ReturnPreviews(wiring, threads, pages, back), ReturnStatus(wiring, threads, pages)
    delay = ShippingDelay(pages)
    order = OrderPage(pages, offers, FORMS, back, delay)
    tracking = TrackingPage(wiring, threads, pages, remedies=where_answered(wiring))
    change = EditPage(wiring, pages, offers)
    price, change_status = EditPreview(wiring, threads, pages, change), EditStatus(wiring, threads, pages, offers)

    messages, unsubscribe = Preferences(wiring, pages), Unsubscribe(wiring, writer, threads, pages)

    async def asset(request: Request) -> Response:
        return await threads.call(lambda: pages.asset(request))

    return [
        Route(PORTAL, look_up.ask, methods=["GET"]),
        Route(PORTAL, look_up.take, methods=["POST"]),
        Route(f"{PORTAL}/sent", look_up.sent, methods=["GET"]),
        Route(WITHDRAW, withdrawals.ask, methods=["GET"]),
        Route(WITHDRAW, withdrawals.look, methods=["POST"]),
        Route(f"{WITHDRAW}/confirm", withdrawals.confirm, methods=["POST"]),
        Route(f"{WITHDRAW}/sent", withdrawals.sent, methods=["GET"]),
        Route(f"{PORTAL}/assets/{{digest}}/{{name}}", asset, methods=["GET"]),
        Route(LINK, doors.show_link, methods=["GET"]),
        Route(LINK, doors.open_link, methods=["POST"]),
        Route(REQUEST_LINK, doors.show_link, methods=["GET"]),
        Route(REQUEST_LINK, doors.open_link, methods=["POST"]),
        Route(OFFERS, offer.show, methods=["GET"]),
        Route(OFFERS, offer.give, methods=["POST"]),
        doors.order_route("", order.show),
        Route(UNSUBSCRIBE_PAGE, unsubscribe.ask, methods=["GET"]),
        Route(UNSUBSCRIBE_PAGE, unsubscribe.take, methods=["POST"]),
        doors.order_route(MESSAGES, messages.show),
        doors.order_route(MESSAGES, messages.take, ["POST"]),
        doors.order_route("/leave", doors.leave, ["POST"]),
        Route(TRACK_LINK, tracking.by_link, methods=["GET"]),
        doors.order_route(TRACKING, tracking.show),
        doors.order_route(f"{PHOTOS}/{{name}}", Photos(pages).show),
        doors.order_route(f"{DELAY}/{{notice_id}}", delay.take, ["POST"]),
        doors.order_route(CHANGE, change.show),
        doors.order_route(CHANGE, price.take, ["POST"]),
        doors.order_route(f"{CHANGE}/confirm", price.confirm, ["POST"]),
        doors.order_route(CANCEL_PAGE, price.ask_cancel),
        doors.order_route(f"{STATUS}/{{request_id}}", change_status.show),
        doors.order_route(f"{STATUS}/{{request_id}}/withdraw", change_status.withdraw, ["POST"]),
        doors.order_route(f"{STATUS}/{{request_id}}/answer", change_status.answer, ["POST"]),
        doors.order_route(RETURN, back.show),
        doors.order_route(RETURN, back_price.take, ["POST"], files=True),
        doors.order_route(f"{RETURN}/confirm", back_price.confirm, ["POST"]),
        doors.order_route(f"{RETURNS}/{{request_id}}", back_status.show),
        doors.order_route(f"{RETURNS}/{{request_id}}/label/{{number}}", back_status.label),
        doors.order_route(f"{RETURNS}/{{request_id}}/cancel", back_status.cancel, ["POST"]),
        doors.order_route(f"{RETURNS}/{{request_id}}/answer", back_status.answer, ["POST"]),
        doors.gift_route("", back.show),
        doors.gift_route(RETURN, back_price.take, ["POST"], files=True),
        doors.gift_route(f"{RETURN}/confirm", back_price.confirm, ["POST"]),
        doors.gift_route(f"{RETURNS}/{{request_id}}", back_status.show),
        doors.gift_route(f"{RETURNS}/{{request_id}}/label/{{number}}", back_status.label),
        doors.gift_route(f"{RETURNS}/{{request_id}}/cancel", back_status.cancel, ["POST"]),
        doors.gift_route(f"{PHOTOS}/{{name}}", Photos(pages).show),
    ]
