"""What the supervisor starts: each program with its arguments, and where it answers once it serves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from apps.standby import NAME as STANDBY
from config.settings import ROOT

REQUESTS = "requests"


@dataclass(frozen=True)
class Options:
    """What to start and where. `say` is given one line per event."""

    sandbox: bool = False
    host: str = "127.0.0.1"
    prefect_port: int = 4200
    receiver_port: int = 8400
    desk_port: int = 8500
    requests_port: int = 8405  # where the runner of requests is nudged
    sandbox_port: int = 9400
    smtp_port: int = 9425
    var: Path = ROOT / "var"
    worker: bool = True
    sweep: bool = True  # once at the start
    say: Callable[[str], None] = field(default=lambda line: None)


@dataclass(frozen=True, slots=True)
class Program:
    """`arguments` are the interpreter's. `ready_url` answers 2xx once it serves."""

    name: str
    arguments: tuple[str, ...]
    ready_url: str = ""


@dataclass(frozen=True, slots=True)
class Programs:
    """`services` start side by side and stay; `deploying` ends by itself."""

    sandbox: Program
    deploying: Program
    services: tuple[Program, ...]
    requests: Program
    worker: Program
    standby: Program


def programs(o: Options, *, desk: bool = True) -> Programs:
    """All of them for these options. `desk`: whether agents can be let in."""

    def served(name: str, port: int, ready: str, *module: str) -> Program:
        given = ("-m", *module, "--host", o.host, "--port", str(port))
        return Program(name, given, f"http://{o.host}:{port}{ready}")

    mail = ("--smtp-port", str(o.smtp_port))
    desks = (served("desk", o.desk_port, "/healthz", "apps.desk"),) if desk else ()
    return Programs(
        sandbox=served("sandbox", o.sandbox_port, "/_control/clock", "sandbox", *mail),
        deploying=Program("deploying", ("-m", "apps.deploying")),
        services=(
            served("prefect-server", o.prefect_port, "/api/health", "prefect", "server", "start"),
            served("receiver", o.receiver_port, "/healthz", "apps.receiver"),
            *desks,
        ),
        requests=Program(REQUESTS, ("-m", "apps.requests")),
        worker=Program(
            "worker",
            ("-m", "prefect", "worker", "start", "--pool", "aftercart", "--type", "process", "--name", "aftercart"),
        ),
        standby=Program(STANDBY, ("-m", "apps.worker", "--also", "deadlines")),
    )
