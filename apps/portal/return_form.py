"""The form "Return or exchange": its fields, read into what is asked for.

Nothing is looked up here: whether it may be, the rules say (`domain.returns.judge`), of forged forms too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from apps.darkroom import photo_name
from apps.edit_asking import named, units_of
from apps.portal.forms import Form
from apps.portal.return_lines import LineReturn
from domain.returns.asks import MAX_PHOTOS, ReturnAsk
from domain.returns.words import NOT_THERE, OF_CLAIMS, RESOLUTIONS, Condition, Resolution, ReturnKind, ReturnReason
from ledger.photos import KIND

UNITS, REASON, CONDITION, WANT = "units:", "reason:", "condition:", "want:"
PHOTOS, KEPT = "photos:", "kept:"  # files as they are sent, and the names of photos that are kept already
EXCHANGE = "exchange|"  # followed by the SKU that is wanted
SEARCH = "search"  # for another product to exchange something for
WHOLE = "form"
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Asking:
    """What a form asks for. `wrong`: field -> code, in the order of the page; then nothing can be asked for."""

    asks: tuple[ReturnAsk, ...] = ()
    wrong: Mapping[str, str] = field(default_factory=dict)


def typed(form: Form) -> dict[str, str]:
    """What the customer has entered, to be carried from page to page."""
    return {
        name: value[:_LONGEST]
        for name, value in form.items()
        if value
        and len(name) <= _LONGEST
        and (name == SEARCH or name.startswith((UNITS, REASON, CONDITION, WANT, KEPT)))
    }


def wanted_skus(form: Form) -> list[str]:
    """What lines are to be exchanged for."""
    wants = (value for name, value in form.items() if name.startswith(WANT) and value.startswith(EXCHANGE))
    return list(dict.fromkeys(value.removeprefix(EXCHANGE) for value in wants))


def read_asking(form: Form, order_id: str, lines: Iterable[LineReturn], photos: Collection[str]) -> Asking:
    """Lines without units ask for nothing. `photos`: ids of all that the order has; others are none of its own."""
    wrong: dict[str, str] = {}
    units = dict(named(form, UNITS))
    found = [_ask(form, order_id, line, units.get(line.line.id, ""), photos, wrong) for line in lines]
    asks = tuple(ask for ask in found if ask is not None)
    if not asks and not wrong:
        wrong[WHOLE] = "nothing"
    return Asking(asks, wrong)


def _ask(
    form: Form, order_id: str, line: LineReturn, units: str, photos: Collection[str], wrong: dict[str, str]
) -> ReturnAsk | None:
    line_id = line.line.id
    reason, want = form.get(f"{REASON}{line_id}", ""), form.get(f"{WANT}{line_id}", "")
    count = units_of(units)
    before = len(wrong)
    if count is None:
        wrong[f"{UNITS}{line_id}"] = "quantity"
    elif not count and not reason:
        return None
    elif not count:
        wrong[f"{UNITS}{line_id}"] = "missing"
    elif count > line.left:
        wrong[f"{UNITS}{line_id}"] = "too_many"
    if reason not in set(ReturnReason):
        wrong[f"{REASON}{line_id}"] = "missing"
        return None
    said = ReturnReason(reason)
    condition = _condition(form.get(f"{CONDITION}{line_id}", ""), said, line_id, wrong)
    kind, resolution, sku = _wanted(want, said, line_id, wrong)
    if len(wrong) > before or not count:
        return None
    shown = tuple(each for each in photos_of(form, line_id) if each in photos) if said in OF_CLAIMS else ()
    return ReturnAsk(kind, order_id, line_id, count, said, condition, resolution, sku, shown[:MAX_PHOTOS])


def photos_of(form: Form, line_id: str) -> list[str]:
    """Ids of the photos that are with a line, as the form carries them."""
    return [f"{KIND}:{name}" for name in dict.fromkeys(form.get(f"{KEPT}{line_id}", "").split())]


def with_photos(form: Form, line_id: str, added: Iterable[str]) -> dict[str, str]:
    """The form with more of them."""
    names = [photo_name(each) for each in dict.fromkeys((*photos_of(form, line_id), *added))]
    return {**form, f"{KEPT}{line_id}": " ".join(names[:MAX_PHOTOS])}


def _condition(text: str, reason: ReturnReason, line_id: str, wrong: dict[str, str]) -> Condition | None:
    """Of what the customer does not have nothing can be said; of a fault it need not."""
    if reason in NOT_THERE:
        return None
    if text in set(Condition):
        return Condition(text)
    if reason not in OF_CLAIMS:
        wrong[f"{CONDITION}{line_id}"] = "missing"
    return None


def _wanted(want: str, reason: ReturnReason, line_id: str, wrong: dict[str, str]) -> tuple[ReturnKind, Resolution, str]:
    field_name = f"{WANT}{line_id}"
    of_claim = reason in OF_CLAIMS
    sku = want.removeprefix(EXCHANGE) if want.startswith(EXCHANGE) else ""
    if sku:
        if of_claim:
            wrong[field_name] = "not_of_claims"
        return ReturnKind.EXCHANGE, Resolution.EXCHANGE, sku
    kind = ReturnKind.CLAIM if of_claim else ReturnKind.RETURN
    if want not in set(Resolution):
        wrong[field_name] = "missing"
    elif want not in RESOLUTIONS[kind]:
        wrong[field_name] = "only_of_claims"
    return kind, Resolution(want) if want in set(Resolution) else Resolution.REFUND, ""
