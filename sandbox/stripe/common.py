"""Error bodies and ids of Stripe."""

import string

from sandbox.core.http import Reply, json_reply
from sandbox.core.world import World

_LETTERS = string.ascii_letters + string.digits


class StripeError(Exception):
    """An answer with Stripe's error body.

    `began`: the endpoint had begun its work when it refused. Only such a refusal is kept under an idempotency key;
    one of the parameters is not (docs.stripe.com/api/idempotent_requests).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        began: bool = False,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.code, self.param = status, message, kind, code, param
        self.began = began

    def reply(self) -> Reply:
        error = {"type": self.kind, "message": self.message}
        if self.code is not None:
            error |= {
                "code": self.code,
                "doc_url": f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}",
            }
        if self.param is not None:
            error["param"] = self.param
        return json_reply(self.status, {"error": error})


def bad(message: str, *, param: str, code: str | None = None) -> StripeError:
    """A parameter that Stripe refuses before it begins."""
    return StripeError(400, message, code=code, param=param)


def no_such(kind: str, wanted: str, param: str) -> StripeError:
    """What an id names is not there."""
    return StripeError(404, f"No such {kind}: '{wanted}'", code="resource_missing", param=param, began=True)


def made_id(world: World, prefix: str, length: int = 24) -> str:
    """An id such as `pi_` and 24 letters and digits, repeatable from the world's seed."""
    return f"{prefix}_{''.join(world.rng.choices(_LETTERS, k=length))}"
