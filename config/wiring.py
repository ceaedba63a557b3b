"""The one place that builds engine, clock and connectors. Tests replace `current` by their own `Wiring`."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from time import sleep
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url
from sqlmodel import Session

from config import clock
from config.accounts import Accounts, ConfigError, load_accounts
from config.brand import Brand, load_brand
from config.policies import load_policies
from config.settings import Settings, settings
from connectors.carriers.easypost import EasyPost, easypost_http
from connectors.messaging.smtp import Smtp, SmtpServer
from connectors.shops.base import Shop
from connectors.shops.shopify import Shopify, shopify_http
from connectors.transport import HttpClient
from connectors.warehouses.base import Warehouse
from connectors.warehouses.shipbob import ShipBob, shipbob_http
from domain.policy import Policies
from ledger.claims import LEASE_OF_SESSION
from ledger.session import gave_way, make_engine, reading, writing
from ledger.tables import Clock
from ledger.tables.base import table_of

P = ParamSpec("P")
T = TypeVar("T")
COLLISIONS = 6  # tries of a transaction that another one keeps getting in the way of


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
    _loop_things: dict[str, Any] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None

    @cached_property
    def engine(self) -> Engine:
        return make_engine(engine_url(self.settings.database_url))

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

    def _read_offset(self) -> float:
        with reading(self.engine) as session:
            table = table_of(Clock)
            return session.execute(sa.select(table.c.offset_s).where(table.c.id == 1)).scalar_one_or_none() or 0.0

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        # SQLite has one writer: one thread, so that transactions of a process queue here and not on its lock.
        return ThreadPoolExecutor(1 if self.engine.dialect.name == "sqlite" else 4, "ledger")

    async def in_ledger(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one whole transaction in a worker thread; committed when the function returns."""
        context = copy_context()
        call = partial(self.ledger, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, call)

    def ledger(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same in the caller's own thread. A transaction that the database gave up for another's sake did
        nothing and is made again."""
        for tries in range(1, COLLISIONS):
            try:
                return self._transaction(function, *args, **kwargs)
            except sa.exc.OperationalError as error:
                if not gave_way(error):
                    raise
            sleep(random.uniform(0, 0.05 * tries))
        return self._transaction(function, *args, **kwargs)

    def _transaction(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with writing(self.engine) as session, session.begin():
            session.info[LEASE_OF_SESSION] = timedelta(seconds=self.settings.lease_s)
            return function(session, *args, **kwargs)

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
        if self._loop is not loop:
            self._loop, self._loop_things = loop, {}
        if name not in self._loop_things:
            self._loop_things[name] = build()
        thing: T = self._loop_things[name]
        return thing

    def client(self) -> HttpClient:
        return self._per_loop("client", HttpClient)

    def shops(self) -> Mapping[str, Shop]:
        """By target, "{system}/{account}"."""
        return self._per_loop(
            "shops",
            lambda: {
                a.target: Shopify(shopify_http(self.client(), a.base_url, a.secret), a.account)
                for a in self.accounts.shops
                if _known(a.system, {"shopify"}, "shops")
            },
        )

    def warehouses(self) -> Mapping[str, Warehouse]:
        return self._per_loop(
            "warehouses",
            lambda: {
                a.target: ShipBob(
                    shipbob_http(self.client(), a.base_url, a.secret),
                    account=a.account,
                    channel_id=a.options.get("channel_id", ""),
                    webhook_secret=a.webhook_secret,
                )
                for a in self.accounts.warehouses
                if _known(a.system, {"shipbob"}, "warehouses")
            },
        )

    def parcels(self) -> EasyPost:
        """Address verification, labels and tracking: the first carrier account."""

        def build() -> EasyPost:
            found = [a for a in self.accounts.carriers if _known(a.system, {"easypost"}, "carriers")]
            if not found:
                raise ConfigError(
                    "the accounts file has no [[carriers]] entry; add one for address checks and tracking"
                )
            a = found[0]
            return EasyPost(
                easypost_http(self.client(), a.base_url, a.secret), account=a.account, webhook_secret=a.webhook_secret
            )

        return self._per_loop("parcels", build)

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
            return Smtp(server, sender=sender, sender_name=self.brand.name, now=self.now)

        return self._per_loop("mailer", build)

    async def aclose(self) -> None:
        """Close what this loop has opened."""
        things, self._loop_things = self._loop_things, {}
        if "mailer" in things:
            await things["mailer"].aclose()
        if "client" in things:
            await things["client"].aclose()


def _known(system: str, supported: Iterable[str], section: str) -> bool:
    if system not in supported:
        raise ConfigError(
            f"accounts file, [[{section}]]: system {system!r} is not supported; known: {', '.join(supported)}"
        )
    return True


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
