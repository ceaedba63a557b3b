"""All messages, how they travel, and who wants none."""

import heapq
from datetime import datetime, timedelta

from sandbox.core.world import World
from sandbox.twilio.common import NUMBER, SERVICE_SID, made_id
from sandbox.twilio.hooks import Hooks
from sandbox.twilio.model import MOVING, Message

# help.twilio.com: Twilio support for opt-out keywords; compared without case, and only as the whole message
STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
_REPLIES = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
_SENT_S, _DONE_S = 1.0, 3.0  # how long a message takes to be sent, and then to arrive


def keyword(body: str) -> str | None:
    """STOP, START or HELP, when the message is nothing else."""
    word = body.strip().upper()
    return "STOP" if word in STOP else "START" if word in START else "HELP" if word in HELP else None


class Store:
    """Messages by id, oldest first."""

    def __init__(self, world: World, hooks: Hooks) -> None:
        self._world, self._hooks = world, hooks
        self.messages: dict[str, Message] = {}
        self.stopped: set[str] = set()
        self.fates: dict[str, tuple[str, int | None]] = {}  # number -> what becomes of messages to it
        self._due: list[tuple[datetime, str]] = []

    def send(
        self, to: str, body: str, *, sender: str = NUMBER, service: str | None = None, callback: str | None = None
    ) -> Message:
        now = self._world.clock.now()
        status = "accepted" if service else "queued"
        message = Message(made_id(self._world, "SM"), to, sender, body, now, status=status, service=service)
        message.callback, message.fate = callback, self.fates.get(to, message.fate)
        self.messages[message.sid] = message
        self._wait(message, _SENT_S)
        return message

    def receive(self, sender: str, body: str, to: str = NUMBER) -> Message:
        """Somebody writes to one of our numbers. The vendor itself minds its keywords and answers them."""
        now = self._world.clock.now()
        message = Message(made_id(self._world, "SM"), to, sender, body, now, "inbound", "received", SERVICE_SID)
        message.sent_at = message.updated_at = now
        self.messages[message.sid] = message
        kind = keyword(body)
        if kind == "STOP":
            self.stopped.add(sender)
        elif kind == "START":
            self.stopped.discard(sender)
        if kind:
            reply = Message(made_id(self._world, "SM"), sender, to, _REPLIES[kind], now, "outbound-reply", "delivered")
            reply.sent_at = reply.updated_at = now
            self.messages[reply.sid] = reply
        self._hooks.inbound(message, kind)
        return message

    def cancel(self, message: Message) -> bool:
        """False when it has gone out already."""
        if message.status not in ("accepted", "queued"):
            return False
        message.due = None
        self._say(message, "canceled", self._world.clock.now())
        return True

    def tick(self, now: datetime) -> None:
        while self._due and self._due[0][0] <= now:
            due, sid = heapq.heappop(self._due)
            message = self.messages.get(sid)
            if message is None or message.due != due or message.status not in MOVING:
                continue
            if message.status != "sent" and message.fate[0] != "failed":
                message.sent_at = due
                self._say(message, "sent", due)
                self._wait(message, _DONE_S, due)
            else:
                message.due = None
                status, message.error = message.fate
                self._say(message, status, due)

    def _wait(self, message: Message, seconds: float, since: datetime | None = None) -> None:
        message.due = (since or message.created_at) + timedelta(seconds=seconds)
        heapq.heappush(self._due, (message.due, message.sid))

    def _say(self, message: Message, status: str, at: datetime) -> None:
        message.status, message.updated_at = status, at
        self._hooks.status(message)
