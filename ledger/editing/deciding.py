"""The decision on a request: windows, stock, price, risk and policy in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from domain.decisions import Reason
from domain.edit_quote import Prices, Quote, ShopTotals, as_shop_says, compare, quote
from domain.edit_review import review_reasons
from domain.edits import EditError, EditKind, stock_change
from domain.policy import Policies
from domain.states import EditState
from ledger.address_checks import record_answers
from ledger.cases import CaseDraft, open_cases
from ledger.decisions import record_decisions
from ledger.editing import promises
from ledger.editing.destination import check_destination, destination
from ledger.editing.ending import case_key, refuse
from ledger.editing.facts import substitutes
from ledger.editing.requests import RequestRow, move_request, set_values
from ledger.editing.stages import order_and_request
from ledger.editing.telling import tell
from ledger.editing.wishes import Answers, Refused, Wish, check_windows, wish_of
from ledger.effects import EffectDraft, plan
from ledger.orders import OrderRow, contacts
from ledger.validating import risk_of


def decide(
    session: Session,
    request_id: str,
    token: int,
    answers: Answers,
    policies: Policies,
    now: datetime,
) -> str:
    """Promise stock, quote, judge, and send the request on its way: to the fence, a payment, a person, or its end.

    Raises: TakenOver.
    """
    order, request = order_and_request(session, request_id, token)
    if answers.address is not None:
        record_answers(session, [answers.address], now)
    try:
        wish = wish_of(session, order, request, policies)
        base = wish.base
        wish = replace(wish, placed=replace(wish.placed, discounts=answers.discounts))
        check_windows(wish, policies, now, agent=request["origin"] == "agent")
        _promise(session, order, request, wish, policies, now)
        country = destination(session, wish)
        check_destination(session, order, wish, policies, country=country, request_id=request["id"])
        found, differences = quoted(order, wish, answers.totals, policies)
        _check_agreed(request, found)
    except Refused as refused:
        refuse(session, order, request, refused.reasons, now)
        return str(refused.reasons[0]["code"])
    reasons = _doubts(session, order, wish, found, policies, now, may_collect=bool(answers.payment_page))
    kept = found.as_json() | {
        "base": base,
        "page_lives_s": policies.edits.link_lives.total_seconds(),
        "kinds": sorted(wish.wanted.kinds),
        "differences": [asdict(difference) for difference in differences],
    }
    _record(session, order, request, wish, found, reasons, policies, now)
    if request["state"] == EditState.REQUESTED:
        request = move_request(session, request, EditState.QUOTED, "quoted", now, quote=kept)
    else:
        request = set_values(session, request, quote=kept)
    request = set_values(
        session, request, payment_target=answers.payment_page, reasons=[reason.as_json() for reason in reasons]
    )
    if reasons:
        return _ask_person(session, order, request, reasons, policies, now)
    return after_review(session, order, request, now)


def _promise(
    session: Session, order: OrderRow, request: RequestRow, wish: Wish, policies: Policies, now: datetime
) -> None:
    needed = {sku: units for sku, units in stock_change(wish.placed, wish.wanted).items() if units > 0}
    country = destination(session, wish) if needed else order["country"]
    missing = promises.reserve_for_request(session, order, request["id"], needed, policies, now, country=country)
    if missing:
        raise Refused(
            [
                {
                    "code": "out_of_stock",
                    "sku": sku,
                    "missing": units,
                    "alternatives": substitutes(session, order, sku, needed[sku], policies, country),
                }
                for sku, units in sorted(missing.items())
            ]
        )


def quoted(order: OrderRow, wish: Wish, totals: ShopTotals | None, policies: Policies) -> tuple[Quote, Sequence[Any]]:
    """Our own calculation, and the shop's where it made one: there the shop's word counts."""
    shipping = {
        code: method.price_minor[order["currency"]]
        for code, method in policies.edits.shipping.items()
        if order["currency"] in method.price_minor
    }
    units = {sku: row["price_minor"] for sku, row in wish.variants.items() if row["currency"] == order["currency"]}
    try:
        own = quote(wish.placed, wish.wanted, Prices(order["currency"], units, shipping))
        if totals is None:
            return own, ()
        return as_shop_says(wish.placed, own, totals), compare(own, totals)
    except EditError as error:
        raise Refused([{"code": error.code, "where": error.where}]) from None


def _check_agreed(request: RequestRow, found: Quote) -> None:
    """The customer has agreed to an amount; another one is another question."""
    difference = found.to_pay_minor - found.to_refund_minor
    if request["agreed_minor"] is not None and request["agreed_minor"] != difference and not request["approved_by"]:
        raise Refused(
            [{"code": "price_changed", "agreed_minor": request["agreed_minor"], "difference_minor": difference}]
        )


def _doubts(
    session: Session,
    order: OrderRow,
    wish: Wish,
    found: Quote,
    policies: Policies,
    now: datetime,
    *,
    may_collect: bool,
) -> list[Reason]:
    """What a person looks at first: policy, price without a way to collect it, address, fraud."""
    country = destination(session, wish)
    reasons = list(review_reasons(wish.placed, wish.wanted, found, policies.edits, country=country))
    if found.to_pay_minor and not may_collect and not any(reason.code == "price_increase" for reason in reasons):
        reasons.append(Reason("price_increase", {"to_pay_minor": found.to_pay_minor}))
    if EditKind.ADDRESS in wish.wanted.kinds:
        contact = contacts(session, [wish.wanted.contact_version])[wish.wanted.contact_version]
        if contact["verdict"] in ("missing_unit", "unverifiable"):
            reasons.append(Reason(f"address_{contact['verdict']}"))
    if not wish.wanted.cancelled:
        changed = {
            **order,
            "contact_id": wish.wanted.contact_version or order["contact_id"],
            "total_minor": found.new_total_minor,
        }
        reasons += risk_of(session, order, changed, policies, now)
    return reasons


def _record(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    wish: Wish,
    found: Quote,
    reasons: Sequence[Reason],
    policies: Policies,
    now: datetime,
) -> None:
    inputs = {
        "request": request["id"],
        "wanted": wish.wanted.as_json(),
        "order": {"state": wish.snapshot.state, "holds": list(wish.snapshot.holds), "base": wish.base},
        "nodes": [[part.system, part.state, part.request_state, part.shipped] for part in wish.snapshot.parts],
        "quote": {name: value for name, value in found.as_json().items() if name != "lines"},
    }
    draft = {
        "workflow": "edit",
        "order_id": order["id"],
        "inputs": inputs,
        "candidates": [],
        "choice": {
            "review": bool(reasons),
            "to_pay_minor": found.to_pay_minor,
            "to_refund_minor": found.to_refund_minor,
        },
        "explanation": [reason.as_json() for reason in reasons] or [{"code": "edit_allowed"}],
    }
    record_decisions(session, [draft], policies.version, now)


def _ask_person(
    session: Session,
    order: OrderRow,
    request: RequestRow,
    reasons: Sequence[Reason],
    policies: Policies,
    now: datetime,
) -> str:
    until = now + policies.edits.review_lives
    request = move_request(session, request, EditState.AWAITING_REVIEW, reasons[0].code, now, expires_at=until)
    draft = CaseDraft(
        key=case_key(request["id"]),
        kind="edit_review",
        severity="high",
        order_id=order["id"],
        subject_id=request["id"],
        owner="service",
        facts={"reasons": [reason.as_json() for reason in reasons], "quote": request["quote"]},
        choices=["approve", "decline"],
    )
    open_cases(session, [draft], now)
    tell(session, order, request, "review", now)
    return "waits_for_a_person"


def after_review(session: Session, order: OrderRow, request: RequestRow, now: datetime) -> str:
    """Nobody objects (any more): collect what is to be paid, else go on to the fence. The caller holds both locks."""
    to_pay = int(request["quote"].get("to_pay_minor", 0))
    if to_pay and not request["paid_minor"] and request["payment_target"]:
        until = now + timedelta(seconds=request["quote"]["page_lives_s"])
        request = move_request(session, request, EditState.AWAITING_PAYMENT, "to_pay", now, expires_at=until)
        draft = EffectDraft(
            kind="payment.link",
            key=f"payment_link:{request['id']}",
            target=request["payment_target"],
            order_id=order["id"],
            subject_id=request["id"],
            request={"amount_minor": to_pay, "currency": order["currency"], "expires_at": until.isoformat()},
        )
        plan(session, [draft], now)
        return "awaits_payment"
    move_request(session, request, EditState.FENCING, "allowed", now, expires_at=None)
    return "allowed"
