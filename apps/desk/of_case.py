"""The request that a case is about, as the order's page shows it."""

from collections.abc import Mapping

from sqlmodel import Session

from apps.desk.order_view import actors_of, titles_of
from apps.desk.requests import RequestShown, requests_shown
from apps.desk.return_cases import ReturnShown, returns_shown
from config.accounts import Accounts
from domain.policy import Policies
from ledger.agents import names_of
from ledger.orders import OrderRow
from ledger.rows import select_by
from ledger.stories import story_of
from ledger.tables import EditRequest, ReturnRequest


def request_shown(
    session: Session, order: OrderRow, request_id: str, places: Mapping[str, str], accounts: Accounts
) -> RequestShown | None:
    """The request that a case is about; none when it is about something else."""
    if not select_by(session, EditRequest, "id", [request_id]):
        return None
    story = story_of(session, order)
    names = names_of(session, actors_of(story))
    shown = requests_shown(story, names, titles_of(session, story), places, accounts)
    return next((one for one in shown if one.id == request_id), None)


def return_shown(
    session: Session, order: OrderRow, request_id: str, places: Mapping[str, str], policies: Policies
) -> ReturnShown | None:
    """The return that a case is about; none when it is about something else."""
    if not select_by(session, ReturnRequest, "id", [request_id]):
        return None
    story = story_of(session, order)
    names = names_of(session, actors_of(story))
    return next(iter(returns_shown(session, story, names, places, policies, request_id)), None)
