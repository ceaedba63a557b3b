"""Whatever is found out about a parcel, in whatever order, whoever dies while sending: its customer is told nothing
twice, nothing that does not fit to what was said before, and nothing at night."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.wiring import Wiring
from domain.arbiter import Spoken
from domain.claims import ClaimKind
from domain.messages import facts_digest
from ledger.effects import EffectRow, claim_unknown
from ledger.rows import select_by
from ledger.tables import ChannelState, Consent, Effect, Message, Order, OrderContact, OrderLine, ReviewCase, Shipment
from ledger.tables.base import table_of
from ledger.texting import text_ended
from ledger.truths import TROUBLE
from tests.domain.test_arbiter import all_fits
from tests.ledger.messages import HANDLERS, NOON, agrees, becomes, claim, settle, under_way, wants
from tests.ledger.support import REAL

ZONE = ZoneInfo("America/New_York")
STATES = {
    **{kind: "in_transit" for kind in ("parcel_shipped", "parcel_delayed", "parcel_stuck", "parcel_recovered")},
    "parcel_offer": "in_transit", "parcel_lost": "lost", "parcel_attempted": "attempted",
    "parcel_out_for_delivery": "out_for_delivery", "parcel_delivered": "delivered",
}  # fmt: skip
OF_A_STORY = (ChannelState, Consent, Effect, Message, Order, OrderContact, OrderLine, ReviewCase, Shipment)
OF_TROUBLE = {code: str(state) for state, code in TROUBLE.items()}


@dataclass(frozen=True)
class Heard:
    """A message that reached its customer, or may have; `at` is when it left."""

    effect_id: str
    by_text: bool
    said: Spoken


class Story:
    """One parcel. Several senders may have messages in their hands, and settle them when it pleases them."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring, self.now = wiring, NOON
        with wiring.engine.begin() as connection:
            for model in OF_A_STORY:
                connection.execute(table_of(model).delete())
        under_way(wiring)
        self.agreed = False
        self.heard: list[Heard] = []
        self.hands: list[EffectRow] = []
        self.left: dict[str, Heard] = {}

    def act(self, name: str, *given_: Any) -> None:
        getattr(self, name)(*given_)

    def find(self, kind: str, facts: dict[str, Any], is_true: bool) -> None:
        """Somebody finds out about the parcel and wants it said."""
        if is_true:
            becomes(self.wiring, OF_TROUBLE.get(facts.get("exception", "")) or STATES[kind])
        wants(self.wiring, kind, self.now, **facts)

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def choose(self, given_: bool) -> None:
        self.agreed = given_
        agrees(self.wiring, given=given_)

    def take(self) -> None:
        for row in claim(self.wiring, self.now):
            by_text = row["kind"] == "sms.send"
            if by_text:
                assert self.agreed
                assert 8 <= self.now.astimezone(ZONE).hour < 21
            [message] = self.wiring.read(select_by, Message, "id", [row["subject_id"]])
            said = Spoken(message["id"], ClaimKind(message["kind"]), message["facts"], self.now)
            self.left[row["id"]] = Heard(row["id"], by_text, said)
            self.hands.append(row)

    def end(self, name: str) -> None:
        """The sender that waits longest comes to know, or dies."""
        if self.hands:
            self._settle(self.hands.pop(0), name)

    def look(self, name: str) -> None:
        """Texts of which nobody knows whether they left are looked up."""
        found = self.wiring.ledger(claim_unknown, list(HANDLERS), limit=50, now=self.now, real_now=REAL)
        for row in found.rows:
            self._settle(row, name)

    def _settle(self, row: EffectRow, name: str) -> None:
        left = self.left[row["id"]]
        if name == "doubt" and left.by_text and row in self.hands:
            name = "unknown"
        settle(self.wiring, [row], name, self.now, code="stopped" if name == "rejected" else "", external_id=row["id"])
        if name == "rejected" and left.by_text:
            self.agreed = False  # STOP stands at the vendor
        if name in ("done", "doubt"):
            self.heard.append(left)

    def bounce(self) -> None:
        """The last text never arrived."""
        texts = [one for one in self.heard if one.by_text]
        if texts and self.wiring.ledger(text_ended, texts[-1].effect_id, "undelivered", self.now) == "done":
            self.heard.remove(texts[-1])

    def check(self) -> None:
        told = sorted((one.said for one in self.heard), key=lambda said: (said.at, said.id))
        twice = [word for word, count in Counter((said.kind, facts_digest(said.facts)) for said in told).items()
                 if count > 1]  # fmt: skip
        assert not twice
        all_fits([said for said in told if said.kind is not ClaimKind.PARCEL_OFFER])
        for said in told:
            if "arrives_to" in said.facts:
                assert date.fromisoformat(said.facts["arrives_to"]) >= _day(said.at)

    def finish(self) -> None:
        """All senders come to an end, and days go by."""
        for _ in range(6):
            while self.hands:
                self.end("done")
            self.look("done")
            self.wait(7)
            self.take()
            self.check()


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


