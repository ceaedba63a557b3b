"""Texts by what comes back: STOP, refusals, failures, answers."""

from datetime import timedelta
from typing import Any

import pytest

from config.wiring import Wiring
from domain.channels import Standing
from domain.claims import Channel
from ledger.tables import CaseNote, ChannelState, Consent, ReviewCase
from ledger.texting import take_answer, text_ended
from ledger.ways import record_consent, set_standing
from tests.ledger.messages import MAILBOX, NOON, PHONE, agrees, claim, key, send, settle, states, under_way, wants
from tests.ledger.support import row_of, rows_of

HOUR = timedelta(hours=1)
TODAY = "parcel_out_for_delivery"


def answers(wiring: Wiring, words: str, delivery: str = "SM9", number: str = PHONE, now: Any = NOON) -> str:
    return wiring.ledger(take_answer, {"delivery_id": delivery}, number, words, now)


@pytest.mark.row("COM-3")
def test_stop_moves_what_waits_to_mail_and_all_that_follows(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery")
    agrees(wiring)
    wants(wiring, TODAY)

    assert "stop" == answers(wiring, "Stop.")
    assert [] == send(wiring)
    assert [f"mail:{TODAY}"] == send(wiring, NOON + HOUR)
    assert [(TODAY, "sms", "suppressed", "by_email"), (TODAY, "email", "sent", "")] == states(wiring)
    wants(wiring, "parcel_attempted", NOON + HOUR)
    assert "email" == states(wiring)[-1][1]
    assert [True, False] == [row["given"] for row in rows_of(wiring, Consent)], "all words are kept"


@pytest.mark.row("COM-3")
def test_start_opens_the_phone_again(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery")
    agrees(wiring)
    answers(wiring, "STOP")
    assert "start" == answers(wiring, "start", "SM10")

    wants(wiring, TODAY)
    assert [f"sms:{TODAY}"] == send(wiring)


@pytest.mark.row("COM-3", bad_input=True)
@pytest.mark.parametrize(
    ("code", "standing"), [("stopped", "stopped"), ("bad_recipient", "failing"), ("too_long", None)]
)
def test_a_refused_text_is_said_by_mail(wiring: Wiring, code: str, standing: str | None) -> None:
    under_way(wiring, "out_for_delivery")
    agrees(wiring)
    wants(wiring, TODAY)
    settle(wiring, claim(wiring), "rejected", code=code)

    assert [f"mail:{TODAY}"] == send(wiring, NOON + HOUR)
    assert [(TODAY, "sms", "failed", code), (TODAY, "email", "sent", "")] == states(wiring)
    known = rows_of(wiring, ChannelState, address_key=key(Channel.SMS, PHONE))
    assert [standing or "open"] == [row["state"] for row in known]


@pytest.mark.row("COM-1", bad_input=True)
def test_a_text_that_never_arrived_is_said_by_mail_once(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery")
    agrees(wiring)
    wants(wiring, TODAY)
    send(wiring)

    assert "ignored" == wiring.ledger(text_ended, "SM1", "delivered", NOON)
    assert "done" == wiring.ledger(text_ended, "SM1", "undelivered", NOON)
    assert "ignored" == wiring.ledger(text_ended, "SM1", "undelivered", NOON), "told twice"
    assert "unknown_text" == wiring.ledger(text_ended, "SM2", "undelivered", NOON)
    assert [f"mail:{TODAY}"] == send(wiring, NOON + HOUR)
    assert [(TODAY, "sms", "bounced", "undelivered"), (TODAY, "email", "sent", "")] == states(wiring)


@pytest.mark.row("COM-3")
def test_consent_is_of_a_phone_and_not_of_an_order(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery", phone="+14155550101")
    agrees(wiring)
    wants(wiring, TODAY)

    assert [f"mail:{TODAY}"] == send(wiring)


@pytest.mark.row("COM-3")
@pytest.mark.parametrize("phone", ["415 555 0100", ""])
def test_a_number_without_its_country_gets_no_text(wiring: Wiring, phone: str) -> None:
    under_way(wiring, "out_for_delivery", phone=phone)
    agrees(wiring)
    wants(wiring, TODAY)

    assert [f"mail:{TODAY}"] == send(wiring)


@pytest.mark.row("COM-3")
def test_who_unsubscribes_hears_what_has_to_be_said(wiring: Wiring) -> None:
    under_way(wiring, "out_for_delivery")
    wiring.ledger(
        record_consent, Channel.EMAIL, key(Channel.EMAIL, MAILBOX), given=False, source="unsubscribe", proof="inb_1",
        order_id="", now=NOON,
    )  # fmt: skip
    wants(wiring, TODAY)
    wants(wiring, "parcel_delayed")

    assert ["mail:parcel_delayed"] == send(wiring)
    assert (TODAY, "email", "suppressed", "stopped") == states(wiring)[0]


def test_a_failing_phone_does_not_undo_its_stop(wiring: Wiring) -> None:
    for standing in (Standing.STOPPED, Standing.FAILING):
        wiring.ledger(set_standing, Channel.SMS, "k", standing, "x", NOON)
    assert "stopped" == row_of(wiring, ChannelState)["state"]
    wiring.ledger(set_standing, Channel.SMS, "", Standing.STOPPED, "x", NOON)
    assert 1 == len(rows_of(wiring, ChannelState)), "without a key nothing can be kept"


@pytest.mark.row("COM-5")
def test_other_words_become_a_case_about_the_order_that_we_wrote_of(wiring: Wiring) -> None:
    order_id = under_way(wiring, "out_for_delivery")
    agrees(wiring)
    wants(wiring, TODAY)
    send(wiring)

    assert "replied" == answers(wiring, "Please leave it with Eve", now=NOON + HOUR)
    case = row_of(wiring, ReviewCase, kind="text_reply")
    assert (order_id, {"known_order": True}) == (case["order_id"], case["facts"])
    assert "Please leave it with Eve" == row_of(wiring, CaseNote)["text"]
    assert "help" == answers(wiring, "HELP", "SM11")
    assert "replied" == answers(wiring, "hello", "SM12", "+14155559999")
    assert 2 == len(rows_of(wiring, ReviewCase))
