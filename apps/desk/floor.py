"""The receiving screen of an own warehouse: scan a parcel, say unit by unit what came and in what state, and see where
each unit goes. It works without JavaScript; a scanner that ends with Enter needs no mouse."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from apps.darkroom import Darkroom, photo_answer, photo_name
from apps.desk import floor_form, return_words
from apps.desk.floor_form import KEPT, PHOTO, Row
from apps.desk.floor_guard import FLOOR_HOME, Standing
from apps.desk.pages import Pages, go
from apps.desk.return_words import CONDITION, EXPECTED, GRADE, PLACE, REASON, RECEPTION, RETURN
from apps.desk.words import badge
from apps.nudge import nudge
from apps.portal.forms import new_random, random_or_new
from config.wiring import Wiring
from domain.ids import digest
from domain.photos import BadPhoto
from ledger.orders import OrderRow
from ledger.photos import KIND, photo_ids, photo_of
from ledger.returning import at_the_door
from ledger.returning.intake import Arrived, Graded, opened_by, request_of_code
from ledger.returning.on_the_table import Awaited, Parcel, on_their_way, parcel_of, sku_of_code, sold_in, unfinished
from ledger.rows import select_by
from ledger.tables import Order

P = ParamSpec("P")
T = TypeVar("T")
_REFUSALS: Mapping[str, str] = {
    "changed_meanwhile": "A colleague has entered something of this parcel meanwhile. Look at it again.",
    "request_ended": "This return has ended meanwhile. Enter the parcel by its order number.",
    "scan_id_reused": "This page was sent before with something else. Look at the parcel again.",
}


class Floor:
    """Routes under `/desk/floor`."""

    def __init__(self, wiring: Wiring, pages: Pages, darkroom: Darkroom) -> None:
        self._wiring, self._pages, self._darkroom = wiring, pages, darkroom

    async def choose(self, _request: Request, standing: Standing) -> Response:
        """`GET /desk/floor`: which warehouse."""
        if len(standing.places) == 1:
            return go(f"{FLOOR_HOME}/{next(iter(standing.places))}")
        return self._show("floor_places", standing, "")

    async def show(self, request: Request, standing: Standing) -> Response:
        return await self._scan_page(request, standing)

    async def scan(self, request: Request, standing: Standing) -> Response:
        """A parcel's RMA or tracking number, or the order number on its packing slip."""
        home, code, slip = _home(request), standing.form.get("code", ""), standing.form.get("order", "")
        if slip:
            order = await self._read(at_the_door.order_named, slip)
            if order is not None:
                return go(f"{home}/orders/{order['id']}")
            return await self._scan_page(request, standing, unknown=True, problem="No one order has this number.")
        request_id = await self._read(request_of_code, code) if code else ""
        if not request_id:
            problem = "No return has this number." if code else "Scan or type a number first."
            return await self._scan_page(request, standing, unknown=bool(code), problem=problem)
        parcel = await self._read(parcel_of, request_id)
        if parcel is not None and parcel.ended and not parcel.entered:
            return go(f"{home}/orders/{parcel.order_id}")  # it was called off, and has come all the same
        return go(f"{home}/returns/{request_id}")

    async def _scan_page(
        self, request: Request, standing: Standing, *, unknown: bool = False, problem: str = ""
    ) -> Response:
        location = request.path_params["location"]
        waiting = await self._read(unfinished, location)
        return self._show(
            "floor", standing, location, unknown=unknown, problem=problem, waiting=waiting,
            status=404 if unknown else 422 if problem else 200,
        )  # fmt: skip

    async def parcel(self, request: Request, standing: Standing) -> Response:
        """`GET …/returns/{request_id}`."""
        location, request_id = request.path_params["location"], request.path_params["request_id"]
        parcel = await self._read(parcel_of, request_id)
        if parcel is None:
            scan_id = random_or_new(request.query_params.get("scan", ""))
            mine = opened_by(location, scan_id) == request_id
            if not mine or not await self._read(at_the_door.was_said, location, scan_id, waiting=True):
                raise HTTPException(404)
            return self._show("floor_wait", standing, location, here=f"{request.url.path}?scan={scan_id}")
        if parcel.busy:
            return self._show("floor_wait", standing, location, here=request.url.path)
        rows = floor_form.rows_of({}, parcel.awaited if parcel.opened else (), parcel.entered, (), REASON)
        return await self._parcel_page(request, standing, parcel, rows)

    async def enter(self, request: Request, standing: Standing) -> Response:
        """`POST …/returns/{request_id}`: a unit was scanned, everything is there, or all of it is said."""
        location, request_id = request.path_params["location"], request.path_params["request_id"]
        parcel, name = await self._read(parcel_of, request_id), random_or_new(standing.form.get("scan_id", ""))
        if parcel is None:
            raise HTTPException(404)
        if await self._read(at_the_door.was_said, location, name):
            return go(f"{request.url.path}?again=1")
        form, fault = await self._with_photos(standing, parcel.order_id, request_id)
        photos = await self._read(photo_ids, parcel.order_id)
        awaited = parcel.awaited if parcel.opened else ()
        rows = floor_form.rows_of(form, awaited, parcel.entered, photos, REASON)
        rows, told, scanning = await self._acted(form, rows)
        if not scanning and not fault:
            rows = floor_form.checked(rows, every=not parcel.entered)
            units = floor_form.units_said(rows)
            grades, pictures = floor_form.grades_said(rows)
            scans: list[Arrived | Graded] = []
            scans += [Arrived(name, location, parcel.rma, units, by=standing.actor)] if units else []
            scans += [Graded(name, location, request_id, grades, pictures, standing.actor)] if grades else []
            if scans and not any(row.wrong for row in rows):
                fault = await self._keep(standing, request_id, scans, form.get("seen", ""))
                if not fault:
                    return go(request.url.path)
            fault = fault or ("Some units still need a word." if rows else "There is nothing to enter.")
        return await self._parcel_page(
            request, standing, parcel, rows, problem=fault, told=told, form=form, status=422 if fault else 200
        )

    async def order(self, request: Request, standing: Standing) -> Response:
        """`GET …/orders/{order_id}`: a parcel of this order that nobody announced."""
        order = await self._order(request)
        sold = await self._read(sold_in, order)
        rows = floor_form.rows_of({}, sold, (), (), REASON)
        return await self._order_page(request, standing, order, rows, sold)

    async def open(self, request: Request, standing: Standing) -> Response:
        """`POST …/orders/{order_id}`: a return is opened by what is in the parcel."""
        order, location = await self._order(request), request.path_params["location"]
        name = random_or_new(standing.form.get("scan_id", ""))
        request_id = opened_by(location, name)
        then = f"{_home(request)}/returns/{request_id}?scan={name}"
        if await self._read(at_the_door.was_said, location, name):
            return go(then)
        form, fault = await self._with_photos(standing, order["id"], request_id)
        sold, photos = await self._read(sold_in, order), await self._read(photo_ids, order["id"])
        rows, told, scanning = await self._acted(form, floor_form.rows_of(form, sold, (), photos, REASON))
        if not scanning and not fault:
            rows = floor_form.checked(rows, every=False)
            units = floor_form.units_said(rows)
            if form.get("seen", "") != _state_of(sold):
                fault = _REFUSALS["changed_meanwhile"]
            elif units and not any(row.wrong for row in rows):
                scan = Arrived(name, location, "", units, order["id"], standing.actor)
                fault = await self._keep(standing, request_id, [scan], "")
                if not fault:
                    return go(then)
            fault = fault or "Say of at least one unit that it is in the parcel."
        return await self._order_page(
            request, standing, order, rows, sold, problem=fault, told=told, form=form, status=422 if fault else 200
        )

    async def photo(self, request: Request, _standing: Standing) -> Response:
        """`GET …/returns/{request_id}/photos/{name}`: those of the units on the table, no others of the order."""
        parcel = await self._read(parcel_of, request.path_params["request_id"])
        photo_id = f"{KIND}:{request.path_params['name']}"
        if parcel is None or not any(photo_id in unit.photos for unit in parcel.entered):
            raise HTTPException(404)
        content = await self._read(photo_of, parcel.order_id, photo_id)
        if content is None:
            raise HTTPException(404)
        return photo_answer(content)

    # what the pages share

    async def _keep(self, standing: Standing, request_id: str, scans: Sequence[Arrived | Graded], seen: str) -> str:
        """Returns what to say when it was not taken."""
        refused = await self._wiring.in_ledger(at_the_door.take_form, request_id, scans, seen, standing.now)
        if refused:
            return _REFUSALS[refused]
        nudge(self._wiring.settings.requests_port)
        return ""

    async def _with_photos(self, standing: Standing, order_id: str, request_id: str) -> tuple[dict[str, str], str]:
        """The form with the ids of the photos that came with it, and what was wrong with one. They are kept at once:
        a page that is shown again cannot show a file again."""
        form, fault = dict(standing.form), ""
        for name, sent in standing.files.items():
            if not name.startswith(PHOTO):
                continue
            try:
                ids = await self._darkroom.take_photos(sent, order_id=order_id, subject_id=request_id)
            except BadPhoto as error:
                fault = return_words.photo_words(error.code)
                continue
            key = f"{KEPT}{name.removeprefix(PHOTO)}"
            form[key] = " ".join(dict.fromkeys([*form.get(key, "").split(), *ids]))
        return form, fault

    async def _acted(self, form: Mapping[str, str], rows: Sequence[Row]) -> tuple[list[Row], str, bool]:
        """After a scan, or "all there": the rows, what was done in words, and whether the page is only shown again."""
        code = form.get("unit", "")
        if form.get("do") == "all":
            return floor_form.all_there(rows), "All of it is there. Now say in what state.", True
        if not code:
            return list(rows), "", form.get("do") == "scan"
        rows, key = floor_form.scanned(rows, code, await self._read(sku_of_code, code))
        row = next((each for each in rows if each.key == key), None)
        if row is None:
            return list(rows), "There is no room for more units on this page. Enter these first.", True
        return list(rows), f"{row.title}: {'nobody announced it' if row.extra else 'received'}.", True

    async def _parcel_page(
        self, request: Request, standing: Standing, parcel: Parcel, rows: Sequence[Row], **more: Any
    ) -> Response:
        orders = await self._read(select_by, Order, "id", [parcel.order_id])
        currency = orders[0]["currency"] if orders else ""
        policy = self._wiring.policies.returns
        base = f"{_home(request)}/returns/{parcel.request_id}"
        units = [
            {
                "title": unit.title,
                "sku": unit.sku,
                "reception": RECEPTION[unit.reception],
                "grade": GRADE.get(unit.grade, ""),
                "place": PLACE.get(unit.disposition, ""),
                "tone": unit.disposition,
                "why": return_words.place_words(unit.rule, policy, currency) if unit.rule and unit.disposition else "",
                "photos": [f"{base}/photos/{photo_name(photo_id)}" for photo_id in unit.photos],
            }
            for unit in parcel.entered
            if not unit.to_grade or parcel.ended
        ]
        return self._form(
            "floor_parcel", request, standing, rows, seen=parcel.seen, rma=parcel.rma, units=units,
            state=EXPECTED if parcel.awaited and not parcel.entered else badge(RETURN, parcel.state),
            again="again" in request.query_params,
            said={unit.key: CONDITION.get(unit.condition, "") for unit in parcel.awaited}, **more,
        )  # fmt: skip

    async def _order_page(
        self,
        request: Request,
        standing: Standing,
        order: OrderRow,
        rows: Sequence[Row],
        sold: Sequence[Awaited],
        **more: Any,
    ) -> Response:
        coming = [(row["id"], row["rma"]) for row in await self._read(on_their_way, order["id"])]
        seen = (more.get("form") or {}).get("seen") or _state_of(sold)
        return self._form(
            "floor_order", request, standing, rows, seen=seen, order_name=order["name"], coming=coming, **more
        )

    def _form(self, name: str, request: Request, standing: Standing, rows: Sequence[Row], **more: Any) -> Response:
        form: Mapping[str, str] = more.pop("form", {})
        shown: dict[str, Any] = {"problem": "", "told": "", "status": 200, **more}
        return self._show(
            name, standing, request.path_params["location"], here=request.url.path, rows=rows,
            too_many=len(rows) > floor_form.MOST_ROWS, scan_id=random_or_new(form.get("scan_id", "")) if form else
            new_random(), receptions=[(code, RECEPTION[code]) for code in ("received", "missing", "wrong_item")],
            grades=list(GRADE.items()), **shown,
        )  # fmt: skip

    def _show(self, name: str, standing: Standing, location: str, **context: Any) -> Response:
        home = f"{FLOOR_HOME}/{location}" if location else FLOOR_HOME
        return self._pages.show(
            name,
            now=standing.now,
            standing=standing,
            home=home,
            place_name=standing.places.get(location, ""),
            **context,
        )

    async def _order(self, request: Request) -> OrderRow:
        found = await self._read(select_by, Order, "id", [request.path_params["order_id"]])
        if not found:
            raise HTTPException(404)
        return found[0]

    async def _read(self, function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(lambda: self._wiring.read(function, *args, **kwargs))


def _home(request: Request) -> str:
    return f"{FLOOR_HOME}/{request.path_params['location']}"


def _state_of(sold: Sequence[Awaited]) -> str:
    return digest([unit.key for unit in sold])
