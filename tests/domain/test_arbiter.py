"""What may be said after what, and that no reader is ever told two things that do not fit together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.arbiter import MAY_FOLLOW, Ruling, Spoken, Stance, arbitrate, contradicts, needs_order, stance_of
from domain.channels import ChannelRules, MessageRules, Quiet, Way
from domain.claims import Channel, ClaimKind
from domain.message_catalogue import CATALOGUE, EXCEPTION_CODES
from domain.order import Facts

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)  # 10:00 in New York
ZONE = ZoneInfo("America/New_York")
RULES = MessageRules(
    channels={
        Channel.EMAIL: ChannelRules(needs_consent=False, quiet=None, most=6, per=timedelta(days=1)),
        Channel.SMS: ChannelRules(needs_consent=True, quiet=Quiet(time(21), time(8)), most=2, per=timedelta(days=1)),
    },
    preferred={ClaimKind.PARCEL_OUT_FOR_DELIVERY: (Channel.SMS, Channel.EMAIL)},
    window_shift=timedelta(days=2),
    attempted_again=timedelta(hours=18),
    retraction_wait=timedelta(minutes=15),
    kept_in_time=frozenset(),
    text_segments=2,
)
MAIL = (Way(Channel.EMAIL, has_address=True),)


def spoken(kind: str, *, age: timedelta = timedelta(0), name: str = "", **facts: object) -> Spoken:
    wanted = ClaimKind(kind)
    base = {key: value for key, value in CATALOGUE[wanted].sample.items() if key not in ("arrives_from", "arrives_to")}
    if "arrives_to" in CATALOGUE[wanted].required:
        base["arrives_to"] = "2026-11-27"
    return Spoken(
        name or f"msg_{kind}", wanted, {**base, "expires_at": "2026-11-29T12:00:00+00:00", **facts}, NOW - age
    )


def judge(claim: Spoken, *said: Spoken, waiting: tuple[Spoken, ...] = (), now: datetime = NOW) -> Ruling:
    return arbitrate(claim, said=said, waiting=waiting, still_true=True, ways=MAIL, zone=ZONE, now=now, rules=RULES)


HOUR = timedelta(hours=1)


@pytest.mark.row("COM-2")
@pytest.mark.parametrize(
    ("claim", "said", "came_to"),
    [
        pytest.param(spoken("parcel_delayed"), [], "", id="first"),
        pytest.param(spoken("parcel_recovered"), [], "nothing_to_take_back", id="found, never lost"),
        pytest.param(spoken("parcel_recovered"), ["parcel_shipped"], "nothing_to_take_back", id="found, all was well"),
        pytest.param(spoken("parcel_recovered"), ["parcel_lost"], "", id="found again"),
        pytest.param(spoken("parcel_lost"), ["parcel_lost"], "already_said", id="lost twice"),
        pytest.param(spoken("parcel_lost"), ["parcel_lost", "parcel_recovered"], "", id="lost again"),
        pytest.param(spoken("parcel_stuck"), ["parcel_lost"], "contradicts", id="lost, only stuck"),
        pytest.param(spoken("parcel_delayed"), ["parcel_lost"], "contradicts", id="lost, only late"),
        pytest.param(spoken("parcel_delivered"), ["parcel_lost"], "", id="lost, arrived"),
        pytest.param(spoken("parcel_lost"), ["parcel_delivered"], "superseded", id="arrived, lost"),
        pytest.param(spoken("parcel_offer"), ["parcel_lost"], "", id="lost, something for it"),
        pytest.param(spoken("parcel_offer"), ["parcel_lost", "parcel_offer"], "already_said", id="the same offer"),
        pytest.param(spoken("parcel_offer"), ["parcel_delivered"], "superseded", id="an offer for what arrived"),
        pytest.param(spoken("parcel_stuck"), ["parcel_stuck"], "already_said", id="stands at the same place"),
        pytest.param(spoken("order_confirmed"), ["parcel_lost"], "", id="takes no stance"),
    ],
)
def test_what_may_be_said_after_what(claim: Spoken, said: list[str], came_to: str) -> None:
    before = [spoken(kind, age=(9 - number) * HOUR) for number, kind in enumerate(said)]

    ruling = judge(claim, *before)

    assert came_to == ruling.reason
    assert ruling.say is (not came_to)


@pytest.mark.row("COM-2")
def test_scans_and_detection_say_the_same_thing_once() -> None:
    scanned = spoken("parcel_exception", age=HOUR, exception="attempted")
    found = spoken("parcel_attempted")

    assert "already_said" == judge(found, scanned).reason
    assert "already_said" == judge(spoken("parcel_exception", exception="lost"), spoken("parcel_lost", age=HOUR)).reason
    assert judge(found, replace(scanned, at=NOW - timedelta(hours=18))).say
    assert "already_said" == judge(found, replace(scanned, at=NOW - timedelta(hours=18) + timedelta(seconds=1))).reason


@pytest.mark.row("DLY-3")
@pytest.mark.parametrize(
    ("told", "end", "came_to"),
    [
        pytest.param("2026-11-27", "2026-11-28", "already_said", id="a day is no news"),
        pytest.param("2026-11-27", "2026-11-29", "", id="two days later"),
        pytest.param("2026-11-27", "2026-11-25", "", id="two days sooner"),
        pytest.param("2026-11-20", "2026-11-24", "", id="its last day is today"),
        pytest.param("2026-11-20", "2026-11-23", "window_passed", id="its last day was yesterday"),
    ],
)
def test_windows_are_told_when_they_moved_and_never_when_they_are_over(told: str, end: str, came_to: str) -> None:
    before = spoken("parcel_delayed", age=timedelta(days=3), arrives_to=told)

    assert came_to == judge(spoken("parcel_delayed", arrives_to=end), before).reason


@pytest.mark.row("DLY-3")
def test_a_window_is_over_by_the_recipients_own_day() -> None:
    claim = spoken("parcel_delayed", arrives_to="2026-11-24")
    evening = datetime(2026, 11, 25, 4, 59, tzinfo=UTC)  # 23:59 in New York

    assert judge(replace(claim, at=evening), now=evening).say
    later = evening + timedelta(minutes=1)
    assert "window_passed" == judge(replace(claim, at=later), now=later).reason


@pytest.mark.row("COM-2")
def test_what_moves_after_lost_waits_for_the_words_that_take_it_back() -> None:
    lost = spoken("parcel_lost", age=timedelta(days=2))
    due_today = spoken("parcel_out_for_delivery")

    ruling = judge(due_today, lost)
    assert (NOW + timedelta(minutes=15), "retraction") == (ruling.later, ruling.why)
    assert judge(due_today, lost, spoken("parcel_recovered", age=HOUR)).say
    assert "stale" == judge(replace(due_today, at=NOW - timedelta(hours=13)), lost).reason


@pytest.mark.row("COM-2")
def test_of_words_that_wait_only_the_last_is_said() -> None:
    stuck, late = spoken("parcel_stuck", age=2 * HOUR), spoken("parcel_delayed", age=HOUR)
    shipped = spoken("parcel_shipped", age=3 * HOUR)

    assert "superseded" == judge(stuck, waiting=(stuck, late)).reason
    ruling = judge(late, waiting=(shipped, stuck, late))
    assert (True, (stuck.id,)) == (ruling.say, ruling.supersedes)
    assert judge(shipped, waiting=(stuck, late)).say, "it has what is in the parcel"
    recovered = spoken("parcel_recovered")
    assert judge(stuck, waiting=(stuck, recovered)).say, "what has nothing to take back replaces nothing"
    due_today, lost = spoken("parcel_out_for_delivery", age=HOUR), spoken("parcel_lost", age=2 * HOUR)
    ruling = judge(recovered, lost, waiting=(due_today, recovered))
    assert (True, ()) == (ruling.say, ruling.supersedes), "out for delivery waits for these words, and is said then"


@pytest.mark.row("COM-2")
def test_an_offer_replaces_the_one_that_waits() -> None:
    first, second = spoken("parcel_offer", age=HOUR, name="a"), spoken("parcel_offer", name="b", offer="off_2")

    assert "superseded" == judge(first, waiting=(second,)).reason
    assert ("a",) == judge(second, waiting=(first,)).supersedes
    assert "offer_over" == judge(spoken("parcel_offer", expires_at=NOW.isoformat())).reason
    assert judge(spoken("parcel_offer", expires_at=(NOW + timedelta(seconds=1)).isoformat())).say


def test_what_a_shop_has_switched_off_is_not_said_and_stands_in_no_ones_way() -> None:
    rules = replace(RULES, off=frozenset({ClaimKind.PARCEL_STUCK}))
    off, claim = spoken("parcel_stuck"), spoken("parcel_delayed", age=HOUR)
    judged = [
        arbitrate(one, said=[], waiting=[off, claim], still_true=True, ways=MAIL, zone=ZONE, now=NOW, rules=rules)
        for one in (off, claim)
    ]

    assert ("switched_off", "") == tuple(ruling.reason for ruling in judged)
    assert "superseded" == judge(claim, waiting=(off, claim)).reason, "it is the later word where it is said"


def test_what_is_not_true_is_never_said() -> None:
    claim = spoken("parcel_delayed")

    ruling = arbitrate(claim, said=(), waiting=(), still_true=False, ways=MAIL, zone=ZONE, now=NOW, rules=RULES)

    assert "no_longer_true" == ruling.reason


def test_every_stance_is_taken_and_has_its_followers() -> None:
    exceptions = {stance_of(ClaimKind.PARCEL_EXCEPTION, {"exception": code}) for code in EXCEPTION_CODES}
    plain = {stance_of(kind, {"exception": "customs"}) for kind in ClaimKind}

    assert set(Stance) == (exceptions | plain) - {None} == set(MAY_FOLLOW)
    assert all(Stance.DELIVERED in followers for stance, followers in MAY_FOLLOW.items() if stance != Stance.DELIVERED)


def test_claims_that_depend_on_each_other_leave_one_by_one() -> None:
    assert not needs_order(spoken("parcel_shipped"), spoken("parcel_delivered"))
    assert needs_order(spoken("parcel_recovered"), spoken("parcel_out_for_delivery"))
    assert not needs_order(spoken("order_confirmed"), spoken("parcel_lost"))


# A reader who knows nothing of stances: what each kind makes them believe, in words of this test alone.
GONE = {"parcel_lost", "parcel_exception:lost", "parcel_exception:returning"}
FOUND = {"parcel_recovered", "parcel_delivered", "parcel_exception:returning", "parcel_lost", "parcel_exception:lost"}
KINDS = [
    *("parcel_shipped", "parcel_out_for_delivery", "parcel_delivered", "parcel_delayed", "parcel_stuck"),
    *("parcel_attempted", "parcel_lost", "parcel_offer", "parcel_recovered"),
]
WANTED = st.one_of(
    st.builds(lambda kind: (kind, {}), st.sampled_from(KINDS)),
    st.builds(lambda code: ("parcel_exception", {"exception": code}), st.sampled_from(EXCEPTION_CODES)),
    st.builds(
        lambda day: ("parcel_delayed", {"arrives_to": (date(2026, 11, 20) + timedelta(days=day)).isoformat()}),
        st.integers(0, 20),
    ),
    st.builds(lambda number: ("parcel_offer", {"offer": f"off_{number}"}), st.integers(0, 2)),
)
STORY = st.lists(st.tuples(WANTED, st.integers(0, 40), st.booleans()), max_size=25)


def word(message: Spoken) -> str:
    code = message.facts["exception"] if message.kind is ClaimKind.PARCEL_EXCEPTION else ""
    return f"{message.kind}:{code}" if code else str(message.kind)


def all_fits(told: Sequence[Spoken]) -> None:
    """`told`: all but offers, in the order in which it was read."""
    for earlier, later in pairwise(told):
        assert "parcel_delivered" != word(earlier), "after the end of the story"
        if word(earlier) in GONE:
            assert word(later) in FOUND - {word(earlier)}
        if word(later) == "parcel_recovered":
            assert word(earlier) not in ("parcel_shipped", "parcel_out_for_delivery", "parcel_recovered")


@pytest.mark.row("COM-2")
@given(STORY)
def test_no_two_sent_messages_contradict_and_none_is_sent_twice(
    story: list[tuple[tuple[str, Facts], int, bool]],
) -> None:
    """Whatever is wanted, in whatever order, sent at once or only after more was wanted."""
    now, sent, waiting = NOW, [], []  # type: ignore[var-annotated]
    for number, ((kind, facts), hours, goes_out) in enumerate(story):
        now += timedelta(hours=hours)
        waiting.append(replace(spoken(kind, name=f"msg_{number:03}", **facts), at=now))
        if not goes_out:
            continue
        for claim in list(waiting):
            if claim not in waiting:
                continue
            ruling = judge(claim, *sent, waiting=tuple(waiting), now=now)
            if ruling.reason or ruling.say:
                waiting.remove(claim)
            if ruling.say:
                waiting = [other for other in waiting if other.id not in ruling.supersedes]
                sent.append(replace(claim, at=now))

    told = [message for message in sent if message.kind is not ClaimKind.PARCEL_OFFER]
    all_fits(told)
    assert not any(contradicts(earlier, later) for earlier, later in pairwise(told))
    offers = [message.facts["offer"] for message in sent if message.kind is ClaimKind.PARCEL_OFFER]
    assert len(set(offers)) == len(offers)
    for message in sent:
        if message.kind is ClaimKind.PARCEL_DELAYED:
            assert date.fromisoformat(message.facts["arrives_to"]) >= message.at.astimezone(ZONE).date()
    windows = [date.fromisoformat(m.facts["arrives_to"]) for m in told if m.kind is ClaimKind.PARCEL_DELAYED]
    assert all(abs(one - other) >= timedelta(days=2) for one, other in pairwise(windows))


@given(st.data())
def test_contradictions_are_a_matter_of_two_claims_alone(data: st.DataObject) -> None:
    one, other = (spoken(data.draw(st.sampled_from(KINDS))) for _ in range(2))

    assert contradicts(one, other) == contradicts(replace(one, at=NOW - HOUR), replace(other, id="x"))


def test_the_table_never_lets_good_news_follow_the_end() -> None:
    pairs = product(Stance, Stance)

    assert not any(after in MAY_FOLLOW[before] for before, after in pairs if before is Stance.DELIVERED)
