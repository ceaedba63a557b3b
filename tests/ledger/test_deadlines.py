"""Deadlines are written once each, in as many statements for a thousand as for one."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from config.wiring import Wiring
from ledger.deadlines import DeadlineDraft, set_deadlines
from ledger.tables import AuditEvent, Deadline
from tests.ledger.support import NOW, later, rows_of


def draft(number: int, *, seconds: float = 0) -> DeadlineDraft:
    return DeadlineDraft("unpaid", f"ord_{number}", f"ord_{number}", later(seconds), "ops", "cancel_unpaid")


@contextmanager
def counted(wiring: Wiring) -> Iterator[list[str]]:
    statements: list[str] = []

    def before(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    sa.event.listen(wiring.engine, "before_cursor_execute", before)
    yield statements
    sa.event.remove(wiring.engine, "before_cursor_execute", before)


def test_each_is_written_once_and_one_that_stands_is_left_alone(wiring: Wiring) -> None:
    wiring.ledger(set_deadlines, [draft(1)], NOW)

    with counted(wiring) as statements:
        wiring.ledger(set_deadlines, [draft(1, seconds=60), draft(2), draft(2), draft(3)], NOW)
    assert len(statements) == 3

    wiring.ledger(set_deadlines, [draft(1), draft(3)], NOW)
    wiring.ledger(set_deadlines, [], NOW)
    assert [("unpaid:ord_1", NOW), ("unpaid:ord_2", NOW), ("unpaid:ord_3", NOW)] == [
        (row["id"], row["due_at"]) for row in rows_of(wiring, Deadline)
    ]
    assert 3 == len(rows_of(wiring, AuditEvent, aggregate="deadline"))
