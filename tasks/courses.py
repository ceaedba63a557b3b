"""The course of a request as its run shows it: the steps of the runner that makes them beside it, or steps of its
own when it was started by hand."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from prefect import task
from prefect.runtime import flow_run
from sqlmodel import Session

from config import wiring
from ledger.request_queue import RequestQueue
from ledger.rows import select_by
from ledger.tables import Order
from tasks.driving import UNKNOWN, Done, Drive, Workflow
from tasks.runtime import in_ledger, is_retryable
from tasks.workflows import WORKFLOWS


class NoSuchRequest(Exception):
    """By its id."""


class Course(Protocol):
    async def next(self) -> str | None:
        """The name of the step that follows; None when there is none for now."""

    async def make(self) -> str:
        """See that step through; returns its outcome."""

    async def end(self) -> str:
        """The request's state."""


class Followed:
    """Steps that a runner makes and tells of."""

    def __init__(self, workflow: Workflow, request_id: str) -> None:
        self._workflow, self._request_id = workflow, request_id
        self._steps: list[Done] = []
        self._shown = 0
        self._changed = asyncio.Event()
        self._over = False
        self.opened = asyncio.Event()

    def saw(self, done: Done) -> None:
        self._steps.append(done)
        self._changed.set()

    def over(self) -> None:
        self._over = True
        self._changed.set()

    async def next(self) -> str | None:
        self.opened.set()
        while self._shown == len(self._steps):
            if self._over:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._steps[self._shown].name

    async def make(self) -> str:
        self._shown += 1
        return self._steps[self._shown - 1].outcome

    async def end(self) -> str:
        return await self._workflow.state_of(self._request_id)


class Own:
    """Steps that the run makes itself, under a claim of its own. Nothing when the request has ended or is in other
    hands."""

    def __init__(self, workflow: Workflow, request_id: str) -> None:
        self._workflow, self._request_id = workflow, request_id
        self._drive: Drive | None = None

    async def next(self) -> str | None:
        if self._drive is None:
            if await self._workflow.state_of(self._request_id) == UNKNOWN:
                raise NoSuchRequest(f"there is no request {self._request_id}")
            lease = await self._workflow.claim(self._request_id)
            if lease is None:
                return None
            await in_ledger(self._workflow.queue.has_run, [self._request_id])
            self._drive = Drive(self._workflow, self._request_id, lease)
            await self._drive.begin()
        return await self._drive.next()

    async def make(self) -> str:
        assert self._drive is not None
        done = await self._drive.make()
        return done.outcome

    async def end(self) -> str:
        if self._drive is not None:
            await self._drive.end()
        _own.pop(self._request_id, None)
        return await self._workflow.state_of(self._request_id)


_followed: dict[str, Followed] = {}
_own: dict[str, Own] = {}


def show(request_id: str, course: Followed) -> None:
    """From now on the run of this request in this process follows that course."""
    _followed[request_id] = course


def forget(request_id: str) -> None:
    _followed.pop(request_id, None)


def course_of(flow: str, request_id: str) -> Course:
    """For the run of this flow for this request in this process. Raises: KeyError for a flow that serves none."""
    found: Mapping[str, Course] = {**_own, **_followed}
    if request_id in found:
        return found[request_id]
    return _own.setdefault(request_id, Own(WORKFLOWS[flow], request_id))


def run_name_of(flow: str) -> Callable[[], str]:
    """For the list of runs: the order's number and the request."""

    def run_name() -> str:
        request_id = str(flow_run.parameters.get("request_id", ""))
        return f"{wiring.current().read(_order_name, WORKFLOWS[flow].queue, request_id)} {request_id}".strip()

    return run_name


def _order_name(session: Session, queue: RequestQueue, request_id: str) -> str:
    request = queue.find(session, request_id)
    if request is None:
        return ""
    [order] = select_by(session, Order, "id", [request["order_id"]])
    return str(order["name"])


@task(name="step", retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=is_retryable)
async def make_step(flow: str, request_id: str) -> str:
    """One step of a request. Safe to repeat."""
    return await course_of(flow, request_id).make()


async def show_course(flow: str, request_id: str) -> str:
    """The body of a request's flow: a task for each step, named after it; returns the state that it comes to.
    Raises: NoSuchRequest."""
    course = course_of(flow, request_id)
    while (name := await course.next()) is not None:
        await make_step.with_options(name=name)(flow, request_id)
    return await course.end()
