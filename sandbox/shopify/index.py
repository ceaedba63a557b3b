"""A list kept in order, so that a page costs what the page holds and not what the shop holds."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from datetime import datetime

Key = tuple[datetime, int]


class SortedIndex:
    """Ids ordered by a time and then by id."""

    def __init__(self) -> None:
        self._keys: list[Key] = []

    def add(self, key: Key) -> None:
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
        else:
            insort(self._keys, key)

    def move(self, old: Key, new: Key) -> None:
        position = bisect_left(self._keys, old)
        if position < len(self._keys) and self._keys[position] == old:
            del self._keys[position]
        self.add(new)

    def after(self, key: Key | None, *, since: datetime | None = None) -> Iterator[Key]:
        """Keys upwards, beyond `key`, not before `since`."""
        start = 0 if key is None else bisect_right(self._keys, key)
        if since is not None:
            start = max(start, bisect_left(self._keys, (since, 0)))
        for position in range(start, len(self._keys)):
            yield self._keys[position]

    def before(self, key: Key | None) -> Iterator[Key]:
        """Keys downwards, below `key`."""
        start = len(self._keys) if key is None else bisect_left(self._keys, key)
        for position in range(start - 1, -1, -1):
            yield self._keys[position]

    def __len__(self) -> int:
        return len(self._keys)
