"""Returns as agents see them: on the order's page, and in a case about one before they decide it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from apps.desk.decision_words import Table, reason_words
from apps.desk.photos import photo_path
from apps.desk.requests import QuestionShown, questions_shown
from apps.desk.return_money import money_shown
from apps.desk.return_words import (
    CONDITION,
    EXCHANGE,
    GOODS,
    GRADE,
    KIND,
    LINE,
    PLACE,
    REASON,
    RECEPTION,
    RETURN,
    WANT,
    WHEN,
    last_day,
    place_words,
    rule_words,
)
from apps.desk.timeline import Timeline, Told
from apps.desk.times import moment
from apps.desk.words import ASKED, PARCEL, actor_words, badge
from domain.decisions import in_words
from domain.money import Money
from domain.policy import Policies
from domain.states_returns import ENDED_RETURN
from ledger.orders import OrderRow, lines_of
from ledger.photos import photo_ids
from ledger.returning.on_the_table import Entered, parcel_of
from ledger.returning.page import read_return
from ledger.returning.requests import (
    RequestRow,
    requests_of_order,
    return_lines,
    return_parcels,
    waits_for_a_person,
)
from ledger.rows import select_by
from ledger.stories import Story
from ledger.tables import Decision

Row = Mapping[str, Any]
_SHOWN_ELSEWHERE = ("line", "unit", "grade", "percent", "next_step", "next_at")


@dataclass(frozen=True, slots=True)
class RulingShown:
    """A ruling in words. `verdict`: text and tone; `terms`: what follows from it."""

    verdict: tuple[str, str]
    rule: str
    until: str
    reasons: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LineShown:
    title: str
    asked: str
    want: str
    state: tuple[str, str]
    photos: tuple[str, ...]
    ruling: RulingShown


@dataclass(frozen=True, slots=True)
class UnitShown:
    title: str
    reception: str
    grade: str
    place: str
    why: str
    kept: str
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExchangeShown:
    """Goods that are sent for what comes back. `terms`: what is owed for them, and until when they are kept."""

    goods: str
    state: tuple[str, str]
    terms: str


@dataclass(frozen=True, slots=True)
class ReturnShown:
    """`money`: what was granted and, while a person is asked, what a yes would give."""

    id: str
    rma: str
    state: tuple[str, str]
    by: str
    at: datetime
    ended_at: datetime | None
    approved_by: str
    expires_at: datetime | None
    lines: tuple[LineShown, ...]
    units: tuple[UnitShown, ...]
    exchanges: tuple[ExchangeShown, ...]
    money: tuple[Table, ...]
    parcels: tuple[str, ...]
    reasons: tuple[str, ...]
    policy: str
    questions: tuple[QuestionShown, ...]
    steps: tuple[Told, ...]
    page: str = ""  # where the warehouse enters it
    end: str = ""  # where an agent ends it, as long as that may be

    @property
    def photos(self) -> frozenset[str]:
        """Addresses of all that it shows."""
        of_lines, of_units = (line.photos for line in self.lines), (unit.photos for unit in self.units)
        return frozenset(path for paths in (*of_lines, *of_units) for path in paths)


def returns_shown(
    session: Session, story: Story, names: Mapping[str, str], places: Mapping[str, str], policies: Policies,
    only: str = "",
) -> list[ReturnShown]:  # fmt: skip
    """The newest first; `only`: the one of that id. `names` of agents by actor, `places` of nodes by id."""
    rows = [row for row in requests_of_order(session, story.order["id"]) if only in ("", row["id"])]
    timeline = Timeline(story, places, names)
    return [_shown(session, story, row, timeline, names, places, policies) for row in rows]


def _shown(
    session: Session,
    story: Story,
    row: RequestRow,
    timeline: Timeline,
    names: Mapping[str, str],
    places: Mapping[str, str],
    policies: Policies,
) -> ReturnShown:
    order, lines = story.order, return_lines(session, row["id"])
    questions = [question for question in story.questions if question["request_id"] == row["id"]]
    decisions = {each["id"]: each for each in select_by(session, Decision, "id", [x["decision_id"] for x in lines])}
    sold = {
        line["id"]: line
        for each in lines_of(session, sorted({line["order_id"] for line in lines})).values()
        for line in each
    }
    parcel = parcel_of(session, row["id"])
    entered = parcel.entered if parcel else ()
    kept = {
        photo for each in {order["id"], *(line["order_id"] for line in lines)} for photo in photo_ids(session, each)
    }
    currency = order["currency"]
    return ReturnShown(
        id=row["id"],
        rma=row["rma"],
        state=_state(row, questions),
        by=_by(row, names),
        at=row["created_at"],
        ended_at=row["ended_at"],
        approved_by=actor_words(row["approved_by"], names) if row["approved_by"] else "",
        expires_at=None if row["state"] in ENDED_RETURN else row["expires_at"],
        lines=tuple(_line(line, sold, decisions.get(line["decision_id"]), kept, policies) for line in lines),
        units=tuple(_unit(unit, row, order, kept, policies) for unit in entered),
        exchanges=tuple(_exchange(each) for each in story.exchanges if each["request_id"] == row["id"]),
        money=tuple(money_shown(session, row, policies)),
        parcels=tuple(_parcel(each, places) for each in return_parcels(session, row["id"])),
        reasons=tuple(reason_words(_told(reason), currency) for reason in row["reasons"]),
        policy=row["policy_version"],
        questions=questions_shown(questions, names),
        steps=tuple(timeline.of_request(row)),
        page=f"/desk/floor/{row['location_id']}/returns/{row['id']}" if row["location_id"] else "",
        end=f"/desk/orders/{order['id']}/returns/{row['id']}/end" if read_return(session, row).may_cancel else "",
    )


def _state(row: RequestRow, questions: Sequence[Row]) -> tuple[str, str]:
    asked = waits_for_a_person(row)
    if asked and any(question["answered_at"] is None for question in questions):
        return ASKED
    return RETURN["manual_review"] if asked else badge(RETURN, row["state"])


def _by(row: RequestRow, names: Mapping[str, str]) -> str:
    return "the warehouse" if row["actor"] == "warehouse" else actor_words(row["actor"], names)


def _told(reason: Row) -> dict[str, Any]:
    """A reason without ids, which only programs need, and without what its unit shows better."""
    return {name: value for name, value in reason.items() if name not in _SHOWN_ELSEWHERE}


def _line(line: Row, sold: Mapping[str, Row], decision: Row | None, kept: set[str], policies: Policies) -> LineShown:
    about = sold[line["order_line_id"]]
    said = ", ".join(filter(None, (REASON.get(line["reason"]), CONDITION.get(line["condition"]))))
    wanted = f" ({line['wanted_sku']})" if line["wanted_sku"] else ""
    return LineShown(
        title=f"{line['asked']} × {about['title'] or line['sku']}",
        asked=f"{KIND[line['kind']]}: {said}" if said else KIND[line["kind"]],
        want=WANT[line["resolution"]] + wanted,
        state=badge(LINE, line["state"]),
        photos=tuple(photo_path(line["order_id"], each) for each in line["photos"] if each in kept),
        ruling=ruling_shown(decision["choice"] if decision else {}, policies),
    )


def ruling_shown(ruling: Row, policies: Policies) -> RulingShown:
    """`ruling` as `LineRuling.as_json`; empty for what is not judged yet."""
    currency = str(ruling.get("currency", ""))
    return RulingShown(
        verdict=_VERDICT.get(str(ruling.get("verdict", "")), ("Not judged yet", "calm")),
        rule=rule_words(str(ruling.get("rule", "")), ruling.get("overridden", ()), policies.returns),
        until=last_day(ruling.get("window_end")),
        reasons=tuple(reason_words(reason, currency) for reason in ruling.get("reasons", ())),
        terms=tuple(_terms(ruling, currency)),
    )


_VERDICT = {"allowed": ("Allowed", "good"), "review": ("A person decides", "warn"), "refused": ("Refused", "bad")}


def _terms(ruling: Row, currency: str) -> list[tuple[str, str]]:
    if not ruling:
        return []
    if ruling["verdict"] == "refused":
        step = ruling.get("next_step")
        return [("What helps", in_words(step).capitalize())] if step else []
    fees = [f"{Money(fee['amount_minor'], currency).display()} ({in_words(fee['code'])})" for fee in ruling["fees"]]
    found = [
        ("Paid for it", Money(ruling["value_minor"], currency).display()),
        ("Fees", ", ".join(fees) or "none"),
        ("The goods", GOODS[ruling["goods"]]),
        ("The customer gets it", WHEN[ruling["when"]]),
        ("Offered", ", ".join(WANT[each] for each in ruling["resolutions"])),
        ("To be sent by, by law", last_day(ruling["send_by"])),
        ("Money due by law", last_day(ruling["refund_by"])),
        ("Else taken back from", last_day(ruling["claw_back_at"])),
    ]
    return [(name, text) for name, text in found if text]


def _unit(unit: Entered, row: RequestRow, order: OrderRow, kept: set[str], policies: Policies) -> UnitShown:
    percent = next((r["percent"] for r in row["reasons"] if r.get("unit") == unit.id and r.get("percent")), 0)
    return UnitShown(
        title=unit.title,
        reception=RECEPTION[unit.reception],
        grade=GRADE.get(unit.grade, ""),
        place=PLACE.get(unit.disposition, ""),
        why=place_words(unit.rule, policies.returns, order["currency"]) if unit.rule else "",
        kept=f"{percent} % of its price would stay with us" if percent else "",
        photos=tuple(photo_path(order["id"], each) for each in unit.photos if each in kept),
    )


def _exchange(row: Row) -> ExchangeShown:
    def amount(minor: int) -> str:
        return Money(minor, row["currency"]).display()

    kept = row["reserved_until"]
    parts = [
        f"{amount(row['to_pay_minor'])} to be paid" if row["to_pay_minor"] else "",
        f"{amount(row['paid_minor'])} paid" if row["paid_minor"] else "",
        f"{amount(row['to_refund_minor'])} goes back" if row["to_refund_minor"] else "",
        f"kept until {moment(kept)} UTC" if kept else "",
        f"because {in_words(row['reason'])}" if row["reason"] else "",
    ]
    goods = ", ".join(f"{line['quantity']} × {line['sku']}" for line in row["lines"])
    return ExchangeShown(goods, badge(EXCHANGE, row["state"]), ", ".join(part for part in parts if part))


def _parcel(row: Row, places: Mapping[str, str]) -> str:
    cost = Money(row["label_cost_minor"], row["label_currency"]).display() if row["label_cost_minor"] else ""
    parts = [row["carrier"], row["tracking_number"], badge(PARCEL, row["state"])[0].lower(),
             f"to {places.get(row['location_id'], row['location_id'])}", f"label {cost}" if cost else ""]  # fmt: skip
    return ", ".join(part for part in parts if part)
