"""A customer's own photos, shown behind the door of their order."""

from starlette.responses import Response

from apps.darkroom import photo_answer, photo_name
from apps.portal.doors import Opened
from apps.portal.forms import order_path
from apps.portal.pages import Pages
from ledger.photos import KIND, photo_of

PHOTOS = "/photos"  # below an order's page


class Photos:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def show(self, opened: Opened) -> Response:
        """`GET …/photos/{name}`."""
        content = photo_of(opened.session, opened.order["id"], f"{KIND}:{opened.path['name']}")
        return self._pages.gone(opened.order["locale"]) if content is None else photo_answer(content)


def photo_path(order_id: str, photo_id: str) -> str:
    """The path of a photo on the order's pages; a page that shows it says `images=["'self'"]`."""
    return f"{order_path(order_id)}{PHOTOS}/{photo_name(photo_id)}"
