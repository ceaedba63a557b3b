"""Communicate: send the mails that are due, each once, if still true. Links that were asked for come first."""

from dataclasses import replace

from prefect import task

from tasks import lookups, texts
from tasks.effect_kinds import KINDS, MAIL_KINDS
from tasks.effects import send_due
from tasks.runtime import Report, is_retryable, work_off


@task(name="communicate", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def communicate(limit: int) -> Report:
    """Send planned messages. Safe to repeat: a doubtful mail is never sent again, it becomes a case."""
    return await run(limit)


async def run(limit: int) -> Report:
    asked = await lookups.answer(limit)
    answered = await texts.take(limit)  # who has just answered STOP gets no text of this pass
    report = await work_off(
        "communicate", lambda report, size: send_due(KINDS, report, size, only=MAIL_KINDS), limit=limit * 2, chunk=25
    )
    # an effect is done; of a mail an operator wants to read that it was sent
    lines = [*asked.lines, *answered.lines, *report.lines]
    report.lines = [replace(line, outcome="sent") if line.outcome == "done" else line for line in lines]
    return report
