"""What a page says of a line before anybody asks."""

from datetime import timedelta

from domain.returns.options import options_of
from domain.returns.rulings import NextStep, Verdict
from domain.returns.words import OF_CLAIMS, Resolution, ReturnKind, ReturnReason
from tests.support.rulings import NOW, POLICY, codes, make_customer, make_line, make_order

K = ReturnKind


def test_a_line_has_a_ruling_of_each_kind_and_each_claim() -> None:
    found = options_of(make_line(), make_order("DE"), make_customer(), POLICY, NOW)

    assert [ruling.ask.kind for ruling in found] == [K.RETURN, K.EXCHANGE, K.WITHDRAWAL, *[K.CLAIM] * len(OF_CLAIMS)]
    by_reason = {ruling.ask.reason: str(ruling.verdict) for ruling in found[3:]}
    assert by_reason.pop(ReturnReason.NEVER_ARRIVED) == "review"  # a carrier delivered it
    assert set(by_reason.values()) == {"allowed"}
    assert {str(ruling.verdict) for ruling in found[:3]} == {"allowed"}


def test_what_is_over_says_why_and_what_there_is_instead() -> None:
    line = make_line(delivered_at=NOW - timedelta(days=100))

    back, _, withdrawn, *claims = options_of(line, make_order(), make_customer(), POLICY, NOW)

    assert (codes(back), back.next_step) == (["window_closed"], NextStep.CLAIM_IF_FAULTY)
    assert codes(withdrawn) == ["withdrawal_not_here"]
    open_ = {ruling.ask.reason for ruling in claims if ruling.verdict is not Verdict.REFUSED}
    assert open_ == {ReturnReason.DEFECTIVE}


def test_an_exchange_that_is_not_offered_is_not_called_a_refund() -> None:
    _, exchange, *_ = options_of(make_line(final_sale=True), make_order("DE"), make_customer(), POLICY, NOW)

    assert (codes(exchange), exchange.next_step) == (["resolution_not_offered"], NextStep.CHOOSE_ANOTHER)


def test_a_recipient_is_shown_what_they_may_have() -> None:
    back, exchange, withdrawn, *_ = options_of(make_line(), make_order(), make_customer(), POLICY, NOW, gift=True)

    assert (back.verdict, back.ask.resolution) == (Verdict.ALLOWED, Resolution.STORE_CREDIT)
    assert exchange.verdict is Verdict.ALLOWED
    assert codes(withdrawn) == ["withdrawal_of_buyer"]
