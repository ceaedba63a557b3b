"""Where photos that people send are made into photos that are kept: one at a time, in a thread of its own, because each
takes a good part of a second and up to some hundred megabytes."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import Session
from starlette.responses import Response

from apps.receiver.answers import Refusal
from config.wiring import Wiring
from domain.photos import CONTENT_TYPE, BadPhoto, clean_photo
from ledger.photos import KIND, TooManyPhotos, store_photos

Write = Callable[[Callable[[Session], list[str]]], list[str]]
MOST_AT_ONCE = 6  # photos of one form
MOST_WAITING = 4  # forms
HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": 'inline; filename="photo.jpg"',
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


class Darkroom:
    """`write`: a whole writing transaction, as `Transactions.run` and `Wiring.ledger` make it."""

    def __init__(self, wiring: Wiring, write: Write) -> None:
        self._wiring, self._write = wiring, write
        self._pool = ThreadPoolExecutor(1, "darkroom")
        self._waiting = 0

    def close(self) -> None:
        self._pool.shutdown()

    async def take_photos(self, sent: Sequence[bytes], *, order_id: str, subject_id: str) -> list[str]:
        """Clean and store what somebody sent about an order; returns the ids of the documents, in order. All of them
        are kept or none. Whoever calls has made sure that the sender may speak for the order.

        Raises: BadPhoto (also photo_too_many), Refusal (busy, database_away).
        """
        if len(sent) > MOST_AT_ONCE:
            raise BadPhoto("photo_too_many")
        if self._waiting >= MOST_WAITING:
            raise Refusal("busy")
        self._waiting += 1
        try:
            work = asyncio.get_running_loop().run_in_executor(self._pool, self._take, sent, order_id, subject_id)
            return await work
        finally:
            self._waiting -= 1

    def _take(self, sent: Sequence[bytes], order_id: str, subject_id: str) -> list[str]:
        photos = [clean_photo(raw) for raw in sent]
        if not photos:
            return []
        keep, now = self._wiring.policies.retention.documents, self._wiring.now()

        def store(session: Session) -> list[str]:
            return store_photos(session, photos, order_id=order_id, subject_id=subject_id, now=now, keep=keep)

        try:
            return self._write(store)
        except TooManyPhotos:
            raise BadPhoto("photo_too_many") from None


def photo_answer(content: bytes) -> Response:
    """A kept photo, for whoever may see it: shown, never run, never kept by the browser."""
    return Response(content, media_type=CONTENT_TYPE, headers=HEADERS)


def photo_name(photo_id: str) -> str:
    """The last part of a photo's address."""
    return photo_id.removeprefix(f"{KIND}:")
