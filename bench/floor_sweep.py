"""The least that a sweep can cost: a bare asyncio loop over the same calls, answers decoded, nothing kept.

`python -m bench.floor_sweep RECIPE.json` (`write_recipe` with `ids` and `at_once`). Imports nothing of the product.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson


async def sweep(recipe: dict[str, Any]) -> int:
    """Ask about each parcel once; returns how many scans were told."""
    url, headers = recipe["urls"]["easypost"], recipe["headers"]["easypost"]
    connector = aiohttp.TCPConnector(limit=recipe["at_once"])
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
        left = iter(recipe["ids"])
        told = await asyncio.gather(*(_ask(http, url, left) for _ in range(recipe["at_once"])))
    return sum(told)


async def _ask(http: aiohttp.ClientSession, url: str, left: Iterator[str]) -> int:
    told = 0
    for parcel in left:
        async with http.get(f"{url}/v2/trackers/{parcel}") as answer:
            body = orjson.loads(await answer.read())
            if answer.status != 200:
                raise RuntimeError(f"{parcel}: {answer.status} {body}")
            told += len(body["tracking_details"])
    return told


async def main(recipe: dict[str, Any]) -> None:
    used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    told = await sweep(recipe)
    seconds, done = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = done.ru_utime + done.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"seconds": seconds, "cpu_s": cpu, "peak_mb": done.ru_maxrss / 1024, "told": told}))


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
