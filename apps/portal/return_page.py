"""`GET /portal/orders/{order_id}/return`: one form for all lines that can go back, be exchanged or be claimed."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from apps.darkroom import MOST_AT_ONCE, photo_name
from apps.portal.doors import Opened, local_of
from apps.portal.forms import Form
from apps.portal.pages import Pages
from apps.portal.return_form import CONDITION, EXCHANGE, REASON, SEARCH, UNITS, WANT, photos_of, wanted_skus
from apps.portal.return_lines import LineReturn, line_returns
from config.links import gift_link
from config.wiring import Wiring
from domain.returns.gifts import Viewer
from domain.returns.words import Condition
from ledger.editing.choices import choices
from ledger.order_page import read_order_page
from ledger.returning.offering import line_offers, seen_requests
from ledger.returning.requests import RequestRow

RETURN = "/return"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the form, with what was typed."""

    item: LineReturn
    units: str
    reason: str
    condition: str
    want: str
    photos: tuple[str, ...]


class ReturnPage:
    def __init__(self, wiring: Wiring, pages: Pages) -> None:
        self._wiring, self._pages = wiring, pages

    def lines(self, opened: Opened, form: Form | None = None) -> list[LineReturn]:
        """What each line of the order allows now; with a `form` also what it could be exchanged for."""
        policies, order = self._wiring.policies, opened.order
        gift = bool(opened.gift_path)
        offers = line_offers(opened.session, order, policies, opened.now, gift=gift)
        if not offers:
            return []
        views = read_order_page(opened.session, order).lines
        if form is None:
            return line_returns(views, offers, policies, local_of(opened), opened.viewer)
        wanted = wanted_skus(form)
        skus = {view.sku for view in views} | set(wanted)
        shop = choices(opened.session, order, skus, policies, search=form.get(SEARCH, ""))
        return line_returns(views, offers, policies, local_of(opened), opened.viewer, shop, wanted)

    def requests(self, opened: Opened) -> list[RequestRow]:
        """The order's returns that its buyer may see, the newest first."""
        return seen_requests(opened.session, opened.order["id"], self._wiring.policies, Viewer.BUYER)

    def show(self, opened: Opened) -> Response:
        """The form, empty."""
        return self.form(opened, {}, {})

    def _gift_link(self, opened: Opened) -> str:
        """For the buyer to hand on."""
        if opened.gift_path:
            return ""
        ends = opened.now + self._wiring.policies.portal.mail_link_lives
        return gift_link(self._wiring.settings, order_id=opened.order["id"], version=opened.version, expires_at=ends)

    def form(self, opened: Opened, form: Form, wrong: Mapping[str, str], *, status: int = 200) -> Response:
        """With what was typed. `wrong`: field -> code."""
        order, local = opened.order, local_of(opened)
        lines = self.lines(opened, form)
        policy = self._wiring.policies.returns
        return self._pages.show(
            "return",
            locale=order["locale"],
            status=status,
            url=opened.url,
            token=opened.token,
            order_name=order["name"],
            entries=[_entry(line, form) for line in lines if line.possible],
            closed=[line for line in lines if not line.possible],
            conditions=[str(each) for each in Condition],
            exchange=EXCHANGE,
            search=form.get(SEARCH, ""),
            searches=not opened.gift_path and any(line.exchange for line in lines),
            others=len({choice.sku for line in lines for choice in line.others}),
            most_photos=MOST_AT_ONCE,
            bonus_percent=0 if opened.gift_path else policy.money.bonus_percent,
            gift=bool(opened.gift_path),
            gift_link=self._gift_link(opened) if any(line.possible for line in lines) else "",
            script=any(line.clock and line.clock.left for line in lines),
            zone=local.zone_name,
            wrong=wrong,
            money=local.money(order["currency"]),
            now=opened.now,
        )


def _entry(item: LineReturn, form: Form) -> _Entry:
    line_id = item.line.id
    units, reason, condition, want = (form.get(f"{name}{line_id}", "") for name in (UNITS, REASON, CONDITION, WANT))
    return _Entry(item, units, reason, condition, want, tuple(map(photo_name, photos_of(form, line_id))))
