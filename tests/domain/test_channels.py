"""Which way is taken to a person, and when: consent, nights of the recipient, caps."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels import Choice, Quiet, Standing, Way, choose
from domain.claims import Channel, Purpose
from tests.domain.test_arbiter import NOW, RULES, ZONE

NIGHT = Quiet(time(21), time(8))
MAIL = Way(Channel.EMAIL, has_address=True)
TEXT = Way(Channel.SMS, has_address=True, consent=True)


def chosen(*ways: Way, purpose: Purpose = Purpose.NOTICE, now: datetime = NOW) -> Choice:
    return choose(purpose, ways, zone=ZONE, now=now, rules=RULES)


@pytest.mark.row("COM-3")
@pytest.mark.parametrize(
    ("text", "channel", "reason"),
    [
        pytest.param(TEXT, Channel.SMS, "", id="agreed"),
        pytest.param(replace(TEXT, consent=None), None, "no_consent", id="never asked"),
        pytest.param(replace(TEXT, consent=False), None, "no_consent", id="taken back"),
        pytest.param(replace(TEXT, standing=Standing.STOPPED), None, "stopped", id="STOP"),
        pytest.param(replace(TEXT, standing=Standing.FAILING), None, "address_failing", id="no such phone"),
        pytest.param(replace(TEXT, has_address=False), None, "no_address", id="no number"),
    ],
)
def test_a_text_is_sent_to_who_agreed_and_everybody_else_gets_a_mail(
    text: Way, channel: Channel | None, reason: str
) -> None:
    assert Choice(channel, reason=reason) == chosen(text)
    assert Choice(channel or Channel.EMAIL) == chosen(text, MAIL)


@pytest.mark.row("COM-3")
def test_who_unsubscribes_from_mails_is_spared_courtesies_alone() -> None:
    unsubscribed = replace(MAIL, standing=Standing.STOPPED)

    assert Choice(None, reason="stopped") == chosen(unsubscribed)
    for purpose in (Purpose.CONTRACT, Purpose.APOLOGY):
        assert Choice(Channel.EMAIL) == chosen(unsubscribed, purpose=purpose)


@pytest.mark.row("COM-3")
def test_nights_are_the_recipients() -> None:
    evening = datetime(2026, 11, 25, 2, tzinfo=UTC)  # 21:00 in New York
    morning = datetime(2026, 11, 25, 13, tzinfo=UTC)

    assert Choice(Channel.SMS) == chosen(TEXT, now=evening - timedelta(seconds=1))
    assert Choice(Channel.SMS, morning, "quiet_hours") == chosen(TEXT, now=evening)
    assert Choice(Channel.SMS, morning, "quiet_hours") == chosen(TEXT, now=morning - timedelta(seconds=1))
    assert Choice(Channel.SMS) == chosen(TEXT, now=morning)
    assert Choice(Channel.EMAIL) == chosen(TEXT, MAIL, now=evening), "a mail wakes nobody"


@pytest.mark.parametrize(
    ("zone", "night", "ends"),
    [
        # clocks go forward on 8 March, back on 1 November 2026
        ("America/New_York", datetime(2026, 3, 8, 4, tzinfo=UTC), datetime(2026, 3, 8, 12, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 13, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 11, 24, 16, tzinfo=UTC), datetime(2026, 11, 25, 2, 30, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 19, tzinfo=UTC)),
    ],
)
def test_nights_end_by_the_local_clock(zone: str, night: datetime, ends: datetime) -> None:
    assert ends == NIGHT.over_at(night, ZoneInfo(zone))


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(
        lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.times().filter(lambda t: t.microsecond == 0),
    st.times().filter(lambda t: t.microsecond == 0),
)
def test_after_the_night_it_is_day(at: datetime, zone: str, begins: time, ends: time) -> None:
    quiet, here = Quiet(begins, ends), ZoneInfo(zone)

    over = quiet.over_at(at, here)

    assert at <= over <= at + timedelta(days=1, hours=2)


@pytest.mark.row("COM-3")
def test_caps_hold_per_address_and_spare_what_has_to_be_said() -> None:
    sent = (NOW - timedelta(hours=20), NOW - timedelta(hours=3))
    full, free = replace(TEXT, lately=sent), replace(TEXT, lately=(NOW - timedelta(days=1), *sent[1:]))

    # the first of the two was 20 hours ago
    assert Choice(Channel.SMS, NOW + timedelta(hours=4), "frequency_cap") == chosen(full)
    assert Choice(Channel.SMS) == chosen(free)
    assert Choice(Channel.EMAIL) == chosen(full, MAIL)
    many = replace(MAIL, lately=tuple(NOW - timedelta(hours=hour) for hour in range(6)))
    assert "frequency_cap" == chosen(many).reason
    assert Choice(Channel.EMAIL) == chosen(many, purpose=Purpose.APOLOGY)


def test_a_cap_that_ends_at_night_ends_in_the_morning() -> None:
    full = replace(TEXT, lately=(NOW - timedelta(hours=12), NOW))

    # 10:00 + 12 h is 22:00: quiet until 8:00
    assert Choice(Channel.SMS, datetime(2026, 11, 25, 13, tzinfo=UTC), "quiet_hours") == chosen(full)


def test_the_way_that_opens_first_is_taken() -> None:
    later = replace(TEXT, lately=(NOW, NOW))
    sooner = replace(MAIL, lately=tuple(NOW - timedelta(hours=20) for _ in range(6)))

    assert Choice(Channel.EMAIL, NOW + timedelta(hours=4), "frequency_cap") == chosen(later, sooner)
    assert Choice(None, reason="no_address") == chosen()