WINDOWS = st.integers(0, 9).map(lambda day: {"arrives_to": (date(2026, 3, 1) + timedelta(days=day)).isoformat()})
FOUND = st.one_of(
    st.sampled_from(["parcel_shipped", "parcel_attempted", "parcel_out_for_delivery", "parcel_recovered"])
    .map(lambda kind: (kind, {})),
    st.builds(lambda kind, day: (kind, {"last_seen": f"2026-02-2{day}T08:00:00+00:00"}),
              st.sampled_from(["parcel_lost", "parcel_stuck"]), st.integers(0, 3)),
    WINDOWS.map(lambda window: ("parcel_delayed", window)),
    st.sampled_from(sorted(OF_TROUBLE)).map(lambda code: ("parcel_exception", {"exception": code})),
    st.integers(0, 2).map(lambda number: ("parcel_offer", {"offer": f"off_{number}"})),
    st.just(("parcel_delivered", {})),
)  # fmt: skip
ACTS = st.one_of(
    st.builds(lambda found, is_true: ("find", *found, is_true), FOUND, st.sampled_from([True, True, True, False])),
    st.builds(lambda found: ("find", *found, True), FOUND),
    st.just(("take",)),
    st.just(("take",)),
    st.sampled_from(["done", "done", "done", "retry", "doubt", "rejected"]).map(lambda name: ("end", name)),
    st.sampled_from(["done", "absent", "doubt"]).map(lambda name: ("look", name)),
    st.sampled_from([0, 1, 5, 9, 26]).map(lambda hours: ("wait", hours)),
    st.booleans().map(lambda given_: ("choose", given_)),
    st.just(("bounce",)),
)
Act = tuple[Any, ...]
DUE: Act = ("find", "parcel_out_for_delivery", {}, True)
LOST: Act = ("find", "parcel_lost", {"last_seen": "2026-02-20T08:00:00+00:00"}, True)
LATE: Act = ("find", "parcel_delayed", {"arrives_to": "2026-03-01"}, True)
OFFER: Act = ("find", "parcel_offer", {"offer": "off_1"}, True)
FOUND_AGAIN: Act = ("find", "parcel_recovered", {}, True)
SENT = (("take",), ("end", "done"))


@pytest.mark.row("COM-2")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_contradictions_and_repetitions_are_none_whatever_happens(wiring: Wiring) -> None:
    said: Counter[str] = Counter()

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(ACTS, min_size=4, max_size=22))
    @example([LOST, *SENT, DUE, ("take",), FOUND_AGAIN, ("take",), ("end", "done"), DUE, ("wait", 1), *SENT])
    @example([("choose", True), DUE, ("take",), ("end", "doubt"), LOST, ("take",), ("look", "absent"), *SENT])
    @example([("choose", True), DUE, *SENT, ("bounce",), LOST, *SENT, *SENT])
    @example([LOST, ("take",), FOUND_AGAIN, ("take",), ("end", "doubt"), *SENT])
    @example([LOST, *SENT, FOUND_AGAIN, DUE, ("take",), ("end", "retry"), ("end", "done")])
    @example([LOST, *SENT, FOUND_AGAIN, *SENT, DUE, *SENT, OFFER, *SENT])
    @example([LATE, ("wait", 9), ("wait", 5), *SENT])
    def play(acts: list[Act]) -> None:
        story = Story(wiring)
        for name, *given_ in acts:
            story.act(name, *given_)
            story.check()
        story.finish()
        said.update(str(one.said.kind) for one in story.heard)

    play()
    assert {"parcel_lost", "parcel_recovered", "parcel_out_for_delivery", "parcel_offer"} <= set(said)
