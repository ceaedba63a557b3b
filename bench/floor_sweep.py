"""The least that a sweep can cost: a bare asyncio loop over the same calls, answers decoded, nothing kept.

`python -m bench.floor_sweep RECIPE.json` (`write_recipe` with `ids`, `at_once` and `client`: httpx, as a service in
Python is usually written, or aiohttp with orjson, the fastest there is). Imports nothing of the product.
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
import httpx
import orjson


async def sweep(recipe: dict[str, Any]) -> int:
    """Ask about each parcel once; returns how many scans were told."""
    url, headers, at_once = recipe["urls"]["easypost"], recipe["headers"]["easypost"], recipe["at_once"]
    left = iter(recipe["ids"])
    if recipe["client"] == "httpx":
        async with httpx.AsyncClient(headers=headers, limits=httpx.Limits(max_connections=at_once)) as client:
            return sum(await asyncio.gather(*(_ask_httpx(client, url, left) for _ in range(at_once))))
    connector = aiohttp.TCPConnector(limit=at_once)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
        return sum(await asyncio.gather(*(_ask_aiohttp(http, url, left) for _ in range(at_once))))


async def _ask_httpx(http: httpx.AsyncClient, url: str, left: Iterator[str]) -> int:
    told = 0
    for parcel in left:
        answer = await http.get(f"{url}/v2/trackers/{parcel}")
        told += len(answer.raise_for_status().json()["tracking_details"])
    return told


async def _ask_aiohttp(http: aiohttp.ClientSession, url: str, left: Iterator[str]) -> int:
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
