"""`python -m bench.edits`: how long a customer's request takes, beside a bulk load and in a rush, with Prefect and
without it. Writes build/bench/edits.json."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.calls import alone
from bench.cases import Bench
from bench.door import at_the_button
from bench.edit_figures import show
from bench.edit_kinds import purchases, ready_orders, wishes
from bench.edit_vendors import calls_of_edit
from bench.listed import listed
from bench.load import Goal, Timed
from bench.ours import Product
from bench.processes import Child
from bench.requests import Row, parser, run
from bench.stage import EDIT_WINDOW, Pace, once_quiet, play, runner_of, wiring_of
from bench.wishes import Bought
from domain.states import ENDED_EDIT, EditState
from ledger.tables import EditRequest
from ledger.tables.base import table_of

FLOW = "edit-order"
WARM_UP, ALONE = 20, 20  # requests before the first load, orders for the vendors' own times
_request = table_of(EditRequest)
_APPLIED = Goal(
    sa.select(_request.c.id, _request.c.state, _request.c.ended_at.label("at"), _request.c.reasons),
    _request.c.id,
    EditState.APPLIED,
    frozenset(ENDED_EDIT | {EditState.PARKED, EditState.AWAITING_REVIEW, EditState.AWAITING_PAYMENT}),
)


@dataclass
class Edits:
    """All loads on one ledger, each order edited once."""

    bench: Bench
    database: str
    paces: Sequence[Pace]
    rows: list[Row] = field(default_factory=list)
    sandbox: dict[str, float] = field(default_factory=dict)
    _away: list[tuple[Row, list[Timed]]] = field(default_factory=list)
    _orders: list[Bought] = field(default_factory=list)

    def run(self, *, stopped: bool) -> None:
        """`stopped`: also with Prefect away."""
        url = self.bench.databases.fresh(self.database)
        with self._product(url) as product, runner_of(product, self.bench.folder) as runner:
            self.bench.say("orders to edit")
            wanted = WARM_UP + ALONE + sum(pace.requests for pace in self.paces) * (2 if stopped else 1)
            made = [order["id"] for order in product.vendors.buy_these(purchases(wanted))]
            self._orders = once_quiet(product, "the orders to edit", lambda: ready_orders(product.engine, made))
            self.sandbox = asyncio.run(alone(wiring_of(product), self._take(ALONE), calls_of_edit))
            self._load(product, runner, Pace("warm-up", 2, WARM_UP / 2), prefect=True)
            for pace in self.paces:
                row, asked = self._load(product, runner, pace, prefect=True)
                self.bench.say(f"{pace.name}: where each request is listed")
                row["runs"] = listed(self.bench.prefect_url, FLOW, asked)
                self.rows.append(row)
            if stopped:
                self._without_prefect(url, product, runner)

    def _without_prefect(self, url: str, product: Product, runner: Child) -> None:
        """The runner lives on; the orders' worker is one that needs no engine."""
        for worker in product.workers:
            worker.stop()
        self.bench.close()
        with self._product(url, engine=False, after=product.receiver_url, receiver=False) as plain:
            for pace in self.paces:
                self._away.append(self._load(plain, runner, pace, prefect=False))
        self.bench.say("Prefect is back: where each request is listed")
        self.bench.prefect()
        back = time.time()
        for row, made in self._away:
            row["runs"] = listed(self.bench.prefect_url, FLOW, made, since=back)
            self.rows.append(row)

    def _product(self, url: str, **how: Any) -> Product:
        return self.bench.product(url, edit_window=EDIT_WINDOW, packs_at_once=False, **how)

    def _load(self, product: Product, runner: Child, pace: Pace, *, prefect: bool) -> tuple[Row, list[Timed]]:
        how = "Prefect up" if prefect else "Prefect stopped"
        self.bench.say(f"{pace.name}, {how}: {pace.requests} requests")
        asked = wishes(self._take(pace.requests))
        row, made = play(product, runner, pace, _APPLIED, lambda wiring: at_the_button(wiring, "change", asked))
        return {**row, "prefect": prefect}, made

    def _take(self, count: int) -> list[Bought]:
        taken, self._orders = self._orders[:count], self._orders[count:]
        return taken


def parse() -> argparse.Namespace:
    options = parser("edits", __doc__)
    options.add_argument("--rush", type=float, default=60, help="seconds at 5 requests/s (default: %(default)s)")
    options.add_argument("--with-prefect-only", action="store_true", help="leave out the loads with Prefect stopped")
    given = options.parse_args()
    if given.quick:
        given.steady, given.rush, given.with_prefect_only = 20, 10, True
    return given


def main() -> None:
    options = parse()
    paces = [Pace("1/s beside bulk", 1, options.steady, options.bulk), Pace("5/s", 5, options.rush)]

    def measure(bench: Bench) -> Row:
        edits = Edits(bench, options.database, [pace for pace in paces if pace.seconds])
        edits.run(stopped=not options.with_prefect_only)
        return {"loads": edits.rows, "sandbox_p50_ms": edits.sandbox}

    run(options, measure, show)


if __name__ == "__main__":
    main()
