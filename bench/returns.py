"""`python -m bench.returns`: how long it takes from a customer's request to the label, and from the warehouse's grades
to the refund, beside a bulk load. Writes build/bench/returns.json."""

import argparse
import asyncio
from dataclasses import dataclass, field

import sqlalchemy as sa

from bench.calls import alone
from bench.cases import Bench
from bench.door import at_the_button
from bench.floor_door import at_the_bench
from bench.listed import listed
from bench.load import Goal, Timed
from bench.ours import Product
from bench.processes import BenchError, Child
from bench.requests import Row, parser, run
from bench.return_figures import show
from bench.return_kinds import delivered_orders, wishes
from bench.return_vendors import calls_of_return
from bench.stage import EDIT_WINDOW, Pace, play, runner_of, wiring_of
from bench.wishes import Bought
from domain.states import RefundState
from domain.states_returns import ReturnState
from ledger.tables import Refund, ReturnRequest
from ledger.tables.base import table_of

FLOW = "return-order"
WARM_UP, ALONE = 20, 20  # requests before the load, orders for the vendors' own times
_request, _refund = table_of(ReturnRequest), table_of(Refund)
_LABEL = Goal(
    sa.select(_request.c.id, _request.c.state, sa.null().label("at"), _request.c.reasons),
    _request.c.id,
    ReturnState.LABEL_ISSUED,  # in the transaction that finds the label bought and filed
    frozenset(set(ReturnState) - {ReturnState.REQUESTED, ReturnState.APPROVED}),
)
_MONEY = Goal(  # one refund an order: each was paid for by one card
    sa.select(
        _refund.c.order_id.label("id"), _refund.c.state, _refund.c.done_at.label("at"), sa.null().label("reasons")
    ),
    _refund.c.order_id,
    RefundState.SUCCEEDED,
    frozenset({RefundState.SUCCEEDED, RefundState.FAILED}),
)


@dataclass
class Returns:
    """Each order is returned once: first all labels, then all inspections. `found`: `label` and `refund`."""

    bench: Bench
    database: str
    pace: Pace
    found: dict[str, Row] = field(default_factory=dict)
    sandbox: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        url = self.bench.databases.fresh(self.database)
        with (
            self.bench.product(url, edit_window=EDIT_WINDOW, way_back=True) as product,
            runner_of(product, self.bench.folder) as runner,
        ):
            self.bench.say("orders to return")
            orders = delivered_orders(product, ALONE + WARM_UP + self.pace.requests)
            self.sandbox = asyncio.run(alone(wiring_of(product), orders[:ALONE], calls_of_return))
            orders = orders[ALONE:]
            self._both(product, runner, Pace("warm-up", 2, WARM_UP / 2), orders[:WARM_UP])
            self.found = self._both(product, runner, self.pace, orders[WARM_UP:])

    def _both(self, product: Product, runner: Child, pace: Pace, orders: list[Bought]) -> dict[str, Row]:
        self.bench.say(f"{pace.name}: {pace.requests} requests")
        asked = wishes(orders)
        label, made = play(product, runner, pace, _LABEL, lambda wiring: at_the_button(wiring, "return", asked))
        self.bench.say(f"{pace.name}: where each request is listed")
        label["runs"] = listed(self.bench.prefect_url, FLOW, made)
        labelled: list[Timed] = [each for each in made if each.reached]
        if not labelled:
            raise BenchError(f"no label was made: {label['failures'][:3]}")
        self.bench.say(f"{pace.name}: {len(labelled)} parcels to open and to inspect")
        refund, _ = play(product, runner, pace, _MONEY, lambda wiring: at_the_bench(wiring, labelled))
        return {"label": label, "refund": refund}


def parse() -> argparse.Namespace:
    options = parser("returns", __doc__).parse_args()
    if options.quick:
        options.steady = 20
    return options


def main() -> None:
    options = parse()

    def measure(bench: Bench) -> Row:
        returns = Returns(bench, options.database, Pace("1/s beside bulk", 1, options.steady, options.bulk))
        returns.run()
        return {**returns.found, "sandbox_p50_ms": returns.sandbox}

    run(options, measure, show)


if __name__ == "__main__":
    main()
