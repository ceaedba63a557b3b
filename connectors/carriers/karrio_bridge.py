"""Carriers themselves, by way of the Karrio library (LGPL-3.0), an optional extra.

Library: karrio 2026.1.32 and one package a carrier (karrio-fedex, ...); imported only when an account names it. Karrio
calls the carriers itself, in threads: its errors and limits are not those of `VendorHttp`. Only its transport is used
where we can read the carrier's own body; of any other carrier Karrio's events are read.
Quirks: Karrio's times are the place's own, written as if they were UTC; its word for a whole parcel is `in_transit`
where it knows nothing, so that only the words of single events count.
"""

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.carriers.base import ParcelRef, SourceLimits
from connectors.carriers.direct_bodies import READERS, Scans
from connectors.carriers.karrio_parse import VENDOR, parse_details, refusal_of
from connectors.errors import AuthFailed, ConnectorError, NotSupported, Retryable, VendorRejected
from connectors.reading import Unreadable
from domain.parcels import Tracker
from domain.status_maps import StatusMap

__all__ = ["VENDOR", "Karrio", "karrio_gateway"]

_BATCH = 20


def karrio_gateway(carrier: str, settings: Mapping[str, Any]) -> Any:
    """Karrio's gateway of one carrier's account. Raises: NotSupported where the library, or its package for the
    carrier, is not installed, or refuses the settings."""
    try:
        sdk = importlib.import_module("karrio.sdk")
        errors = importlib.import_module("karrio.core.errors")
    except ImportError as exc:
        raise NotSupported(VENDOR, "gateway", "install the extra: pip install aftercart[karrio]") from exc
    try:
        return sdk.gateway[carrier].create(dict(settings), _untraced())
    except errors.ShippingSDKError as exc:
        raise NotSupported(VENDOR, "gateway", f"karrio knows no usable {carrier}; install karrio-{carrier}") from exc


def _untraced() -> Any:
    """A tracer that keeps nothing: Karrio's own holds every question and answer until the process ends, and its log
    names the parcels."""
    importlib.import_module("loguru").logger.disable("karrio")
    tracer = importlib.import_module("karrio.core.utils.tracing").Tracer()
    tracer.trace = _keep_nothing
    return tracer


def _keep_nothing(data: Any, _key: str, **_more: Any) -> Any:
    return data


def tracking_request(numbers: Sequence[str]) -> Any:
    models = importlib.import_module("karrio.core.models")
    return models.TrackingRequest(tracking_numbers=list(numbers))


def sdk_errors() -> tuple[type[Exception], ...]:
    """What the library raises by itself."""
    errors = importlib.import_module("karrio.core.errors")
    return errors.ShippingSDKError, errors.ParsedMessagesError


class Karrio:
    """One account at one carrier. `gateway` is made by `karrio_gateway`; `request` makes the library's request. `only`:
    the names that parcels of this carrier have, in lower case, where they are not Karrio's own."""

    code = VENDOR
    batch = _BATCH
    limits = SourceLimits(at_once=1)

    def __init__(
        self,
        carrier: str,
        *,
        account: str,
        gateway: Callable[[], Any],
        words: StatusMap,
        only: frozenset[str] = frozenset(),
        request: Callable[[Sequence[str]], Any] = tracking_request,
        refusals: Callable[[], tuple[type[Exception], ...]] = sdk_errors,
    ) -> None:
        self.account = account
        self.carriers = only or frozenset({carrier, carrier.replace("_", " ")})
        self._carrier = carrier
        self._gateway = gateway
        self._words = words
        self._request = request
        self._refusals = refusals
        self._made: Any = None

    async def fetch(self, refs: Sequence[ParcelRef]) -> Sequence[Tracker]:
        """See `TrackingSource.fetch`."""
        numbers = [ref.tracking_number for ref in refs]
        try:
            told = await asyncio.to_thread(self._ask, numbers)
        except Unreadable as exc:
            raise VendorRejected(VENDOR, "track", str(exc), reason="unreadable_answer") from exc
        except ConnectorError:
            raise
        except OSError as exc:  # urllib's errors and lost connections are among these
            raise Retryable(VENDOR, "track", type(exc).__name__) from exc
        except self._refusals() as exc:  # raised where Karrio signs on first; its text may repeat what was sent
            raise AuthFailed(VENDOR, "track", type(exc).__name__) from exc
        return [
            Tracker(ref.source_external_id, ref.tracking_number, ref.carrier, told[ref.tracking_number])
            for ref in refs
            if ref.tracking_number in told
        ]

    def _ask(self, numbers: Sequence[str]) -> dict[str, Scans]:
        gateway = self._open()
        asked = gateway.mapper.create_tracking_request(self._request(numbers))
        answer = gateway.proxy.get_tracking(asked)
        reader = READERS.get(self._carrier)
        if reader is not None:
            told = reader(answer.deserialize(), self._words)
            if told:
                return told
        details, messages = gateway.mapper.parse_tracking_response(answer)
        if reader is None:
            told = parse_details(details, self._words)
            if told:
                return told
        refusal = refusal_of(messages)
        if refusal == AuthFailed.code:
            raise AuthFailed(VENDOR, "track", self._carrier)
        return {}

    def _open(self) -> Any:
        if self._made is None:
            self._made = self._gateway()
        return self._made

    async def follow(self, tracking_number: str, carrier: str) -> Tracker:
        """See `TrackingSource.follow`. Nothing is asked: a carrier may not know the number of a new label yet."""
        return Tracker(f"{VENDOR}:{self._carrier}:{tracking_number}", tracking_number, carrier, ())

    async def check(self) -> str:
        """See `TrackingSource.check`. Karrio has no call that costs nothing: the library and the settings are tried.
        Raises: NotSupported."""
        await asyncio.to_thread(self._open)
        return f"Karrio {self._carrier} {self.account}"
