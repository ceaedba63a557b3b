"""Words for the cases of forecasts and clocks; see `domain.case_words`."""

from collections.abc import Mapping

KINDS: Mapping[str, tuple[str, str]] = {
    "delay_model_off": (
        "Forecasts of parcels do not hold",
        "On the newest parcels the chances to be late were wrong by more than is allowed: see the page delay-model.",
    ),
    "ship_delay_answer": (
        "Will the customer wait?",
        "They were told that the order is shipped late. Without their consent it is cancelled when the time is over; "
        "if they answer by mail or telephone, say so here.",
    ),
    "ship_delay_untold": (
        "Nobody could tell a customer that their order is late",
        "It is shipped later than was promised, and no mail reaches them: call or write before the time is up.",
    ),
    "ship_promise_rest": (
        "The rest of an order was not shipped in time",
        "A part has left. For the rest the customer has not agreed to wait, so its money goes back.",
    ),
    "ship_refund_due": (
        "The money of a late order is due",
        "It was cancelled because it was not shipped in time; within seven working days the money has to go back.",
    ),
}
CHOICES: Mapping[str, tuple[str, str]] = {  # label, outcome
    "customer_waits": ("The customer waits", "The order is kept, and shipped when it can be."),
}
FINAL_CHOICES: Mapping[str, tuple[str, str]] = {  # those that cannot be taken back
    "customer_cancels": (
        "The customer cancels",
        "The shop is asked to cancel the order, and the customer gets the money back.",
    ),
}
