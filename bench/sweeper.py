"""One sweep of the product in a process of its own: `python -m bench.sweeper`; settings come from the environment.

The step of the flow track-parcels itself, without the engine, whose run and task cost half a second however many
parcels there are.
"""

import gc
import json
import resource
import time

from apps import loops
from config import wiring
from tasks import tracking

ALL = 1_000_000


async def main() -> None:
    wired = wiring.current()
    wired.engine.connect().close()
    assert wired.policies
    gc.collect()
    used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    looked = await tracking.look_at_parcels.fn(ALL)
    seconds, done = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    await wired.aclose()
    cpu = done.ru_utime + done.ru_stime - used.ru_utime - used.ru_stime
    found = {"seconds": seconds, "cpu_s": cpu, "peak_mb": done.ru_maxrss / 1024, "counts": dict(looked.counts)}
    print(json.dumps(found))


if __name__ == "__main__":
    loops.run(main())
