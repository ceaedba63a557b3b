"""A page that a mail's link opens without a session: looked at by `GET`, answered by `POST`."""

from abc import ABC, abstractmethod

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from apps.portal.forms import Form, read_form
from apps.portal.keeping import Kept, settled
from apps.portal.pages import Pages
from apps.portal.threads import Threads
from apps.receiver.writer import GroupWriter
from config.wiring import Wiring


class LinkPage(ABC):
    def __init__(self, wiring: Wiring, writer: GroupWriter, threads: Threads, pages: Pages) -> None:
        self._wiring, self._writer, self._threads, self._pages = wiring, writer, threads, pages

    async def show(self, request: Request) -> Response:
        return await self._answer(request, None)

    async def give(self, request: Request) -> Response:
        return await self._answer(request, await read_form(request))

    async def _answer(self, request: Request, form: Form | None) -> Response:
        answer = await self._threads.read(lambda session: self._read(session, request, form))
        return await settled(self._writer, answer)

    @abstractmethod
    def _read(self, session: Session, request: Request, form: Form | None) -> Response | Kept:
        """`form`: what was posted; None when the page is only looked at."""
