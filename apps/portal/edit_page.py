"""`GET /portal/orders/{order_id}/change`: one page for all that can be changed, and one request for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from babel.core import Locale
from starlette.responses import Response

from apps.edit_asking import ADD, ADDRESS, QUANTITY, REMOVE, SWAP, SWAP_UNITS
from apps.portal.doors import Opened, local_of
from apps.portal.edit_form import SEARCH
from apps.portal.forms import REQUESTS, Form, new_random
from apps.portal.offers import Offers, changes_of
from apps.portal.pages import Pages
from config.languages import pick_locale
from config.wiring import Wiring
from domain.edits import EditKind
from domain.masking import masked_email, masked_phone
from domain.postal import country_code, country_rules
from ledger.editing.choices import Choice, choices
from ledger.editing.requests import open_of
from ledger.order_page import LineView, read_order_page
from ledger.orders import address_of

CHANGE, CANCEL_PAGE, STATUS = "/change", "/cancel", REQUESTS
FORMS: Mapping[EditKind, str] = {kind: f"{CHANGE}#{kind}" for kind in EditKind} | {EditKind.CANCEL: CANCEL_PAGE}
_OF_LINES = (EditKind.QUANTITY, EditKind.SWAP, EditKind.REMOVE)


@dataclass(frozen=True, slots=True)
class _Line:
    line: LineView
    quantity: str
    swap: str
    swap_units: str
    removed: bool
    variants: tuple[Choice, ...]


class EditPage:
    def __init__(self, wiring: Wiring, pages: Pages, offers: Offers) -> None:
        self._wiring, self._pages, self._offers = wiring, pages, offers

    def show(self, opened: Opened) -> Response:
        """The form with what is so now."""
        found = {SEARCH: opened.query[SEARCH]} if SEARCH in opened.query else {}
        return self.form(opened, found, {})

    def under_way(self, opened: Opened) -> Response | None:
        """While one request is under way there is no other: its own page instead."""
        found = open_of(opened.session, [opened.order["id"]]).get(opened.order["id"])
        return self._pages.redirect(f"{opened.url}{STATUS}/{found['id']}") if found else None

    def form(self, opened: Opened, form: Form, wrong: Mapping[str, str], *, status: int = 200) -> Response:
        """With what was typed. `wrong`: field -> code."""
        if away := self.under_way(opened):
            return away
        order, policies = opened.order, self._wiring.policies
        local = local_of(opened)
        windows = {window.kind: window for window in self._offers(opened.session, order, opened.now)}
        may = {str(kind) for kind, window in windows.items() if window.open}
        view = read_order_page(opened.session, order)
        lines = [line for line in view.lines if line.quantity > line.shipped]
        added = {name.removeprefix(ADD): value for name, value in form.items() if name.startswith(ADD) and value}
        search = form.get(SEARCH, "")
        changes = changes_of(list(windows.values()), {}, local)
        shop = choices(opened.session, order, {line.sku for line in lines} | set(added), policies, search=search)
        return self._pages.show(
            "change",
            locale=order["locale"],
            status=status,
            url=opened.url,
            token=opened.token,
            request=new_random(),
            order_name=order["name"],
            may=may,
            of_lines=bool(may.intersection(_OF_LINES)),
            script=changes.counts_down,
            changes=changes,
            zone=local.zone_name,
            lines=[_line(line, form, shop.siblings.get(line.sku, ())) for line in lines],
            offered=_offered(shop.by_sku, shop.found, lines, added),
            added=added,
            search=search,
            address=_values(form, {name: getattr(address_of(opened.contact), name) for name in ADDRESS}),
            reach={"email": form.get("email", ""), "phone": form.get("phone", "")},
            known={"email": masked_email(opened.contact["email"]), "phone": masked_phone(opened.contact["phone"])},
            countries=countries(pick_locale(order["locale"]).format),
            methods=[
                (code, method.title, method.price_minor[order["currency"]])
                for code, method in policies.edits.shipping.items()
                if order["currency"] in method.price_minor
            ],
            shipping=form.get("shipping", ""),
            shipping_code=order["shipping_code"],
            shipping_minor=order["shipping_minor"],
            wrong=wrong,
            money=local.money(order["currency"]),
            now=opened.now,
        )


def _line(line: LineView, form: Form, variants: tuple[Choice, ...]) -> _Line:
    return _Line(
        line,
        form.get(f"{QUANTITY}{line.id}", str(line.quantity)),
        form.get(f"{SWAP}{line.id}", ""),
        form.get(f"{SWAP_UNITS}{line.id}", ""),
        bool(form.get(f"{REMOVE}{line.id}")),
        variants,
    )


def _offered(
    by_sku: Mapping[str, Choice], found: Sequence[Choice], lines: Sequence[LineView], added: Mapping[str, str]
) -> list[Choice]:
    """What can be added: what was chosen already, what was found, and the order's own products."""
    own = [by_sku[line.sku] for line in lines if line.sku in by_sku]
    chosen = [by_sku[sku] for sku in added if sku in by_sku]
    return list({choice.sku: choice for choice in (*chosen, *found, *own)}.values())


def _values(form: Form, present: Mapping[str, str]) -> dict[str, str]:
    values = {name: form.get(name, value) for name, value in present.items()}
    return values | {"country": country_code(values["country"])}


@cache
def countries(locale: str) -> tuple[tuple[str, str], ...]:
    """(code, name) in the alphabet's order."""
    names: Mapping[str, Any] = Locale.parse(locale).territories
    listed = ((code, str(name)) for code, name in names.items() if len(code) == 2 and country_rules(code) is not None)
    return tuple(sorted(listed, key=lambda pair: pair[1]))
