"""The queue of work: which subject waits for which stage. Rows are deleted when the stage is through."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from ledger.claims import Claimed, Claims, still_held
from ledger.prepared import Prepared, listed
from ledger.rows import Row, insert_of
from ledger.session import is_sqlite
from ledger.tables import Effect, InboxEvent, Work
from ledger.tables.base import table_of

MAX_ATTEMPTS = 8
CUSTOMER = 0  # priority of what a customer has asked for: before all bulk
_AGAIN = "again"  # in `error` of a row that was asked for while somebody held it
_work = table_of(Work)
# In the index's own words: SQLite takes a partial index only where the query repeats its condition.
OPEN = sa.text("effect.state IN ('planned', 'sending', 'unknown')")
_CLAIMS = Claims(Work, _work.c.stage == sa.bindparam("stage"), order_by=("priority", "due_at"), values={"error": ""})
_MINE = sa.and_(listed(_work.c.id, "ids"), _work.c.lease_token == sa.bindparam("token"))
_FINISH = Prepared(sa.delete(_work).where(_MINE, _work.c.error != _AGAIN))
_FREE = Prepared(sa.update(_work).where(_MINE).values(lease_until=None, attempts=0, error=""))


def work_row(stage: str, subject_id: str, due_at: datetime, *, priority: int = 5) -> Row:
    return {
        "id": f"{stage}:{subject_id}",
        "stage": stage,
        "subject_id": subject_id,
        "priority": priority,
        "due_at": due_at,
        "attempts": 0,
        "lease_token": 0,
        "error": "",
    }


def enqueue(session: Session, rows: Sequence[Row]) -> None:
    """Put subjects in line. One that stands already keeps the sooner time and the more urgent priority; a held one
    is made free to be taken again after its holder, so that a new fact is never lost."""
    if rows:
        _enqueue(is_sqlite(session)).many(session, sorted(rows, key=lambda row: str(row["id"])))


@cache
def _enqueue(for_sqlite: bool) -> Prepared:
    statement = insert_of(Work, for_sqlite)
    wanted = statement.excluded
    # One statement, not insert and then update: its holder may delete the row in between.
    statement = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={name: _smaller(_work.c[name], wanted[name]) for name in ("due_at", "priority")} | {"error": _AGAIN},
    )
    return Prepared(statement, tuple(work_row("", "", datetime.min.replace(tzinfo=UTC))))


def _smaller(one: sa.ColumnElement[Any], other: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.case((one < other, one), else_=other)


def claim_work(session: Session, stage: str, *, limit: int, now: datetime, real_now: datetime) -> Claimed:
    """Take what is due at a stage, most urgent first."""
    return _CLAIMS.take(session, limit=limit, now=now, real_now=real_now, stage=stage)


def held_work(session: Session, rows: Iterable[Mapping[str, Any]], token: int) -> set[str]:
    """Ids of the work rows that the claim still holds, locked."""
    return still_held(session, Work, [row["id"] for row in rows], token)


def finish_work(session: Session, ids: Sequence[str], token: int) -> None:
    """Take the rows out of the line; one that was asked for again meanwhile stays, free and due."""
    if ids and _FINISH.run(session, ids=ids, token=token) != len(ids):
        _FREE.run(session, ids=ids, token=token)


def postpone_work(session: Session, rows: Sequence[tuple[str, datetime, str]], token: int) -> None:
    """Free rows to be taken again at a time: (id, due_at, code)."""
    for work_id, due_at, code in rows:
        session.execute(
            sa.update(_work)
            .where(_work.c.id == work_id, _work.c.lease_token == token)
            .values(lease_until=None, due_at=_unless_asked_again(due_at), error=code)
        )


def wait_work(session: Session, rows: Sequence[tuple[str, datetime]], token: int) -> None:
    """Like `postpone_work` for a plain wait: it does not count as a failed attempt."""
    for work_id, due_at in rows:
        session.execute(
            sa.update(_work)
            .where(_work.c.id == work_id, _work.c.lease_token == token)
            .values(lease_until=None, due_at=_unless_asked_again(due_at), attempts=0, error="")
        )


def _unless_asked_again(due_at: datetime) -> sa.ColumnElement[datetime]:
    """What came in while the row was held is looked at next, not at the end of the wait."""
    return sa.case((_work.c.error == _AGAIN, _work.c.due_at), else_=sa.bindparam(None, due_at, _work.c.due_at.type))


def backoff(attempts: int, *, after_s: float | None = None) -> timedelta:
    """15 s, 30 s, 1 min, … at most 30 min; never sooner than the vendor asked."""
    seconds = min(15 * 2 ** max(attempts - 1, 0), 1800)
    return timedelta(seconds=max(seconds, after_s or 0))


def next_due(session: Session, *, now: datetime, real_now: datetime) -> set[str]:
    """What a worker could take now: stages, sources of deliveries as `inbox:{source}`, kinds of planned effects as
    `effect:{kind}`. It only reads, and its cost does not grow with the queue."""
    return {
        f"{prefix}{name}"
        for prefix, statement in _NEXT_DUE.items()
        for name in statement.scalars(session, now=now, real_now=real_now)
    }


def _due_statements() -> dict[str, Prepared]:
    inbox, effect = table_of(InboxEvent), table_of(Effect)
    real_now: sa.BindParameter[datetime] = sa.bindparam("real_now", required=True)
    work_free, inbox_free = (
        sa.or_(table.c.lease_until.is_(None), table.c.lease_until < real_now) for table in (_work, inbox)
    )
    return {
        "": due_names(_work.c.stage, [], work_free),
        "inbox:": due_names(inbox.c.source, [inbox.c.handled_at.is_(None)], inbox_free),
        "effect:": due_names(effect.c.kind, [OPEN], effect.c.state == "planned"),
    }


def due_names(
    name: sa.Column[str],
    indexed: Sequence[sa.ColumnElement[bool] | sa.TextClause],
    takeable: sa.ColumnElement[bool],
) -> Prepared:
    """Names with a due row. From name to name by a jump in the index that begins with it (`indexed`: the condition
    of a partial one), then to the first row of each that can be taken."""
    names = sa.select(sa.func.min(name).label("name")).where(*indexed).cte("names", recursive=True)
    following = sa.select(sa.func.min(name)).where(*indexed, name > names.c.name).scalar_subquery()
    names = names.union_all(sa.select(following).where(names.c.name.is_not(None)))
    due = name.table.c.due_at <= sa.bindparam("now", required=True)
    return Prepared(sa.select(names.c.name).where(sa.exists().where(name == names.c.name, *indexed, due, takeable)))


_NEXT_DUE = _due_statements()
