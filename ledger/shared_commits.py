"""SQLite: transactions of a process that wait for each other share a commit.

SQLite has one writer, and a commit waits for the disk. So the transactions of a process stand in one line, and what
stands there when the lock is had goes through in one transaction of the database, each behind a savepoint of its own:
one that fails takes nothing of the others with it. Nobody is answered before the commit, which is on the disk.
PostgreSQL, which lets many write and gathers commits itself, has no need of it.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, TypeVar

from sqlmodel import Session

from ledger.turns import LOOK_AGAIN_S, sqlite_driver

LONG_S = 0.02  # then it is committed: other processes wait for the same lock
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Waiting:
    call: Callable[[Session], Any]
    context: Context = field(default_factory=copy_context)
    told: "Future[Any]" = field(default_factory=Future)
    result: Any = None
    failure: Exception | None = None

    def work(self, session: Session) -> None:
        """Behind a savepoint: with the driver itself, since SQLAlchemy's costs as much as a small transaction."""
        driver = sqlite_driver(session.connection())
        driver.execute("SAVEPOINT one")
        try:
            self.result = self.context.run(self.call, session)
        except Exception as failure:  # the loop of a batch: whoever waits for this one is told
            try:
                driver.execute("ROLLBACK TO one")
            except sqlite3.Error:  # a full disk ends the whole transaction, which is everybody's failure
                raise failure from None
            self.failure = failure
        driver.execute("RELEASE one")

    def tell(self) -> None:
        if self.failure is None:
            self.told.set_result(self.result)
        else:
            self.told.set_exception(self.failure)


class SharedCommits:
    """`begin` opens a transaction that may write, committed at the end of its block."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Session]]) -> None:
        self._begin = begin
        self._line: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(1, "ledger")

    async def run(self, call: Callable[[Session], T]) -> T:
        """What `call` returns, once it is committed. Raises: what `call` raises, which then has done nothing;
        sqlalchemy.exc.OperationalError when the database is away."""
        waiting = _Waiting(call)
        self._line.append(waiting)
        self._thread.submit(self._work_off)
        result: T = await asyncio.wrap_future(waiting.told)
        return result

    def _work_off(self) -> None:
        """The next in line and who stands behind; nobody, when they went with one before."""
        if (first := self._next()) is None:
            return
        group = [first]
        try:
            with self._begin() as session:
                ends = monotonic() + LONG_S
                first.work(session)
                while monotonic() < ends and (another := self._next()) is not None:
                    group.append(another)
                    another.work(session)
        except Exception as failure:  # the database's, and everybody's: nothing was committed
            for waiting in group:
                waiting.told.set_exception(failure)
        else:
            for waiting in group:
                waiting.tell()
        if self._line:
            sleep(LOOK_AGAIN_S)  # a gap that is seen by whoever looks for one: the line alone would leave none

    def _next(self) -> _Waiting | None:
        """Whoever has given up waiting is left out."""
        while self._line:
            waiting = self._line.popleft()
            if waiting.told.set_running_or_notify_cancel():
                return waiting
        return None
