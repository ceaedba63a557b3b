"""A UPS account in the sandbox, every call of which is held against UPS's own files."""

import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from connectors.carriers.returning import ReturnLabelRequest
from connectors.carriers.ups import Ups, ups_http
from domain.parcels import Parcel
from tests.connectors.carriers.conftest import CUSTOMER, DEPOT, no_sleep
from tests.support.openapi import Spec, load_spec
from tests.support.recording import Exchange, RecordingClient, check_exchanges
from tests.support.sandbox import SandboxProcess
from tests.support.shared import SHARED

FOLDER = SHARED / "contracts/ups"
PARCEL = Parcel(weight_g=1200, length_mm=300, width_mm=200, height_mm=100)
REQUEST = ReturnLabelRequest("RMA-1.1", CUSTOMER, DEPOT, PARCEL)
TOKEN_PATH = "/ups/security/v1/oauth/token"


def made(client: RecordingClient, sandbox: SandboxProcess, **changes: Any) -> Ups:
    http = ups_http(client, f"{sandbox.url}/ups", sleep=no_sleep)
    known: dict[str, Any] = {
        "account": "main",
        "client_id": "sandbox-ups-client",
        "secret": "sandbox-ups-secret",
        "shipper": "A1B2C3",
    }
    return Ups(http, **(known | changes))


@asynccontextmanager
async def account(sandbox: SandboxProcess, exchanges: list[Exchange]) -> AsyncIterator[Callable[..., Ups]]:
    """Makes accounts; on the way out each request and each answer is as the vendor's files say."""
    async with RecordingClient(exchanges) as client:
        yield lambda **changes: made(client, sandbox, **changes)
    if FOLDER.is_dir():
        checked(exchanges)


def checked(exchanges: list[Exchange]) -> set[str]:
    """The operations seen; none for a fault that the sandbox was told to make."""
    answered = [each for each in exchanges if each.status < 500]
    tokens = [each for each in answered if each.path == TOKEN_PATH]
    calls = [each for each in answered if each.path != TOKEN_PATH]
    oauth = load_spec(FOLDER / "OAuthClientCredentials.yaml")
    return check_exchanges(oauth, tokens, prefix="/ups") | check_exchanges(shipping(), calls, prefix="/ups/api")


@cache
def shipping() -> Spec:
    """The file of labels, without two places where it contradicts its own words: how to name a label is a choice, and
    "GIF or PDF" are not of four characters."""
    spec = copy.deepcopy(load_spec(FOLDER / "Shipping.yaml"))
    schemas = spec["components"]["schemas"]
    schemas["LabelRecoveryRequest"]["required"] = ["Request"]
    for name in ("LabelImage_LabelImageFormat", "LabelRecovery_LabelSpecification_LabelImageFormat"):
        schemas[name]["properties"]["Code"].pop("minLength", None)
    return spec
