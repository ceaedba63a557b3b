"""Writing beside a busy stage, in transactions that do not miss its gaps (ledger/turns.py)."""

from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from config.wiring import Wiring, engine_url
from ledger.session import writing
from ledger.turns import eager_engine

T = TypeVar("T")


class Transactions:
    """`patience_s`: how long a transaction waits for another writer."""

    def __init__(self, wiring: Wiring, *, patience_s: float = 2.5) -> None:
        self._engine = eager_engine(engine_url(wiring.settings.database_url), patience_s=patience_s)

    def run(self, function: Callable[[Session], T]) -> T:
        """One whole transaction in the caller's thread. Raises: sqlalchemy.exc.OperationalError, also when patience
        has ended: nothing has happened then."""
        with writing(self._engine) as session, session.begin():
            return function(session)

    def close(self) -> None:
        self._engine.dispose()
