"""Puts the mail server and its mailbox together."""

from datetime import datetime
from itertools import islice

from sandbox.core.http import Reply, Request, Router, json_reply
from sandbox.core.world import World
from sandbox.mail.pages import list_page, mail_page
from sandbox.mail.smtp import Inbox, Login, MailController
from sandbox.mail.store import MailStore


class MailVendor:
    """The vendor "mail"; its faults and counters are filed under "smtp"."""

    name = "mail"

    def __init__(self, world: World, host: str, smtp_port: int) -> None:
        self._world = world
        self.store = MailStore()
        self._login = Login()
        self._controller = MailController(Inbox(world, self.store), self._login, host, smtp_port)
        self.app = self._routes()
        self.control = self._knobs()

    async def start(self) -> None:
        self._controller.start()

    async def stop(self) -> None:
        self._controller.stop(no_assert=True)

    def reset(self) -> None:
        """The server and its connections stay; only the mails and the login go."""
        self.store.delete()
        self._login.user = self._login.password = None

    def tick(self, now: datetime) -> None:
        """Mail waits for nothing."""

    def _routes(self) -> Router:
        router = Router(self._world, self.name)
        router.add("GET", "/", lambda r: list_page(self.store, r.query("to"), r.query("subject")))
        router.add("GET", "/messages/{id}", self._page)
        router.add("GET", "/api/messages", self._index)
        router.add("DELETE", "/api/messages", self._clear)
        router.add("GET", "/api/messages/{id}", self._get)
        router.add("DELETE", "/api/messages/{id}", self._delete)
        return router

    def _knobs(self) -> Router:
        router = Router(self._world, "_control")
        router.add("POST", "/settings", self._settings)
        return router

    def _page(self, request: Request) -> Reply:
        mail = self.store.get(request.params["id"])
        return mail_page(mail) if mail else Reply(404)

    def _index(self, request: Request) -> Reply:
        text = request.query("limit") or "100"
        limit = int(text) if text.isdecimal() else 100
        to, subject = request.query("to"), request.query("subject")
        if to is None and subject is None:
            count, found = len(self.store), list(islice(self.store.newest(), limit))
        else:
            matching = list(self.store.newest(to, subject))
            count, found = len(matching), matching[:limit]
        return json_reply(200, {"count": count, "messages": [mail.as_json() for mail in found]})

    def _get(self, request: Request) -> Reply:
        mail = self.store.get(request.params["id"])
        return json_reply(200, mail.as_json(whole=True)) if mail else json_reply(404, {"error": "no such mail"})

    def _delete(self, request: Request) -> Reply:
        self.store.delete(request.params["id"])
        return Reply(204)

    def _clear(self, _request: Request) -> Reply:
        self.store.delete()
        return Reply(204)

    def _settings(self, request: Request) -> Reply:
        values = request.object()
        self._login.user = values.get("user")
        self._login.password = values.get("password")
        return json_reply(200, {"user": self._login.user})


def build(world: World, host: str = "127.0.0.1", smtp_port: int = 9425) -> MailVendor:
    return MailVendor(world, host, smtp_port)
