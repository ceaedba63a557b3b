"""Texts on their whole way: from a parcel's scan to a phone, and what phones answer (COM-1, COM-3)."""

import pytest

from tests.support.texts import CREATE, PHONE, agree, deliver, texts, until_noon
from tests.support.world import World
from tests.tasks.steps import at_shipbob, cases, later, release

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def delivered(world: World) -> None:
    """An order on its whole way, all of it at midday."""
    until_noon(world)
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await later(world, 1)
    deliver(world)
    for _ in range(2):
        await later(world, 0.5)


@sqlite_only
@pytest.mark.row("COM-1")
async def test_news_of_a_parcel_comes_as_a_text_to_who_agreed(world: World) -> None:
    agree(world.wiring)
    await delivered(world)

    said = texts(world)
    assert said, "delivered at least"
    assert {PHONE} == {message["to"] for message in said}
    assert all("Reply STOP" in message["body"] for message in said)
    assert all("/portal/track/" in message["body"] for message in said), "a link that opens no order"
    assert [1] * len(said) == list(world.sandbox.accepted("twilio")[CREATE].values())
    assert [] == world.mails(subject="delivered"), "said once, by one way"
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-2", bad_input=True)
@pytest.mark.parametrize("kind", ["error_after", "truncate"])
async def test_a_text_whose_answer_is_lost_is_found_or_given_to_a_person(world: World, kind: str) -> None:
    world.sandbox.fault("twilio", CREATE, kind)
    agree(world.wiring)
    await delivered(world)

    assert {1} == set(world.sandbox.accepted("twilio")[CREATE].values()), "never sent a second time"
    assert "effect_parked" not in cases(world), "the list knows it"
    assert {"done"} == {row["state"] for row in world.rows("SELECT state FROM effect WHERE kind = 'sms.send'")}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-3", bad_input=True)
async def test_a_phone_that_takes_no_texts_is_written_to_by_mail(world: World) -> None:
    world.sandbox.control(f"twilio/numbers/{PHONE}", {"fate": "undelivered"})
    agree(world.wiring)
    await delivered(world)

    assert texts(world)
    assert [] != world.mails(subject="delivered")
    assert "bounced" in {row["state"] for row in world.rows("SELECT state FROM message WHERE channel = 'sms'")}
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-3")
async def test_stop_by_text_moves_the_rest_to_mail(world: World) -> None:
    agree(world.wiring)
    public = world.wiring.settings.public_url
    world.sandbox.control("twilio/settings", {"sms_url": f"{public}/hooks/twilio/main"})
    world.sandbox.control("twilio/inbound", {"from": PHONE, "body": "STOP"})
    await delivered(world)

    assert [] == texts(world)
    assert [] != world.mails(subject="delivered")
    assert [] == world.rows("SELECT id FROM effect WHERE kind = 'sms.send'")
    assert not world.broken()


@sqlite_only
@pytest.mark.row("COM-3")
async def test_courtesies_by_mail_can_be_ended_with_one_click_and_the_rest_cannot(world: World) -> None:
    world.sandbox.control("shipbob/settings", {"instant": True})
    await release(world, at_shipbob())
    await later(world, 3)

    [confirmed] = world.mails(subject="confirmed")
    [sent] = world.mails(subject="on its way")
    assert "List-Unsubscribe" not in confirmed["headers"]
    assert "List-Unsubscribe=One-Click" == sent["headers"]["List-Unsubscribe-Post"]
    url = sent["headers"]["List-Unsubscribe"]
    assert url.startswith(f"<{world.wiring.settings.public_url}/portal/unsubscribe/")
