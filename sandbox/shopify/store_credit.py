"""storeCreditAccountCredit, storeCreditAccountDebit, and refunds to store credit.

Neither mutation knows the @idempotent directive: whoever repeats one, credits or debits twice. A refund with
`refundMethods` is kept apart by `refundCreate`'s key.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.core.clock import parse_time
from sandbox.shopify import credit_accounts, payments
from sandbox.shopify.credit_model import CreditAccount
from sandbox.shopify.gql.registry import Arguments, Call, answers, field, lists
from sandbox.shopify.model import Customer, Order, Transaction
from sandbox.shopify.money import Bag, plain, quantum
from sandbox.shopify.mutate_holds import Payload, error
from sandbox.shopify.paging import of_list
from sandbox.shopify.returning import money, refuse
from sandbox.shopify.state import Shop, find, gid

_LIMIT = Decimal(100_000)


class Wanted(NamedTuple):
    amount: Bag
    expires_at: datetime | None


def wanted(shop: Shop, order: Order, methods: list[dict[str, Any]], path: list[str]) -> list[Wanted]:
    """`[RefundMethodInput!]`. Raises ReturnError."""
    found = []
    for at, each in enumerate(methods):
        credit, here = each.get("storeCreditRefund"), [*path, str(at), "storeCreditRefund"]
        if credit is None:
            raise refuse([*path, str(at)], "A refund method must be given.", "BLANK")
        amount = money(order, credit["amount"], [*here, "amount"])
        if not amount:
            raise refuse([*here, "amount"], "Amount must be greater than zero", "GREATER_THAN")
        until = parse_time(credit["expiresAt"]) if credit.get("expiresAt") else None
        if until is not None and until <= shop.now():
            raise refuse([*here, "expiresAt"], "The expiry date must be in the future.", "INVALID")
        found.append(Wanted(amount, until))
    return found


def give(shop: Shop, order: Order, credit: Wanted) -> Transaction:
    return payments.record(
        shop, order, "REFUND", credit.amount, gateway=payments.STORE_CREDIT, credit_until=credit.expires_at
    )


def _account(call: Call, wanted_id: str, currency: str, *, to_credit: bool) -> CreditAccount | Payload:
    """By its own id or by its owner's; a first credit opens an account."""
    found = find(call.shop, wanted_id)
    if isinstance(found, CreditAccount):
        if found.currency != currency:
            text = "The currency provided does not match the currency of the store credit account."
            return error([*_path(to_credit), "currencyCode"], text, "MISMATCHING_CURRENCY")
        return found
    if isinstance(found, Customer):
        if to_credit or any(x.owner is found and x.currency == currency for x in call.shop.credit_accounts.values()):
            return credit_accounts.of(call.shop, found, currency)
    elif to_credit and wanted_id.startswith("gid://shopify/Customer/"):
        return error(["id"], "Owner does not exist", "OWNER_NOT_FOUND")
    return error(["id"], "Store credit account could not be found", "ACCOUNT_NOT_FOUND")


def _path(to_credit: bool) -> list[str]:
    return ["creditInput", "creditAmount"] if to_credit else ["debitInput", "debitAmount"]


def _move(call: Call, arguments: Arguments, given: dict[str, Any], until: datetime | None, *, credit: bool) -> Payload:
    amount, path = Decimal(given["amount"]), [*_path(credit), "amount"]
    problem = None
    if amount <= 0 or amount != amount.quantize(quantum(given["currencyCode"])):
        text = f"A positive amount must be used to {'credit' if credit else 'debit'} a store credit account"
        problem = error(path, text, "NEGATIVE_OR_ZERO_AMOUNT")
    elif until is not None and until <= call.shop.now():
        problem = error(["creditInput", "expiresAt"], "The expiry date must be in the future", "EXPIRES_AT_IN_PAST")
    found = problem or _account(call, arguments["id"], given["currencyCode"], to_credit=credit)
    if isinstance(found, CreditAccount):
        if not credit and amount > found.balance:
            text = "The store credit account does not have sufficient funds to satisfy the request"
            problem = error(path, text, "INSUFFICIENT_FUNDS")
        elif credit and found.balance + amount > _LIMIT:
            text = "The operation would cause the account's credit limit to be exceeded"
            problem = error(path, text, "CREDIT_LIMIT_EXCEEDED")
        else:
            signed = amount if credit else -amount
            made = credit_accounts.move(call.shop, found, signed, "ADJUSTMENT", expires_at=until)
            call.accept(f"{arguments['id']}:{given['amount']}")
            return {"storeCreditAccountTransaction": made, "userErrors": []}
    else:
        problem = found
    return {"storeCreditAccountTransaction": None, "userErrors": [problem]}


@field("Mutation", "storeCreditAccountCredit")
def credit(_root: Any, arguments: Arguments, call: Call) -> Payload:
    given = arguments["creditInput"]
    until = parse_time(given["expiresAt"]) if given.get("expiresAt") else None
    return _move(call, arguments, given["creditAmount"], until, credit=True)


@field("Mutation", "storeCreditAccountDebit")
def debit(_root: Any, arguments: Arguments, call: Call) -> Payload:
    return _move(call, arguments, arguments["debitInput"]["debitAmount"], None, credit=False)


def _money(amount: Decimal, account: CreditAccount) -> dict[str, str]:
    return {"amount": plain(amount), "currencyCode": account.currency}


answers("StoreCreditAccount", {"balance": lambda account: _money(account.balance, account)})
lists("StoreCreditAccount", {"transactions": lambda account: account.moves})
for _kind in ("StoreCreditAccountCreditTransaction", "StoreCreditAccountDebitTransaction"):
    answers(
        _kind,
        {
            "amount": lambda move: _money(move.amount, move.account),
            "balanceAfterTransaction": lambda move: _money(move.balance, move.account),
            "remainingAmount": lambda move: _money(move.remaining, move.account),
        },
    )


@field("Customer", "storeCreditAccounts")
def _accounts(owner: Customer, arguments: Arguments, call: Call) -> dict[str, Any]:
    return of_list([each for each in call.shop.credit_accounts.values() if each.owner is owner], arguments)


def report(shop: Shop) -> list[dict[str, Any]]:
    """For drivers and tests."""
    return [
        {
            "id": gid("StoreCreditAccount", account.id),
            "email": account.owner.email,
            "currency": account.currency,
            "balance": str(account.balance),
            "moves": [{"amount": str(each.amount), "event": each.event} for each in account.moves],
        }
        for account in shop.credit_accounts.values()
    ]
