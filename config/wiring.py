"""The one place that builds engine, clock and connectors. Tests replace `current` by their own `Wiring`."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlmodel import Session

from config import clock, tracking_sources, vendors
from config.accounts import Account, Accounts, ConfigError, load_accounts
from config.brand import Brand, load_brand
from config.links import fingerprint, is_ready
from config.policies import load_policies
from config.settings import Settings, settings
from connectors.carriers.base import TrackingSource
from connectors.carriers.easypost import EasyPost
from connectors.carriers.returning import ReturnLabels
from connectors.helpdesk.base import Helpdesk
from connectors.messaging.base import Texter
from connectors.messaging.chat import ChatHook
from connectors.messaging.smtp import Smtp, SmtpServer
from connectors.payments.base import Payments
from connectors.shops.base import Shop
from connectors.shops.editing import EditableShop
from connectors.shops.replacing import ReplacingShop
from connectors.shops.returning import ReturningShop
from connectors.shops.shopify import Shopify
from connectors.signing_keys import Keys, SigningKeys
from connectors.transport import HttpClient
from connectors.warehouses.base import EditableWarehouse, Warehouse
from connectors.warehouses.returning import ReturnsWarehouse
from connectors.warehouses.shipbob import ShipBob
from domain.policy import Policies
from ledger.claims import LEASE_OF_SESSION
from ledger.editing.tickets import HELPDESK_OF_SESSION
from ledger.prepared import CONNECTION_OF_SESSION
from ledger.session import made_again, reading, writing
from ledger.shared_commits import SharedCommits
from ledger.tables import Clock
from ledger.tables.base import table_of
from ledger.turns import eager_engine
from ledger.ways import MESSAGING_OF_SESSION, Messaging

P = ParamSpec("P")
T = TypeVar("T")


def engine_url(url: str) -> str:
    """SQLAlchemy's form of the setting: `postgresql://` means psycopg 3. Raises: ConfigError."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(
            "AFTERCART_DATABASE_URL is no database address; write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"AFTERCART_DATABASE_URL: {parsed.drivername} is not supported; use sqlite or postgresql")
    return parsed.render_as_string(hide_password=False)


