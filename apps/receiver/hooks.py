"""`POST /hooks/{system}/{account}`: verify the raw bytes, store, answer. Nothing is decided here."""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.requests import Request
from starlette.responses import Response

from apps.receiver.answers import Refusal, json_answer
from apps.receiver.bodies import read_body
from apps.receiver.load import Load
from apps.receiver.writer import GroupWriter
from config.accounts import Account, Accounts
from config.links import hook_url
from config.wiring import Wiring
from connectors import webhooks
from connectors.errors import ConnectorError
from connectors.hooks import BadHook, read_hook
from connectors.inbound import INBOUND, ByKey, ByUrl
from connectors.reading import Unreadable
from ledger.inbox import Delivery

logger = logging.getLogger(__name__)
LONGEST_TEXT = 255


class Hooks:
    """The endpoint of all vendors."""

    def __init__(self, wiring: Wiring, writer: GroupWriter, load: Load) -> None:
        self._wiring, self._writer, self._load = wiring, writer, load
        self._accounts = _with_hooks(wiring.accounts)

    async def post(self, request: Request) -> Response:
        account = self._accounts.get((request.path_params["system"], request.path_params["account"]))
        if account is None:
            raise Refusal("unknown_account")
        self._load.check()
        with self._writer.room() as take:
            body = await read_body(request, self._wiring.settings.max_body_bytes, take)
        headers = dict(request.headers)
        await self._verify(account, headers, body, request.scope["query_string"].decode("latin-1"))
        domain, said = account.options.get("domain"), headers.get(INBOUND[account.system].origin_header)
        if domain and said and said.lower() != str(domain).lower():
            raise Refusal("wrong_shop")
        await self._writer.keep(delivery_of(account, headers, body))
        if (wanted := INBOUND[account.system].answer) is not None:
            return Response(wanted[0], media_type=wanted[1])
        return json_answer({"stored": True})

    async def _verify(self, account: Account, headers: Mapping[str, str], body: bytes, query: str) -> None:
        inbound = INBOUND[account.system]
        now = await self._product_time() if inbound.timed else self._wiring.real_now()
        try:
            if isinstance(inbound.verify, ByKey):
                key = await self._key(account, inbound.verify, headers)
                inbound.verify.verify(body, headers, key, now=now)
            elif isinstance(inbound.verify, ByUrl):
                url = self._called(account, query)
                inbound.verify.verify(body, headers, account.webhook_secret, url=url, now=now)
            else:
                inbound.verify(body, headers, account.webhook_secret, now=now)
        except webhooks.BadSignature as error:
            logger.warning("webhook refused", extra={"target": account.target, "code": error.code})
            raise Refusal("stale_signature" if error.code == "stale" else "bad_signature") from None

    def _called(self, account: Account, query: str) -> str:
        """The address that the vendor was given, which is not the one that a proxy in front hands on."""
        here = hook_url(self._wiring.settings, account)
        return f"{here}?{query}" if query else here

    async def _key(self, account: Account, by: ByKey, headers: Mapping[str, str]) -> RSAPublicKey | None:
        """Nobody's fault when it cannot be had: the vendor sends the delivery again."""
        name = headers.get(by.key_header)
        try:
            return await self._wiring.signing_keys(account, by.keys_path).of(name) if name else None
        except (ConnectorError, Unreadable) as error:
            logger.warning("signing keys not to be had", extra={"target": account.target, "code": error.code})
            raise Refusal("keys_away") from None

    async def _product_time(self) -> datetime:
        """Not on the event loop when the clock's offset must be read from the ledger."""
        if self._wiring.clock.fresh:
            return self._wiring.now()
        try:
            return await asyncio.to_thread(self._wiring.now)
        except sa.exc.DBAPIError:
            raise Refusal("database_away") from None


def delivery_of(account: Account, headers: Mapping[str, str], body: bytes) -> Delivery:
    """File a delivery that is to be believed. What cannot be filed is stored under a digest of its body, so that
    whoever handles it can open a case: an answer other than 2xx would make the vendor give the webhook up."""
    digest = hashlib.sha256(body).hexdigest()
    try:
        hook = read_hook(account.system, headers, body)
    except BadHook as error:
        logger.warning("webhook not filed", extra={"target": account.target, "code": error.code})
        topic = headers.get(INBOUND[account.system].topic_header) or "unknown"
        return Delivery(account.system, account.account, _line(topic), digest, "", body)
    return Delivery(
        account.system,
        account.account,
        _line(hook.topic),
        hook.delivery_id if _line(hook.delivery_id) == hook.delivery_id else digest,
        _line(hook.subject),
        body,
    )


def _line(text: str) -> str:
    """A text that any column and any log takes: one printable line of bounded length."""
    text = text[:LONGEST_TEXT]
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _with_hooks(accounts: Accounts) -> dict[tuple[str, str], Account]:
    sections = (
        accounts.shops,
        accounts.warehouses,
        accounts.carriers,
        accounts.payments,
        accounts.tracking,
        accounts.texting,
    )
    return {
        (entry.system, entry.account): entry for section in sections for entry in section if entry.system in INBOUND
    }
