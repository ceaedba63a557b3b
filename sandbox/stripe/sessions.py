"""The handlers under `/v1/checkout/sessions`."""

from datetime import UTC, datetime, timedelta

from sandbox.core.http import Reply, Request, json_reply
from sandbox.core.world import World
from sandbox.stripe.common import StripeError, bad, made_id, no_such
from sandbox.stripe.model import Book, IntentData, Line, Session
from sandbox.stripe.money import check_currency, check_step, check_total
from sandbox.stripe.params import Params, form, merged
from sandbox.stripe.till import Till
from sandbox.stripe.views import Views, listing, shown

_SHORTEST, _LONGEST = timedelta(minutes=30), timedelta(hours=24)
_CREATE = "POST /v1/checkout/sessions"
_EXPIRE = f"{_CREATE}/{{session}}/expire"
_MAX_LINES = 100
_MAX_REFERENCE = 200
_LOCALES = frozenset(
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru "
    "sk sl sv th tr vi zh zh-HK zh-TW".split()
)


class Sessions:
    """Checkout pages in payment mode, for amounts that are given with them (no stored prices)."""

    def __init__(self, world: World, book: Book, views: Views, till: Till) -> None:
        self._world, self._book, self._views, self._till = world, book, views, till

    def create(self, request: Request) -> Reply:
        params = form(request)
        if params.one_of("mode", ("payment", "setup", "subscription")) != "payment":
            raise params.missing("mode") if not params.has("mode") else _not_here("mode")
        created = datetime.fromtimestamp(int(self._world.clock.now().timestamp()), UTC)
        currency, lines = self._lines(params)
        success_url = params.url("success_url")
        if success_url is None:
            raise params.missing("success_url")
        session = Session(
            id=made_id(self._world, "cs_test", 58),
            created_at=created,
            expires_at=_expiry(params, created),
            currency=currency,
            lines=lines,
            success_url=success_url,
            cancel_url=params.url("cancel_url"),
            client_reference_id=params.text("client_reference_id", longest=_MAX_REFERENCE),
            metadata=merged({}, params.metadata()),
            locale=params.one_of("locale", _LOCALES),
            submit_type=params.one_of("submit_type", ("auto", "book", "donate", "pay")),
            customer_email=_email(params),
            payment_method_types=params.texts("payment_method_types") or ["card"],
            intent_data=_intent_data(params.inside("payment_intent_data")),
        )
        if session.payment_method_types != ["card"]:
            raise _not_here("payment_method_types")
        params.inside("adaptive_pricing").one_of("enabled", ("true", "false"))  # all pay in the page's currency here
        paths = params.texts("expand")
        params.done()
        check_total(session.total, currency)
        self._views.check("checkout.session", paths)
        self._till.opened(session)
        self._world.counters.accepted("stripe", _CREATE, session.client_reference_id or session.id)
        return shown(self._views, self._views.session(session), paths)

    def _lines(self, params: Params) -> tuple[str, list[Line]]:
        """The one currency and the lines. Raises StripeError."""
        given = params.items("line_items")
        if not given:
            raise params.missing("line_items")
        if len(given) > _MAX_LINES:
            raise bad(f"You can have at most {_MAX_LINES} line items.", param="line_items")
        read = [self._line(entry) for entry in given]
        if len({currency for currency, _ in read}) > 1:
            raise bad("All line items must have the same currency.", param="line_items")
        return read[0][0], [line for _, line in read]

    def _line(self, entry: Params) -> tuple[str, Line]:
        price = entry.text("price")
        if price is not None:
            raise bad(f"No such price: '{price}'", param=entry.name("price"), code="resource_missing")
        data = entry.inside("price_data")
        product = data.inside("product_data")
        currency = check_currency(data.needed("currency"), data.name("currency"))
        amount, quantity = data.integer("unit_amount"), entry.integer("quantity", least=1)
        if amount is None:
            raise data.missing("unit_amount")
        if quantity is None:
            raise entry.missing("quantity")
        check_step(amount, currency, data.name("unit_amount"))
        name = product.needed("name")
        product.text("description"), product.texts("images"), product.metadata(), product.text("tax_code")
        behaviour = data.one_of("tax_behavior", ("exclusive", "inclusive", "unspecified"))
        world = self._world
        ids = (made_id(world, "li"), made_id(world, "price"), made_id(world, "prod", 14))
        return currency, Line(*ids, name, amount, quantity, behaviour or "unspecified")

    def index(self, request: Request) -> Reply:
        params = form(request)
        intent, customer = params.text("payment_intent"), params.text("customer")
        status = params.one_of("status", ("open", "complete", "expired"))
        link, subscription = params.text("payment_link"), params.text("subscription")
        found = [
            session
            for session in list(self._book.sessions.values())[::-1]
            if intent in (None, session.intent_id) and status in (None, session.status)
        ]
        if customer or link or subscription:
            found = []  # guests only, no links, no subscriptions
        paths = params.texts("expand")
        page = listing(params, found, "/v1/checkout/sessions", self._views.session)
        params.done()
        return shown(self._views, page, paths)

    def find(self, request: Request) -> Session:
        wanted = request.params["session"]
        session = self._book.sessions.get(wanted)
        if session is None:
            raise no_such("checkout.session", wanted, "session")
        return session

    def get(self, request: Request) -> Reply:
        session, params = self.find(request), form(request)
        paths = params.texts("expand")
        params.done()
        return shown(self._views, self._views.session(session), paths)

    def line_items(self, request: Request) -> Reply:
        session, params = self.find(request), form(request)
        page = listing(
            params, session.lines, f"/v1/checkout/sessions/{session.id}/line_items", self._views.line_of(session)
        )
        params.done()
        return json_reply(200, page)

    def update(self, request: Request) -> Reply:
        session, params = self.find(request), form(request)
        metadata, emptied = params.metadata(), params.has("metadata") and params.pairs()["metadata"] == ""
        paths = params.texts("expand")
        params.done()
        session.metadata = {} if emptied else merged(session.metadata, metadata)
        return shown(self._views, self._views.session(session), paths)

    def expire(self, request: Request) -> Reply:
        session, params = self.find(request), form(request)
        paths = params.texts("expand")
        params.done()
        if session.status != "open":
            raise StripeError(
                400,
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
                f"of `{session.status}`.",
                began=True,
            )
        self._till.expire(session, request)
        self._world.counters.accepted("stripe", _EXPIRE, session.client_reference_id or session.id)
        return shown(self._views, self._views.session(session), paths)


def _expiry(params: Params, created: datetime) -> datetime:
    """30 minutes to 24 hours after the creation, which is the default. Raises StripeError."""
    given = params.integer("expires_at")
    if given is None:
        return created + _LONGEST
    least, most = (created + _SHORTEST).timestamp(), (created + _LONGEST).timestamp()
    if given < least:
        raise bad(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param="expires_at"
        )
    if given > most:
        raise bad(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    return datetime.fromtimestamp(given, UTC)


def _intent_data(data: Params) -> IntentData:
    method = data.one_of("capture_method", ("automatic", "automatic_async", "manual"))
    if method == "manual":
        raise _not_here(data.name("capture_method"))
    return IntentData(
        metadata=merged({}, data.metadata()),
        description=data.text("description", longest=1000),
        receipt_email=data.text("receipt_email"),
        capture_method=method or "automatic_async",
    )


def _email(params: Params) -> str | None:
    email = params.text("customer_email", longest=800)
    if email is not None and "@" not in email.strip("@"):
        raise bad(f"Invalid email address: {email}", param="customer_email", code="email_invalid")
    return email


def _not_here(name: str) -> StripeError:
    """The vendor has this, its fake does not."""
    return bad(f"The sandbox does not offer this value of {name}.", param=name)
