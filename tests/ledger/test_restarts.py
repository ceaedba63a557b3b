"""The cap on restarts of dead runs. (What restarts them: tests/flows/test_dead_runs.py.)"""

from datetime import timedelta

from config.wiring import Wiring
from ledger import operator
from ledger.restarts import MOST, WITHIN, take_restart
from ledger.tables import ReviewCase
from tests.ledger.support import row_of, rows_of


def test_restarts_are_counted_by_the_hour(wiring: Wiring) -> None:
    now, real_now = wiring.now(), wiring.real_now()

    def take(name: str = "a", *, later: timedelta = timedelta(0)) -> bool:
        return wiring.ledger(take_restart, name, now=now, real_now=real_now + later)

    assert [True] * MOST + [False] == [take() for _ in range(MOST + 1)]
    assert take("b")
    assert not take(later=WITHIN - timedelta(seconds=1))
    assert take(later=WITHIN)
    assert 1 == len(rows_of(wiring, ReviewCase))


def test_what_a_person_has_ignored_is_asked_again_with_the_next_hour_only(wiring: Wiring) -> None:
    now, real_now = wiring.now(), wiring.real_now()

    def take(*, later: timedelta = timedelta(0)) -> None:
        for _ in range(MOST + 1):
            wiring.ledger(take_restart, "a", now=now, real_now=real_now + later)

    take()
    wiring.ledger(operator.resolve_case, row_of(wiring, ReviewCase)["id"], "ignore", now)
    take()
    assert 1 == len(rows_of(wiring, ReviewCase))

    take(later=WITHIN)
    assert 2 == len(rows_of(wiring, ReviewCase))
