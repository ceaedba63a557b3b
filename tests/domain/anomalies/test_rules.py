"""What is late or will be, what carriers say themselves, and what ends it all."""

from datetime import datetime, timedelta

import pytest

from domain.anomalies.detection import detect
from domain.anomalies.facts import AnomalyKind, Cause
from domain.parcels import ParcelState
from tests.domain.anomalies.support import INSTANT, POLICY, WORKING_WEEK, at, look, opened, parcel, scan

K, S = AnomalyKind, ParcelState
PROMISED = at("2026-03-07 00:00")  # the first instant after Friday
NOW = at("2026-03-05 12:00")
MOVING = scan("2026-03-05 09:00")


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param(PROMISED - INSTANT, set(), id="the last instant of the promised day"),
        pytest.param(PROMISED, {K.LATE}, id="the first after it"),
    ],
)
def test_late_begins_with_the_day_after_the_promise(now: datetime, wanted: set[AnomalyKind]) -> None:
    found = look(MOVING, now=now, promised_by=PROMISED)

    assert wanted == opened(found)
    assert wanted or found.look_again == PROMISED


@pytest.mark.row("DLY-1", bad_input=True)
def test_what_was_not_heard_of_since_the_promise_may_have_arrived() -> None:
    assert set() == opened(look(MOVING, now=PROMISED + INSTANT, promised_by=PROMISED, heard_at=PROMISED - INSTANT))


@pytest.mark.row("DLY-1")
def test_a_new_promise_ends_it() -> None:
    found = look(MOVING, now=PROMISED, promised_by=PROMISED + timedelta(days=3), open=frozenset({K.LATE}))

    assert {K.LATE: "promised_anew"} == found.cleared


@pytest.mark.row("DLY-1")
@pytest.mark.row("DLY-2")
@pytest.mark.parametrize(
    ("chance", "stands", "begins", "ends"),
    [
        pytest.param(0.6, False, True, False, id="at the limit"),
        pytest.param(0.59, False, False, False, id="below it"),
        pytest.param(0.59, True, False, False, id="below it, and it stands"),
        pytest.param(0.4, True, False, False, id="at the lower limit"),
        pytest.param(0.39, True, False, True, id="below the lower limit"),
    ],
)
def test_a_chance_opens_high_and_clears_low(chance: float, stands: bool, begins: bool, ends: bool) -> None:
    standing = frozenset({K.LATE_PREDICTED}) if stands else frozenset()
    found = look(MOVING, now=NOW, promised_by=PROMISED, late_probability=chance, predicted_at=NOW, open=standing)

    assert (begins, ends) == (K.LATE_PREDICTED in found.opened, K.LATE_PREDICTED in found.cleared)


@pytest.mark.row("DLY-2", bad_input=True)
def test_a_chance_of_last_week_says_nothing() -> None:
    for age, wanted in ((POLICY.foretold.fresh, {K.LATE_PREDICTED}), (POLICY.foretold.fresh + INSTANT, set())):
        found = look(MOVING, now=NOW, promised_by=PROMISED, late_probability=0.9, predicted_at=NOW - age)

        assert wanted == opened(found)


@pytest.mark.row("DLY-1")
def test_what_was_foretold_becomes_late_and_no_second_trouble() -> None:
    standing = frozenset({K.LATE_PREDICTED})
    found = look(MOVING, now=PROMISED, promised_by=PROMISED, late_probability=1.0, predicted_at=PROMISED, open=standing)

    assert ({K.LATE}, {K.LATE_PREDICTED: "promise_over"}) == (opened(found), found.cleared)


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("tries", "wanted"),
    [
        pytest.param(("2026-03-03 10:00",), set(), id="one"),
        pytest.param(("2026-03-03 10:00", "2026-03-03 23:59"), set(), id="two on one day"),
        pytest.param(("2026-03-03 23:59", "2026-03-04 00:00"), {K.ATTEMPTS}, id="on two days"),
        pytest.param(("2026-03-07 23:30", "2026-03-08 23:30"), {K.ATTEMPTS}, id="over the night of the clock"),
    ],
)
def test_tries_are_counted_by_the_days_at_the_door(tries: tuple[str, ...], wanted: set[AnomalyKind]) -> None:
    scans = [scan(text, S.ATTEMPTED) for text in tries]

    assert wanted == opened(look(*scans, now=at("2026-03-08 23:45"), calendar=WORKING_WEEK)) - {K.STUCK}


@pytest.mark.row("DLY-1")
def test_a_parcel_that_can_be_fetched_is_tried_no_more() -> None:
    scans = [scan("2026-03-03 10:00", S.ATTEMPTED), scan("2026-03-04 10:00", S.ATTEMPTED),
             scan("2026-03-04 18:00", S.AVAILABLE_FOR_PICKUP)]  # fmt: skip

    found = look(*scans, now=NOW, open=frozenset({K.ATTEMPTS}))

    assert {K.ATTEMPTS: "at_pickup_point"} == found.cleared


