"""Waiting or cancelling, on the page of an order that is shipped later than was promised.

The law gives the customer this choice (`domain.ship_promise`), at no cost and until the order is shipped; so it stands
on the order's page whatever else can still be changed there.
"""

from dataclasses import dataclass

from starlette.responses import Response

from apps.portal.doors import Opened, local_of
from apps.portal.keeping import Kept
from apps.portal.pages import Pages
from domain.ship_promise import Answer
from ledger import ship_notices
from ledger.inbox import waits

DELAY = "/delay"
_ANSWERS = {"wait": Answer.CONSENTED, "cancel": Answer.REFUSED}


@dataclass(frozen=True, slots=True)
class Choice:
    """`ships_on` is empty where nobody can say. `answered`: what they said, also while it is not looked at yet.
    `may_wait`: whether saying so is asked for and still counts."""

    notice_id: str
    ships_on: str
    answer_by: str
    silence_cancels: bool
    answered: str
    may_wait: bool


class ShippingDelay:
    """`POST …/delay/{notice_id}`, and what the order's page shows of it."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def choice(self, opened: Opened) -> Choice | None:
        """None where there is nothing to choose: in time, shipped, or ended."""
        notice = ship_notices.open_notice(opened.session, opened.order)
        if notice is None:
            return None
        local, revised = local_of(opened), notice["revised_at"]
        said = notice["answer"] or next(
            (str(each) for each in (Answer.REFUSED, Answer.CONSENTED) if self._waits(opened, notice["id"], each)), ""
        )
        return Choice(
            notice_id=notice["id"],
            ships_on=local.short_day(revised) if revised is not None and revised > opened.now else "",
            answer_by=local.moment(notice["answer_by"]),
            silence_cancels=notice["silence"] == "cancels",
            answered=said,
            may_wait=notice["silence"] == "cancels" and not said and opened.now < notice["answer_by"],
        )

    def take(self, opened: Opened) -> Response | Kept:
        """What they chose goes through the inbox; tapped twice it is one answer."""
        then = self._pages.redirect(opened.url)
        notice = ship_notices.open_notice(opened.session, opened.order)
        if notice is None or notice["id"] != opened.path["notice_id"]:
            # It has been shipped or ended meanwhile, or is no notice of theirs: the page says what there is.
            return then
        answer = _ANSWERS.get(opened.form.get("do", ""))
        if answer is None:
            return then
        return Kept(ship_notices.delivery(notice["id"], opened.order["id"], answer), then)

    def _waits(self, opened: Opened, notice_id: str, answer: Answer) -> bool:
        key = f"{notice_id}:{answer}"
        return waits(opened.session, ship_notices.SOURCE, "portal", ship_notices.ANSWERED, key, opened.order["id"])
