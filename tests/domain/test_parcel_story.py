"""What the tracking page tells of a parcel: steps, window, promise, silence, timeline."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_status import ScanFact
from domain.parcel_story import Entry, Mark, Mood, Outlook, Stage, Story, Window, story, way
from domain.parcels import TERMINAL, ParcelState

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # Wednesday, ten in the morning there
TODAY = date(2026, 11, 18)
COMES = [
    state
    for state in ParcelState
    if state not in TERMINAL and state not in (ParcelState.RETURNING, ParcelState.AVAILABLE_FOR_PICKUP)
]


def scan(state: str, hours_ago: float = 1.0, place: str = "") -> ScanFact:
    return ScanFact(ParcelState(state), NOW - timedelta(hours=hours_ago), place)


def told(state: str, *scans: ScanFact, now: datetime = NOW, **outlook: object) -> Story:
    began = NOW - timedelta(days=3)
    return story(ParcelState(state), scans, Outlook(**outlook), now, NEW_YORK, at_least=began)  # type: ignore[arg-type]


def marks(state: str, *scans: ScanFact) -> dict[Stage, Mark]:
    return dict(told(state, *scans).steps)


@pytest.mark.row("TRK-3")
@pytest.mark.parametrize("state", ParcelState)
def test_every_state_has_a_story(state: ParcelState) -> None:
    made = told(state, scan(state))
    assert made.state is state
    assert made.mood in Mood
    assert len(made.steps) in (0, len(Stage))
    assert [entry.state for entry in made.entries] == ([] if state is ParcelState.UNKNOWN else [state])


@pytest.mark.parametrize(
    ("state", "current"),
    [
        ("unknown", Stage.PACKED),
        ("label_created", Stage.PACKED),
        ("accepted", Stage.WITH_CARRIER),
        ("in_transit", Stage.WITH_CARRIER),
        ("customs", Stage.WITH_CARRIER),
        ("arrived_local", Stage.NEAR_YOU),
        ("out_for_delivery", Stage.OUT_FOR_DELIVERY),
        ("attempted", Stage.OUT_FOR_DELIVERY),
        ("available_for_pickup", Stage.OUT_FOR_DELIVERY),
    ],
)
def test_the_bar_stands_where_the_parcel_is(state: str, current: Stage) -> None:
    assert [stage for stage, mark in marks(state).items() if mark is Mark.CURRENT] == [current]


def test_a_problem_takes_no_step_back_and_a_delivered_parcel_has_all() -> None:
    assert marks("exception", scan("arrived_local", 5), scan("exception", 1))[Stage.NEAR_YOU] is Mark.CURRENT
    assert set(marks("delivered").values()) == {Mark.DONE}
    # a delivery that was taken back is no step
    assert marks("in_transit", scan("delivered", 5), scan("in_transit"))[Stage.WITH_CARRIER] is Mark.CURRENT


@pytest.mark.parametrize("state", ["returning", "returned", "lost", "damaged", "cancelled"])
def test_a_parcel_that_does_not_come_has_neither_bar_nor_window(state: str) -> None:
    made = told(state, earliest=NOW, latest=NOW + timedelta(days=2))
    assert (made.steps, made.window) == ((), None)


@pytest.mark.row("DLY-3")
@given(
    state=st.sampled_from(COMES),
    first=st.integers(-400, 400),
    length=st.integers(0, 200),
    estimated=st.one_of(st.none(), st.integers(-400, 400)),
    forecast=st.booleans(),
)
def test_no_window_has_a_day_that_is_over(
    state: ParcelState, first: int, length: int, estimated: int | None, forecast: bool
) -> None:
    begins = NOW + timedelta(hours=first)
    outlook = Outlook(
        begins if forecast else None,
        begins + timedelta(hours=length) if forecast else None,
        None if estimated is None else NOW + timedelta(hours=estimated),
    )
    window = story(state, (), outlook, NOW, NEW_YORK, at_least=NOW).window
    assert window is None or TODAY <= window.first <= window.last


def test_the_forecast_goes_before_the_carriers_day() -> None:
    far, near = NOW + timedelta(days=4), NOW + timedelta(days=1)
    both = told("in_transit", earliest=near, latest=near + timedelta(days=1), estimated=far)
    assert both.window == Window(TODAY + timedelta(days=1), TODAY + timedelta(days=2))
    alone = TODAY + timedelta(days=4)
    assert told("in_transit", estimated=far).window == Window(alone, alone)
    assert told("in_transit", earliest=near, estimated=far).window == Window(alone, alone)
    assert told("in_transit").window is None
    assert told("out_for_delivery", estimated=far).window == Window(TODAY, TODAY)
    assert told("available_for_pickup", estimated=far).window is None


def test_days_are_those_of_the_destination() -> None:
    night = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)  # still the eighteenth in New York
    assert told("in_transit", now=night, estimated=night).window == Window(TODAY, TODAY)
    # on the day when clocks went back, midnight is five hours behind UTC and not four
    autumn = datetime(2026, 11, 2, 4, 30, tzinfo=UTC)
    assert told("in_transit", now=autumn, estimated=autumn).window == Window(date(2026, 11, 1), date(2026, 11, 1))


@pytest.mark.parametrize(
    ("state", "promised", "estimated", "missed"),
    [
        ("in_transit", 0, 0, False),
        ("in_transit", -1, 1, True),
        ("in_transit", 1, 2, True),
        ("in_transit", 1, 1, False),
        ("in_transit", -1, None, True),
        ("available_for_pickup", -1, None, False),
        ("lost", -1, None, True),
    ],
)
def test_the_first_promise_stays_beside_the_window(
    state: str, promised: int, estimated: int | None, missed: bool
) -> None:
    day = TODAY + timedelta(days=promised)
    expected = None if estimated is None else NOW + timedelta(days=estimated)
    made = told(state, promised=day, estimated=expected)
    assert (made.promised, made.missed) == (day, missed)
    assert told(state, estimated=expected).missed is False


def test_a_delivered_parcel_is_late_by_the_day_it_came() -> None:
    assert told("delivered", scan("delivered", 48), promised=TODAY - timedelta(days=2)).missed is False
    assert told("delivered", scan("delivered", 24), promised=TODAY - timedelta(days=2)).missed is True


def test_silence_is_counted_in_whole_days_while_it_is_under_way() -> None:
    assert told("in_transit", scan("in_transit", 47.9)).quiet_days == 1
    assert told("in_transit", scan("in_transit", 48)).quiet_days == 2
    assert told("accepted").quiet_days == 3  # never scanned: since it is with its carrier
    assert told("in_transit", scan("in_transit", -5)).quiet_days == 0
    for state in ("delivered", "lost", "label_created", "available_for_pickup"):
        assert told(state, scan(state, 500)).quiet_days == 0


def test_the_timeline_is_newest_first_without_what_says_nothing() -> None:
    made = told(
        "in_transit",
        scan("in_transit", 5, "Chicago, US"),
        scan("accepted", 30, "Reno, US"),
        scan("unknown", 20),
        scan("in_transit", 10, "Chicago, US"),
        scan("in_transit", 15, "Reno, US"),
    )
    assert [(x.state.value, x.place) for x in made.entries] == [
        ("in_transit", "Chicago, US"), ("in_transit", "Reno, US"), ("accepted", "Reno, US"),
    ]  # fmt: skip
    assert made.entries[0].at == NOW - timedelta(hours=10)


def _came_through(*places: str) -> list[Entry]:
    scans = [ScanFact(ParcelState.IN_TRANSIT, NOW + timedelta(hours=n), place) for n, place in enumerate(places)]
    return list(story(ParcelState.IN_TRANSIT, scans, Outlook(), NOW, NEW_YORK, at_least=NOW).entries)


@pytest.mark.row("TRK-3")
@pytest.mark.parametrize(
    ("places", "towns", "leaps"),
    [
        ([], (), False),
        (["RENO, US", "Reno, US", "SALT LAKE CITY, US"], ("Reno", "Salt Lake City"), False),
        (["Wien, AT", "Passau, DE"], ("Wien, AT", "Passau, DE"), False),
        (["A, US", "", "B, US", "C, US", "D, US", "E, US"], ("A", "D", "E"), True),
        (["US", "Reno, US"], ("US", "Reno, US"), False),
    ],
)
def test_the_way_is_told_by_towns_the_first_and_the_last(
    places: list[str], towns: tuple[str, ...], leaps: bool
) -> None:
    assert (towns, leaps) == way(_came_through(*places), 3)