@dataclass
class Wiring:
    """Everything a process needs, built when first asked for."""

    settings: Settings
    _loop_things: dict[asyncio.AbstractEventLoop, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def engine(self) -> Engine:
        return eager_engine(engine_url(self.settings.database_url))

    @cached_property
    def accounts(self) -> Accounts:
        return load_accounts(self.settings.accounts_file)

    @cached_property
    def policies(self) -> Policies:
        return load_policies(self.settings.policies_dir)

    @cached_property
    def brand(self) -> Brand:
        return load_brand()

    @cached_property
    def clock(self) -> clock.ProductClock:
        return clock.ProductClock(self._read_offset)

    @cached_property
    def messaging(self) -> Messaging:
        """How messages go: the merchant's rules, the account for texts, and the key of people's addresses."""

        def key(channel: str, address: str) -> str:
            return fingerprint(self.settings, f"address_{channel}", address) if is_ready(self.settings) else ""

        return Messaging(self.policies.messages, self.texting_target, key)

    def _read_offset(self) -> float:
        with reading(self.engine) as session:
            table = table_of(Clock)
            return session.execute(sa.select(table.c.offset_s).where(table.c.id == 1)).scalar_one_or_none() or 0.0

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(4, "ledger")

    @cached_property
    def _shared_commits(self) -> SharedCommits | None:
        return SharedCommits(self._begin) if self.engine.dialect.name == "sqlite" else None

    async def in_ledger(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one whole transaction in a worker thread; it is committed when this returns."""
        if self._shared_commits is not None:
            return await self._shared_commits.run(lambda session: function(session, *args, **kwargs))
        context = copy_context()
        call = partial(self.ledger, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, call)

    def ledger(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same in the caller's own thread."""

        def transaction() -> T:
            with self._begin() as session:
                return function(session, *args, **kwargs)

        return made_again(transaction)

    @contextmanager
    def _begin(self) -> Iterator[Session]:
        with writing(self.engine) as session, session.begin():
            session.info[CONNECTION_OF_SESSION] = None
            session.info[LEASE_OF_SESSION] = timedelta(seconds=self.settings.lease_s)
            session.info[HELPDESK_OF_SESSION] = lambda: self.helpdesk_target
            session.info[MESSAGING_OF_SESSION] = lambda: self.messaging
            yield session

    def read(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """A transaction that only reads."""
        with reading(self.engine) as session:
            return function(session, *args, **kwargs)

    def now(self) -> datetime:
        return self.clock.now()

    def real_now(self) -> datetime:
        return clock.real_now()

    # Connectors belong to the event loop that they were first used in.

    def _per_loop(self, name: str, build: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        if loop not in self._loop_things:
            self._loop_things = {known: kept for known, kept in self._loop_things.items() if not known.is_closed()}
        things = self._loop_things.setdefault(loop, {})
        if name not in things:
            things[name] = build()
        thing: T = things[name]
        return thing

    def client(self) -> HttpClient:
        return self._per_loop("client", HttpClient)

    def shops(self) -> Mapping[str, Shop]:
        """By target, "{system}/{account}"."""
        return self._shops()

    def editable_shops(self) -> Mapping[str, EditableShop]:
        """Those whose orders can be changed."""
        return self._shops()

    def returning_shops(self) -> Mapping[str, ReturningShop]:
        """Those that keep returns of their own."""
        return self._shops()

    def replacing_shops(self) -> Mapping[str, ReplacingShop]:
        """Those that make orders of ours in the place of parcels that do not come."""
        return self._shops()

    def _shops(self) -> Mapping[str, Shopify]:
        return self._per_loop("shops", lambda: vendors.shops(self.accounts, self.client))

    def warehouses(self) -> Mapping[str, Warehouse]:
        return self._warehouses()

    def editable_warehouses(self) -> Mapping[str, EditableWarehouse]:
        """Those that change what they already have."""
        return self._warehouses()

    def returns_warehouses(self) -> Mapping[str, ReturnsWarehouse]:
        """Those that take goods back."""
        return self._warehouses()

    def _warehouses(self) -> Mapping[str, ShipBob]:
        return self._per_loop("warehouses", lambda: vendors.warehouses(self.accounts, self.client))

    def parcels(self) -> EasyPost:
        """Address verification, labels and tracking: the first carrier account. Raises: ConfigError without one."""
        return self._per_loop("parcels", lambda: vendors.parcels(self.accounts, self.client))

    def tracking_sources(self) -> Mapping[str, TrackingSource]:
        """Who tells of parcels, by target; the first is who follows what nobody else does."""
        return self._per_loop("sources", lambda: tracking_sources.build(self.accounts, self.client, self.parcels))

    def signing_keys(self, account: Account, path: str) -> Keys:
        """Public keys of a vendor that signs its deliveries with a private one."""
        return self._per_loop(
            f"keys of {account.target}", lambda: SigningKeys(vendors.plain_http(account, self.client()), path)
        )

    def return_labels(self) -> Mapping[str, ReturnLabels]:
        """Carriers that make labels for the way back themselves."""
        return self._per_loop("return_labels", lambda: vendors.return_labels(self.accounts, self.client))

    @property
    def payment_page(self) -> str:
        """Target of the account whose pages take money for edits; empty where there is none."""
        return self.accounts.payments[0].target if self.accounts.payments else ""

    @property
    def helpdesk_target(self) -> str:
        """Target of the helpdesk; empty where there is none."""
        return self.accounts.helpdesk[0].target if self.accounts.helpdesk else ""

    def payments(self) -> Payments | None:
        """Money taken outside the shop: the first payments account, None where there is none."""
        return self._per_loop("payments", lambda: vendors.payments(self.accounts, self.client))

    def helpdesk(self) -> Helpdesk | None:
        """Tickets of customers' requests: the first helpdesk account, None where there is none."""
        return self._per_loop("helpdesk", lambda: vendors.helpdesk(self.accounts, self.client))

    def chat(self) -> ChatHook | None:
        """The team's channel: the first chat account, None where there is none."""
        return self._per_loop("chat", lambda: vendors.chat(self.accounts, self.client))

    @property
    def texting_target(self) -> str:
        """Target of the account for texts; empty where there is none."""
        return self.accounts.texting[0].target if self.accounts.texting else ""

    def texter(self) -> Texter | None:
        """Texts to phones: the first account for them, None where there is none."""
        return self._per_loop("texter", lambda: vendors.texter(self.accounts, self.client))

    def mailer(self) -> Smtp:
        mail = self.accounts.mail

        def build() -> Smtp:
            server = SmtpServer(
                mail.host,
                mail.port,
                user=mail.username,
                password=mail.password,
                tls="starttls" if mail.start_tls else "none",
            )
            sender = mail.sender or self.brand.support_email
            name, most = self.brand.name, mail.connections
            return Smtp(server, sender=sender, sender_name=name, now=self.now, connections=most)

        return self._per_loop("mailer", build)

    async def aclose(self) -> None:
        """Close what this loop has opened."""
        things = self._loop_things.pop(asyncio.get_running_loop(), {})
        if "mailer" in things:
            await things["mailer"].aclose()
        if "client" in things:
            await things["client"].aclose()


_lock = threading.Lock()
_current: Wiring | None = None


def current() -> Wiring:
    """This process's wiring."""
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = Wiring(settings())
    return _current


def replace(wiring: Wiring | None) -> None:
    """For tests and the apps' own start: use this from now on."""
    global _current
    _current = wiring