@pytest.mark.row("DLY-1")
def test_an_address_that_is_not_found_stands_until_it_goes_out_again() -> None:
    asked = scan("2026-03-04 10:00", S.EXCEPTION, cause=Cause.ADDRESS)
    later = scan("2026-03-04 20:00", S.IN_TRANSIT, "Gary, US")
    out = scan("2026-03-05 08:00", S.OUT_FOR_DELIVERY)
    standing = frozenset({K.ADDRESS_PROBLEM})

    assert {K.ADDRESS_PROBLEM} == opened(look(asked, now=NOW))
    assert {} == look(asked, later, now=NOW, open=standing).cleared
    assert {K.ADDRESS_PROBLEM: "out_again"} == look(asked, later, out, now=NOW, open=standing).cleared


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        pytest.param(at("2026-03-10 10:00") - INSTANT, set(), id="two days and a bit, over a weekend"),
        pytest.param(at("2026-03-10 10:00"), {K.CUSTOMS_HOLD}, id="three working days"),
    ],
)
def test_customs_hold_what_stays_there(now: datetime, wanted: set[AnomalyKind]) -> None:
    entered = scan("2026-03-05 10:00", S.CUSTOMS, "Newark, US")
    note = scan("2026-03-06 10:00", S.EXCEPTION, "Newark, US")
    again = scan("2026-03-06 11:00", S.CUSTOMS, "Newark, US")

    assert wanted == opened(look(entered, note, again, now=now))


@pytest.mark.row("DLY-1")
def test_customs_that_wait_for_papers_are_told_at_once_and_end_on_the_road() -> None:
    asked = scan("2026-03-05 10:00", S.CUSTOMS, "Newark, US", cause=Cause.PAPERS)
    gone = scan("2026-03-05 11:00", S.IN_TRANSIT, "Newark, US")

    assert {K.CUSTOMS_HOLD} == opened(look(asked, now=NOW))
    assert {K.CUSTOMS_HOLD: "cleared_customs"} == look(asked, gone, now=NOW, open=frozenset({K.CUSTOMS_HOLD})).cleared


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize(("state", "kind"), [pytest.param(S.LOST, K.LOST_DECLARED), pytest.param(S.DAMAGED, K.DAMAGED)])
def test_a_carriers_last_word_replaces_every_guess(state: ParcelState, kind: AnomalyKind) -> None:
    guesses = frozenset({K.STUCK, K.LOST_SUSPECTED, K.LATE})
    scans = (scan("2026-03-02 10:00"), scan("2026-03-05 10:00", state))

    found = look(*scans, now=at("2026-03-20 10:00"), promised_by=PROMISED, open=guesses)

    assert {kind} == opened(found)
    assert dict.fromkeys(guesses, str(state)) == found.cleared


@pytest.mark.row("DLY-1")
def test_damage_that_a_carrier_notes_on_the_way_stands_until_it_has_arrived() -> None:
    noted, moved = scan("2026-03-04 10:00", S.EXCEPTION, cause=Cause.DAMAGE), scan("2026-03-05 10:00", place="Gary, US")

    assert {K.DAMAGED} == opened(look(noted, moved, now=NOW))
    standing = frozenset({K.DAMAGED})
    assert {} == look(noted, moved, now=NOW, open=standing).cleared
    assert {K.DAMAGED: "delivered"} == look(
        noted, scan("2026-03-05 11:00", S.DELIVERED), now=NOW, open=standing
    ).cleared


@pytest.mark.row("DLY-1")
@pytest.mark.parametrize("state", [S.DELIVERED, S.RETURNED, S.RETURNING, S.CANCELLED])
def test_what_was_wrong_on_the_way_is_over_at_its_end(state: ParcelState) -> None:
    found = look(scan("2026-03-05 10:00", state), now=at("2026-04-20 10:00"), promised_by=PROMISED, open=frozenset(K))

    assert ({}, dict.fromkeys(K, str(state)), None) == (found.opened, found.cleared, found.look_again)


@pytest.mark.row("DLY-1")
def test_what_was_made_good_is_over() -> None:
    lost = scan("2026-03-05 10:00", S.LOST)

    found = look(lost, now=NOW, open=frozenset({K.LOST_DECLARED}), made_good=True)

    assert {K.LOST_DECLARED: "made_good"} == found.cleared


@pytest.mark.row("DLY-1")
def test_looking_twice_finds_nothing_new() -> None:
    facts = parcel(scan("2026-03-02 08:00"), now=PROMISED, promised_by=PROMISED)
    first = detect(facts, PROMISED, WORKING_WEEK, POLICY)

    again = look(*facts.scans, now=PROMISED, promised_by=PROMISED, open=frozenset(first.opened))

    assert ({}, {}) == (again.opened, again.cleared)
    assert first.opened == again.standing
