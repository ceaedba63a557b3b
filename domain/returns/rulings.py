"""What is decided of a line: the values of `domain.returns.judge`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.decisions import Reason
from domain.returns.asks import ReturnAsk
from domain.returns.policy import FeeCode, When
from domain.returns.words import Resolution


class Verdict(StrEnum):
    ALLOWED = "allowed"
    REFUSED = "refused"
    REVIEW = "review"  # a person decides; everything else is what it will be if they allow it


class Goods(StrEnum):
    SEND_BACK = "send_back"
    KEEP = "keep"  # not worth its way back
    NOTHING = "nothing"  # the customer has none
    UNSENT = "unsent"  # they have not left yet: the order is changed instead


class NextStep(StrEnum):
    """What to do after a refusal."""

    WAIT = "wait"  # until `next_at`, where that is known
    CANCEL_ORDER = "cancel_order"
    SEE_REQUEST = "see_request"  # the one that the units are in already
    CHOOSE_FEWER = "choose_fewer"
    CHOOSE_ANOTHER = "choose_another"  # of the resolutions offered
    ADD_PHOTO = "add_photo"
    RETURN = "return"
    CLAIM_IF_FAULTY = "claim_if_faulty"
    ASK_BUYER = "ask_buyer"
    ASK_US = "ask_us"


# Of refusals that leave one way; `window_closed` and the like depend on whether a fault could still be claimed.
NEXT_STEP: Mapping[str, NextStep] = {
    "order_cancelled": NextStep.ASK_US,
    "edit_in_progress": NextStep.WAIT,
    "not_sent_yet": NextStep.CANCEL_ORDER,
    "not_delivered": NextStep.WAIT,
    "parcel_on_its_way": NextStep.WAIT,
    "already_in_return": NextStep.SEE_REQUEST,
    "already_returned": NextStep.SEE_REQUEST,
    "not_so_many": NextStep.CHOOSE_FEWER,
    "photo_needed": NextStep.ADD_PHOTO,
    "resolution_not_offered": NextStep.CHOOSE_ANOTHER,
    "withdrawal_of_buyer": NextStep.ASK_BUYER,
    "gift_not_offered": NextStep.ASK_BUYER,
    "claim_window_closed": NextStep.ASK_US,
}
IF_FAULTY = ("window_closed", "final_sale", "excluded", "condition_not_accepted")
WITHDRAWAL_REFUSED = ("withdrawal_not_here", "withdrawal_over", "withdrawal_exempt")
REFUSALS = frozenset({*NEXT_STEP, *IF_FAULTY, *WITHDRAWAL_REFUSED})


@dataclass(frozen=True, slots=True)
class Fee:
    """What is kept back of a line's money. `rule` names the one that asks for it."""

    code: FeeCode
    amount_minor: int
    rule: str


@dataclass(frozen=True, slots=True)
class LineRuling:
    """The decision on one line, with everything that a page or a decision record says of it.

    `reasons`: why it was refused or waits for a person; of what is allowed, what else was seen. `rule` names what
    allowed or refused it ("window:…", "season:…", "claim:…", "law:withdrawal:…", "law:guarantee:…"); `overridden` the
    shop's rules that the law has set aside. `window_end` is exclusive; None where no end is known yet. `resolutions`
    are all that are offered. `claw_back_at`: until when the goods have to be on their way once something went ahead.
    `send_by` and `refund_by` are the law's. `next_step` of a refusal only, `next_at` where waiting helps.
    """

    ask: ReturnAsk
    verdict: Verdict
    currency: str
    value_minor: int
    reasons: tuple[Reason, ...] = ()
    rule: str = ""
    overridden: tuple[str, ...] = ()
    window_end: datetime | None = None
    resolutions: tuple[Resolution, ...] = ()
    goods: Goods = Goods.SEND_BACK
    fees: tuple[Fee, ...] = ()
    when: When = When.INSPECTION
    trust: str = ""
    claw_back_at: datetime | None = None
    send_by: datetime | None = None
    refund_by: datetime | None = None
    next_step: NextStep | None = None
    next_at: datetime | None = None

    @property
    def fee_minor(self) -> int:
        return sum(fee.amount_minor for fee in self.fees)

    def as_json(self) -> dict[str, Any]:
        times = ("window_end", "claw_back_at", "send_by", "refund_by", "next_at")
        words = ("verdict", "rule", "goods", "when", "trust", "currency")
        return (
            {"ask": self.ask.as_json(), "value_minor": self.value_minor, "fee_minor": self.fee_minor}
            | {name: str(getattr(self, name)) for name in words}
            | {name: moment.isoformat() if (moment := getattr(self, name)) else None for name in times}
            | {
                "reasons": [reason.as_json() for reason in self.reasons],
                "overridden": list(self.overridden),
                "resolutions": [str(each) for each in self.resolutions],
                "fees": [{"code": str(f.code), "amount_minor": f.amount_minor, "rule": f.rule} for f in self.fees],
                "next_step": str(self.next_step) if self.next_step else None,
            }
        )
