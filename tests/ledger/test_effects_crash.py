"""Whatever crashes, times out or comes late: the vendor does a thing once, and every effect comes to an end.

Hypothesis plays sender, vendor, look-up and person against the real machine on both databases. A sender calls
as soon as it has claimed; between the call and its settlement anything may happen, including nothing ever again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.wiring import Wiring
from domain.ids import new_id
from domain.states import EFFECT, EffectState
from ledger import effects, settling
from ledger.claims import LEASE
from ledger.effects import EffectDraft, EffectRow, Handlers, Verdict
from ledger.tables import AuditEvent, Effect
from tests.ledger.support import NOW, REAL, row_of, rows_of

ENDED = {EffectState.DONE, EffectState.REJECTED, EffectState.PARKED}


@dataclass
class Vendor:
    """Honours keys, can be asked, or neither."""

    keyed: bool
    can_look_up: bool
    accepted: int = 0

    def call(self, fate: str) -> Verdict:
        """`ok`, `lost` (done, but the answer is lost), `cut` (not done, and nobody knows), `refused`, `busy`."""
        if fate == "refused":
            return Verdict("rejected")
        if fate == "busy":
            return Verdict("retry")
        if fate != "cut" and not (self.keyed and self.accepted):
            self.accepted += 1
        if fate == "ok":
            return Verdict("done")
        return self.nobody_knows()

    def nobody_knows(self) -> Verdict:
        return Verdict("unknown" if self.keyed or self.can_look_up else "doubt")

    def look_up(self) -> Verdict:
        if self.can_look_up:
            return Verdict("done" if self.accepted else "absent")
        return Verdict("absent") if self.keyed else Verdict("doubt")


class Life:
    """One effect from its plan to its end, and everybody who touches it."""

    def __init__(self, wiring: Wiring, vendor: Vendor) -> None:
        self.wiring, self.vendor = wiring, vendor
        self.kind = new_id("kind")
        self.handlers = {self.kind: Handlers(on_done=lambda *_: [], on_rejected=lambda *_: [])}
        self.now, self.real_now = NOW, REAL
        self.calls: list[tuple[EffectRow, Verdict]] = []  # made, and not settled yet
        self._run(effects.plan, [EffectDraft(kind=self.kind, key=self.kind, target="t")], NOW)

    def _run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return self.wiring.ledger(function, *args, **kwargs)

    @property
    def row(self) -> EffectRow:
        return row_of(self.wiring, Effect, key=self.kind)

    def send(self, fate: str) -> None:
        self.now += timedelta(hours=1)  # past any backoff
        claimed = self._run(
            effects.claim_planned, [self.kind], self.handlers, limit=5, now=self.now, real_now=self.real_now
        )
        self.calls += [(row, self.vendor.call(fate)) for row in claimed]

    def look_up(self) -> None:
        self.now += timedelta(hours=1)
        claimed = self._run(effects.claim_unknown, [self.kind], limit=5, now=self.now, real_now=self.real_now)
        self.calls += [(row, self.vendor.look_up()) for row in claimed.rows]

    def settle(self, which: int) -> None:
        """Record an outcome that is on its way, however late."""
        if self.calls:
            self._run(settling.settle, [self.calls.pop(which)], self.handlers, now=self.now)

    def settle_twice(self) -> None:
        if self.calls:
            self.calls.append(self.calls[0])
            self.settle(0)

    def expire(self) -> None:
        """Leases run out while their holders are only slow: they may still settle."""
        self.real_now += LEASE + timedelta(seconds=1)
        self._run(effects.expire_leases, now=self.now, real_now=self.real_now)

    def crash(self) -> None:
        """Everybody dies with what they know."""
        self.calls.clear()
        self.expire()

    def ask_a_person(self) -> None:
        row = self.row
        if row["state"] == EffectState.PARKED:
            to = EffectState.DONE if self.vendor.accepted else EffectState.PLANNED
            self._run(settling.decide_parked, row["id"], to, self.now)

    def play(self, act: str) -> None:
        name, _, fate = act.partition(":")
        moves: dict[str, Callable[[], None]] = {
            "send": lambda: self.send(fate), "look_up": self.look_up, "settle_first": lambda: self.settle(0),
            "settle_last": lambda: self.settle(-1), "settle_twice": self.settle_twice, "expire": self.expire,
            "crash": self.crash, "ask_a_person": self.ask_a_person,
        }  # fmt: skip
        moves[name]()

    def come_to_rest(self) -> None:
        """Quiet days: one of each, until nothing is left to do."""
        for _ in range(2 * settling.MAX_ATTEMPTS):
            if self.row["state"] in ENDED:
                return
            self.crash()
            for move in (lambda: self.send("ok"), self.look_up):
                move()
                self.settle(0)


ACTS = [
    *(f"send:{fate}" for fate in ("ok", "lost", "cut", "refused", "busy")),
    "look_up", "settle_first", "settle_last", "settle_twice", "expire", "crash", "ask_a_person",
]  # fmt: skip

# A slow sender knows that nothing happened, but meanwhile another was told to send, and did.
LATE = ["send:busy", "expire", "look_up", "settle_last", "send:lost", "settle_first", "send:ok"]


def test_vendor_does_it_once_whatever_crashes(wiring: Wiring) -> None:
    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(keyed=st.booleans(), can_look_up=st.booleans(), acts=st.lists(st.sampled_from(ACTS), max_size=16))
    @example(False, True, LATE)
    def play(keyed: bool, can_look_up: bool, acts: list[str]) -> None:
        life = Life(wiring, Vendor(keyed, can_look_up))
        for act in acts:
            life.play(act)
            assert life.vendor.accepted <= 1
        life.come_to_rest()

        row = life.row
        assert row["state"] in ENDED
        assert life.vendor.accepted == 1 or (row["state"] != EffectState.DONE and life.vendor.accepted == 0)
        for move in rows_of(wiring, AuditEvent, aggregate_id=row["id"]):
            assert move["to_state"] in EFFECT[EffectState(move["from_state"])]

    play()
