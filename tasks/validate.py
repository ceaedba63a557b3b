"""Validate: may this order be fulfilled? Payment, address, risk; every hold with a name and an owner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from prefect import task
from sqlmodel import Session

from config import wiring
from connectors.errors import ConnectorError
from domain.policy import Policies
from domain.validation import Validation
from ledger import inbox, queue
from ledger.address_checks import AddressAnswer, ToVerify, addresses_to_verify, record_answers
from ledger.answers import take_answers
from ledger.claims import still_held
from ledger.heartbeats import vendor_trouble, vendor_well
from ledger.orders import lock_orders
from ledger.tables import InboxEvent, Work
from ledger.validating import judge_orders
from tasks.runtime import Report, each, in_ledger, is_retryable, kept, work_off
from tasks.stage import Rows, claim_stage, isolated, log_failure, one_by_one, order_names, postpone_failed

ANSWERS = 25


@task(name="validate", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def validate(limit: int) -> Report:
    """Judge the orders that are due. Safe to repeat: takes only rows still at this stage."""
    return await run(limit)


async def run(limit: int) -> Report:
    answered = await answers(limit)
    report = await work_off("validate", _step, limit=limit, chunk=wiring.current().settings.commit_orders)
    report.lines = [*answered.lines, *report.lines]
    return report


async def answers(limit: int) -> Report:
    """What customers answered; also called beside long stages, see `tasks.customers`."""
    return await work_off("validate", _answers_step, limit=limit, chunk=ANSWERS, workers=1)


async def _answers_step(report: Report, size: int) -> int:
    """What customers answered about their address."""
    wired = wiring.current()
    claimed = await in_ledger(inbox.claim_inbox, "portal", limit=size, now=wired.now(), real_now=wired.real_now())
    if not claimed.rows:
        return 0
    token = claimed.lease.token

    async def whole(rows: Rows) -> dict[str, str]:
        return await in_ledger(_take_answers, rows, token, wired.now())

    async def failed(row: Mapping[str, Any], failure: Exception) -> None:
        code = type(failure).__name__
        log_failure("validate", row["subject"], failure)
        await in_ledger(inbox.failed, [row], code, token, wired.now())
        report.add("", row["subject"], "postponed", code)

    answered = {row["id"]: row for row in claimed.rows}
    for outcome in await one_by_one(claimed.rows, whole, failed):
        for event_id, what in outcome.items():
            report.add("", answered[event_id]["subject"], what, answered[event_id]["topic"])
    return len(claimed.rows)


def _take_answers(session: Session, rows: Rows, token: int, now: datetime) -> dict[str, str]:
    live = still_held(session, InboxEvent, [row["id"] for row in rows], token)
    mine = [row for row in rows if row["id"] in live]
    outcome = take_answers(session, mine, now)
    # a fenced order's answer waits for the edit to end
    inbox.failed(session, [row for row in mine if outcome[row["id"]] == "fenced"], "fenced", token, now)
    inbox.handled(session, {i: what for i, what in outcome.items() if what != "fenced"}, token, now)
    return {row["id"]: outcome.get(row["id"], "lost") for row in rows}


async def _step(report: Report, size: int) -> int:
    claimed = await claim_stage("validate", size)
    if not claimed.rows:
        return 0
    token = claimed.lease.token
    async with kept(Work, [row["id"] for row in claimed.rows], token):
        orders = [row["subject_id"] for row in claimed.rows]
        wanted = await in_ledger(addresses_to_verify, orders)
        answers, failed = await _ask(wanted)
        ready = [row for row in claimed.rows if row["subject_id"] not in failed]
        await postpone_failed(report, "validate", [r for r in claimed.rows if r["subject_id"] in failed], failed, token)
        wired = wiring.current()
        results = await isolated(
            report,
            "validate",
            ready,
            token,
            lambda rows: in_ledger(judge, rows, answers, token, policies=wired.policies, now=wired.now()),
        )
    for judged, names in results:
        for order_id, result in judged.items():
            outcome = "waiting" if result.wait else ("accepted" if result.accepted else "held")
            reasons = [hold.reason for hold in result.holds] or [reason.code for reason in result.reasons][:1]
            report.add(names[order_id], order_id, outcome, ", ".join(reasons))
    return len(claimed.rows)


async def _ask(wanted: Sequence[ToVerify]) -> tuple[list[AddressAnswer], dict[str, ConnectorError]]:
    """Ask the carrier about each address; an order whose question failed waits by its own row."""
    wired = wiring.current()
    failed: dict[str, ConnectorError] = {}

    async def one(item: ToVerify) -> AddressAnswer | None:
        try:
            check = await wired.parcels().verify(item.address)
        except ConnectorError as error:
            failed[item.order_id] = error
            return None
        return AddressAnswer(item.contact_id, str(check.verdict), check.suggestion)

    answers = await each(one, wanted, at_once=wired.settings.vendor_concurrency)
    target = f"{wired.parcels().code}/{wired.parcels().account}" if wanted else ""
    if failed:
        await in_ledger(vendor_trouble, target, next(iter(failed.values())).code, wired.real_now())
    elif wanted:
        await in_ledger(vendor_well, target, wired.real_now())
    return [answer for answer in answers if answer is not None], failed


def judge(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    answers: Sequence[AddressAnswer],
    token: int,
    *,
    policies: Policies,
    now: datetime,
) -> tuple[dict[str, Validation], dict[str, str]]:
    """One transaction: verdicts, judgement, and the rows out of the line (or waiting for the shop's word)."""
    held = queue.held_work(session, rows, token)
    mine = [row for row in rows if row["id"] in held]
    record_answers(session, answers, now)
    judged = judge_orders(session, [row["subject_id"] for row in mine], policies, now)
    waiting = {i: result.wait for i, result in judged.items() if result.wait is not None}
    queue.wait_work(
        session, [(row["id"], now + waiting[row["subject_id"]]) for row in mine if row["subject_id"] in waiting], token
    )
    queue.finish_work(session, [row["id"] for row in mine if row["subject_id"] not in waiting], token)
    return judged, order_names(lock_orders(session, list(judged)))
