"""Cases in words for people: what has happened, and what each choice will do.

The sentences about choices follow `ledger.operator.resolve_case`: what is carried out says so, what is only written
down says that too. A test fails for a kind or a choice that has no words.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain import case_words_clocks as clocks
from domain import case_words_parcels as parcels
from domain.case_words_parcels import NOTED as _NOTED
from domain.decisions import in_words


@dataclass(frozen=True, slots=True)
class ChoiceWords:
    """`label` is on the button. `final`: it cannot be taken back, so one is asked again."""

    label: str
    outcome: str
    final: bool = False


# kind -> (title, what has happened)
KINDS: Mapping[str, tuple[str, str]] = {
    "inbox_unreadable": ("A delivery cannot be read", "What a vendor or a shop sent could not be read eight times."),
    "stage_failing": ("The order is stuck", "A step failed again and again, for about half an hour."),
    "effect_parked": (
        "Nobody knows whether it was done",
        "A vendor was asked for something and its answer never came, or it failed for hours.",
    ),
    "effect_rejected": ("A vendor refused", "A vendor was asked for something and said no."),
    "credentials_refused": ("A vendor refuses our credentials", "Everything for this vendor waits."),
    "app_uninstalled": ("The shop has removed us", "Nothing of this shop works until it is connected again."),
    "shop_refused_hold": ("The shop would not hold the order", "Somebody in the shop may send it before we do."),
    "shop_refused_release": ("The shop will not let the order go", "Our hold stands there and cannot be ended."),
    "shop_edited_late": (
        "Changed in the shop, too late for the parcel",
        "The shop shows the order as it was changed in its admin; the parcel is as it was before.",
    ),
    "parcel_recall": ("Stop a parcel", "The shop changed the order too late, and somebody wants the parcel stopped."),
    "cancelled_too_late": ("Cancelled, but on its way", "The order was cancelled after it was packed or had left."),
    "cancelled_while_edited": ("Cancelled during a change", "The order was cancelled while a change was under way."),
    "backorder": ("A part has no stock", "No warehouse has the units left; the rest goes on."),
    "node_refused": ("The warehouse refused the order", "It will not ship it as it stands."),
    "node_cancelled": ("The warehouse cancelled the order", "Its units are free again and nobody ships them."),
    "node_exception": ("The warehouse reports trouble", "The order is there and does not move."),
    "short_pick": ("Units were missing at picking", "The shelf held fewer units than the warehouse had promised."),
    "promised_stock_gone": ("Promised stock is gone", "A warehouse counts fewer units than are promised to orders."),
    "parcel_not_tracked": ("A parcel cannot be followed", "No carrier knows its number, or there is none."),
    "payment_not_captured": ("The money could not be taken", "The parcel has left and the payment was refused."),
    "authorisation_expiring": ("A payment is about to lapse", "The money is only authorised, and not for long."),
    "money_differs": ("The shop's money differs from ours", "Captures or refunds in the shop are not in our books."),
    "stock_write_refused": ("The shop refused our stock figure", "It shows another number than there is."),
    "catalogue_differs": ("Two shops, two facts", "One product is described differently in two shops."),
    "product_unreadable": ("A product cannot be read", "The shop states it in a way that we cannot use."),
    "runs_dying": ("A process keeps dying", "It was started again six times within an hour and is left alone now."),
    "parcel_gone": ("A parcel will not arrive", "It was lost, damaged or sent back."),
    **parcels.KINDS,
    "invariant_broken": ("The books contradict themselves", "A rule that always holds does not hold."),
    "restored": ("The ledger came from a backup", "What happened since the backup was looked up again."),
    "restored_in_doubt": (
        "May have been sent before the restore",
        "The backup does not know whether this order was released.",
    ),
    "refund_failed": ("A refund was refused", "Money that is promised to the customer did not go back."),
    "refund_by_hand": ("A refund by hand", "The order has no shop through which its money could go back."),
    "refund_short": ("Less to give back than is owed", "The payments of the order no longer hold what is owed."),
    "payment_refund_failed": (
        "Money of a payment page did not go back",
        "It is owed to the customer: the payment vendor refused to give it back, or the bank has sent it back.",
    ),
    "payment_page_refused": (
        "A payment page was refused",
        "A change costs more, and the payment vendor would not take the amount. The customer was told.",
    ),
    "ticket_refused": ("The helpdesk refused a ticket", "A request is not recorded there."),
    "edit_review": (
        "A change needs your word",
        "Somebody asked to change an order, and a rule wants a person to look.",
    ),
    "edit_parked": (
        "A change stopped half-way",
        "The shop and the warehouse show different things, and neither trying again nor undoing has helped.",
    ),
    "edit_failing": ("A change does not get on", "A step of it failed again and again in our own program."),
    "payment_not_booked": (
        "The shop does not show a payment",
        "The customer has paid for a change and it was made; only the shop does not record the money.",
    ),
    "return_review": (
        "A return needs your word",
        "Somebody wants to return something, and a rule wants a person to look.",
    ),
    "return_inspection": (
        "What came back is not what was said",
        "A unit is missing, another one, or in a worse state; the money waits for your word.",
    ),
    "return_inspection_late": ("A returned parcel is not looked at", "It has come back and nobody has graded it."),
    "return_refund_due": (
        "The money of a withdrawal is due",
        "The law gives fourteen days; waiting for goods that were not sent is allowed.",
    ),
    "return_lost": ("A return is lost on its way", "A carrier had it with our label, and it does not arrive."),
    "exchange_refused": (
        "The shop refused an exchange",
        "Nothing is sent for it, and the customer gets the money. Its return in the shop may still promise the goods.",
    ),
    "return_label_refused": ("No label for a return", "The carrier gave no label for the way back."),
    "return_claw_back": (
        "Paid ahead and never sent back",
        "The customer got the money before the goods came, and the time for sending them is over.",
    ),
    "return_strange": ("The warehouse holds what nobody expects", "What came back does not fit its return."),
    "return_money_by_hand": (
        "Money of a return to be given by hand",
        "A gift's store credit, a bonus that the shop refuses, or cash: no vendor gives it for us.",
    ),
    "return_shop_differs": (
        "The shop's return is not as ours",
        "Somebody has ended it in the shop's admin while it goes on here, or opened one that does not fit.",
    ),
    "payment_dispute": (
        "A payment is disputed",
        "The customer's bank asks for the money. Refunds of the payment wait; the evidence is attached.",
    ),
    "text_reply": ("Somebody answered a text", "A note has the words. Write back by mail, or call."),
    "withdrawal_by_hand": (
        "A withdrawal needs a person",
        "Somebody has withdrawn from a contract: a note has the words. See to it that nothing more is sent, or that it "
        "comes back; where no order fits, find it, and write a receipt with the day and time.",
    ),
    "return_failing": ("A return does not get on", "A step of it failed again and again in our own program."),
    "returns_runs_small": (
        "It runs small",
        "It comes back as too small more often than chance explains: look at its size chart and its sizes.",
    ),
    "returns_runs_large": (
        "It runs large",
        "It comes back as too large more often than chance explains: look at its size chart and its sizes.",
    ),
    "returns_damaged": (
        "It arrives damaged",
        "Damage is claimed more often than chance explains: look at how it is packed, there or with that carrier.",
    ),
    "returns_description": (
        "It is not what is described",
        "It comes back as not as described, or for its colour, more often than chance explains: look at its page.",
    ),
    "deadline_failing": ("A deadline's action failed", "It was due, tried eight times and could not be done."),
    **clocks.KINDS,
}

CHOICES: Mapping[str, ChoiceWords] = {
    "refund_as_proposed": ChoiceWords(
        "Give what is proposed", "The customer gets the money less what is proposed to be kept.", final=True
    ),
    "refund_in_full": ChoiceWords("Give everything", "The customer gets all of the money.", final=True),
    "refund": ChoiceWords("Give the money", "The customer gets the money although nothing has come.", final=True),
    "without_label": ChoiceWords("Go on without a label", "The customer is asked to send it with any carrier."),
    "answered": ChoiceWords("It is answered", f"You have written to the customer. {_NOTED}"),
    "got_back": ChoiceWords("We have got it back", _NOTED),
    "waived": ChoiceWords("Let it be", _NOTED),
    "return_goes_on": ChoiceWords("Our return goes on", _NOTED),
    "evidence_sent": ChoiceWords("The evidence was sent", "Refunds of the payment wait until the bank has decided."),
    "dispute_accepted": ChoiceWords("Let the bank have it", "Refunds of the payment wait until the bank has decided."),
    "refund_anyway": ChoiceWords(
        "Refund all the same", "Refunds of the payment go out although the bank may give the money too.", final=True
    ),
    "sent_on": ChoiceWords("It was sent on", _NOTED),
    "kept_aside": ChoiceWords("It is kept aside", _NOTED),
    "put_right": ChoiceWords(
        "It is put right", "The case ends. Only what is sent from now on can bring it back, and only when it is sure."
    ),
    "retry": ChoiceWords("Try again", "It is tried again now."),
    "cancel": ChoiceWords(
        "Cancel the order",
        "The shop is asked to cancel the whole order, warehouses are told, and the customer gets the money back.",
        final=True,
    ),
    "drop": ChoiceWords("Give it up", "It is never done, and nothing that would have followed is done.", final=True),
    "mark_done": ChoiceWords("It was done", "It counts as done and is never sent again.", final=True),
    "mend_credentials_and_retry": ChoiceWords(
        "The credentials are mended", "Everything that waits for this vendor is tried now."
    ),
    "connected_again": ChoiceWords("It is connected again", _NOTED),
    "shop_has_left": ChoiceWords("The shop has left", _NOTED, final=True),
    "ignore": ChoiceWords("Leave it", _NOTED),
    "accept": ChoiceWords("Accept it as it is", _NOTED),
    "wait": ChoiceWords("Wait", "Nothing changes; the case ends, and comes back if it is not mended."),
    "reroute": ChoiceWords("Choose a warehouse anew", "The order is planned again over all warehouses."),
    "correct_address": ChoiceWords(
        "The address is corrected", "The order is taken up again with the address as it stands in the shop now."
    ),
    "remove_in_shop": ChoiceWords("Take it out in the shop", "You remove the line in the shop; our order follows it."),
    "recall_parcel": ChoiceWords("Recall the parcel", f"You ask the carrier to bring it back. {_NOTED}"),
    "set_shop_back": ChoiceWords(
        "Set the shop back", "The shop gets back what the parcel has: address, lines, shipping method.", final=True
    ),
    "stopped": ChoiceWords("It is stopped", f"The parcel stays or comes back. {_NOTED}"),
    "gone": ChoiceWords("It could not be stopped", _NOTED),
    "await_return": ChoiceWords("Wait for it to come back", _NOTED),
    "ask_carrier": ChoiceWords("Ask the carrier", f"You ask the carrier. {_NOTED}"),
    "ask_customer": ChoiceWords("Ask the customer", f"You write to the customer. {_NOTED}"),
    "write_off": ChoiceWords("Write it off", f"The money is given up. {_NOTED}", final=True),
    "capture_now": ChoiceWords("Take the money now", "The shop is asked to take what is authorised.", final=True),
    "take_shop": ChoiceWords("The shop is right", f"You put our books right. {_NOTED}"),
    "investigate": ChoiceWords("Look into it", _NOTED),
    "correct": ChoiceWords("It is corrected in the shop", _NOTED),
    "start_again": ChoiceWords("Start it again", "Its runs are started again when they die."),
    "replaced": ChoiceWords("It was replaced", _NOTED),
    "refunded": ChoiceWords("It was refunded", _NOTED),
    "mended": ChoiceWords("It is mended", "The rule is checked again within the hour, and a new case opened if not."),
    "checked": ChoiceWords("It was checked", _NOTED),
    "recount": ChoiceWords("It is counted anew", "The warehouse counts; its next figure ends the trouble or not."),
    "not_sent": ChoiceWords(
        "It was not sent", "The order goes on from here: it is released to a warehouse again.", final=True
    ),
    "at_node": ChoiceWords("The warehouse has it", _NOTED),
    "given_back_by_hand": ChoiceWords(
        "It was given back by hand", "You have given it back yourself; nothing is sent from here.", final=True
    ),
    "nothing_owed": ChoiceWords("Nothing is owed", _NOTED),
    "approve": ChoiceWords("Approve", "The change is carried out now."),
    "decline": ChoiceWords("Decline", "The change is refused, and the customer is told.", final=True),
    "look_again": ChoiceWords("Look again", "Shop and warehouse are read again; if they agree now, the case ends."),
    "applied": ChoiceWords(
        "The change is made", "You have made it good on both sides: it counts as applied.", final=True
    ),
    "undone": ChoiceWords(
        "The change is undone",
        "You have put both sides back: it counts as undone, and money that was paid goes back.",
        final=True,
    ),
    "booked_by_hand": ChoiceWords("It is booked by hand", f"You have recorded the payment in the shop. {_NOTED}"),
    **{choice: ChoiceWords(*words) for choice, words in parcels.CHOICES.items()},
    "ask": ChoiceWords("Ask the customer", "The customer is asked; the request waits for the answer."),
    **{code: ChoiceWords(*words) for code, words in clocks.CHOICES.items()},
    **{code: ChoiceWords(*words, final=True) for code, words in clocks.FINAL_CHOICES.items()},
}
# What a choice does where the kind of case makes it differ.
_SPECIAL: Mapping[tuple[str, str], ChoiceWords] = {
    ("effect_parked", "retry"): ChoiceWords(
        "Look, then try again", "The vendor is asked whether it was done; only if not it is sent again."
    ),
    ("inbox_unreadable", "retry"): ChoiceWords("Read it again", "The delivery is read again now."),
    ("inbox_unreadable", "drop"): ChoiceWords("Drop it", "The delivery is never read again.", final=True),
    ("stage_failing", "retry"): ChoiceWords("Try again", "The order is put in line again now."),
    ("effect_rejected", "retry"): ChoiceWords("Try again", "It is sent again, as a new request of its own."),
    ("edit_failing", "retry"): ChoiceWords("Try again", "The change goes on now from where it stood."),
    ("payment_not_booked", "retry"): ChoiceWords("Book it again", "The shop is asked again to record the payment."),
    ("cancelled_too_late", "accept"): ChoiceWords("Let it arrive", f"The customer keeps it. {_NOTED}"),
    ("shop_edited_late", "accept"): ChoiceWords(
        "Leave both as they are", "The parcel stays as it is and the shop too; nobody is asked about it again."
    ),
    ("shop_edited_late", "recall_parcel"): ChoiceWords(
        "Have the parcel stopped", "A task for the warehouse: stop the parcel, or have its carrier bring it back."
    ),
    **{
        (kind, "accept"): ChoiceWords(
            "Leave it as it is", "The case ends, and comes back when the share is higher than now for sure."
        )
        for kind in ("returns_runs_small", "returns_runs_large", "returns_damaged", "returns_description")
    },
    ("return_review", "approve"): ChoiceWords(
        "Approve", "The return goes on: its label, its money, as the ruling of each line says."
    ),
    ("return_review", "decline"): ChoiceWords("Decline", "Nothing comes back, and the customer is told.", final=True),
    ("return_inspection", "decline"): ChoiceWords(
        "Give nothing", "No money goes back for what is not settled yet, and the customer is told.", final=True
    ),
    ("return_lost", "wait"): ChoiceWords("Wait", "It may still come; what comes late is taken in."),
    **{about: ChoiceWords(*words) for about, words in parcels.SPECIAL.items()},
    ("parcel_gone", "accept"): ChoiceWords("Nothing more to do", _NOTED),
}
# Shown first and marked: what one would do if nothing speaks against it.
_FIRST = frozenset(
    {"approve", "retry", "mend_credentials_and_retry", "reroute", "capture_now", "start_again", "look_again"}
)
_GRAVE = frozenset({"cancel", "decline", "drop", "write_off", "shop_has_left"})


def kind_words(kind: str) -> tuple[str, str]:
    """Title and sentence."""
    return KINDS.get(kind, (in_words(kind).capitalize(), ""))


def choice_words(kind: str, choice: str) -> ChoiceWords:
    """A choice without words of its own is shown by its code, and asked about twice."""
    fallback = ChoiceWords(in_words(choice).capitalize(), "", final=True)
    return _SPECIAL.get((kind, choice)) or CHOICES.get(choice, fallback)


def weight(choice: str) -> str:
    """How the button looks: first, grave or plain."""
    return "first" if choice in _FIRST else "grave" if choice in _GRAVE else "plain"
