"""The commands, put together. Each imports what it needs when it runs, so that `--help` is quick."""

import asyncio
import logging.config
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.text import Text

from apps.cli import SANDBOX_ENV
from apps.cli.agents import agents
from apps.cli.backup import back_up, restore, restored
from apps.cli.cases import cases
from apps.cli.clock import clock
from apps.cli.importing import import_orders
from apps.cli.kpis import kpis
from apps.cli.orders import orders
from apps.cli.output import PROBLEM, UserError, console, say, show_json, table
from apps.cli.returns import returns
from apps.supervisor import Options, Supervisor
from config import wiring
from config.status_maps import status_maps

app = typer.Typer(
    name="aftercart",
    help="Run and look after Aftercart: post-purchase automation for retailers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
policy = typer.Typer(help="Business rules.", no_args_is_help=True)
app.add_typer(agents, name="agents")
app.add_typer(orders, name="orders")
app.add_typer(cases, name="cases")
app.add_typer(returns, name="returns")
app.add_typer(clock, name="clock")
app.add_typer(policy, name="policy")
app.command("import")(import_orders)
app.command("backup")(back_up)
app.command()(restore)
app.command()(restored)
app.command()(kpis)


@app.command()
def up(
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Start the fake vendors too and use them.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Start everything, say that it is ready, and stop.")] = False,
    prefect_port: Annotated[int, typer.Option(help="Port of the Prefect server and its UI.")] = 4200,
    receiver_port: Annotated[int, typer.Option(help="Port of the webhook receiver.")] = 8400,
    desk_port: Annotated[int, typer.Option(help="Port of the agents' desk.")] = 8500,
    requests_port: Annotated[int, typer.Option(help="Port on which the runner of requests is nudged.")] = 8405,
    sandbox_port: Annotated[int, typer.Option(help="Port of the fake vendors.")] = 9400,
    smtp_port: Annotated[int, typer.Option(help="Port of the fake mail server.")] = 9425,
) -> None:
    """Start everything on this machine, restart what dies, stop it all with Ctrl-C."""
    supervisor = Supervisor(
        Options(
            sandbox=sandbox,
            prefect_port=prefect_port,
            receiver_port=receiver_port,
            desk_port=desk_port,
            requests_port=requests_port,
            sandbox_port=sandbox_port,
            smtp_port=smtp_port,
            say=lambda line: console.print(line, style="dim", highlight=False, soft_wrap=True),
        )
    )
    wiring.replace(supervisor.wiring)
    asyncio.run(_run(supervisor, once=once))


async def _run(supervisor: Supervisor, *, once: bool) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    starting = asyncio.create_task(supervisor.start())
    stopping = asyncio.create_task(over.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        remember_sandbox(supervisor)
        lines = [f"{name:<16} {url}" for name, url in supervisor.addresses.items()]
        lines += [f"{'':<16} {supervisor.desk_login}"] if supervisor.desk_login else []
        console.print(Panel("\n".join(lines), title="Aftercart is up", subtitle="Ctrl-C stops it", expand=False))
        if not once:
            await stopping
        console.print("stopping …", style="dim")
        await supervisor.stop()
    else:
        console.print("stopping …", style="dim")
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    stopping.cancel()


def remember_sandbox(supervisor: Supervisor) -> None:
    """Let the other commands find what was started; see `apps.cli.use_sandbox_settings`."""
    if supervisor.options.sandbox:
        lines = [f"{key}={value}" for key, value in supervisor.env.items() if key.startswith("AFTERCART_")]
        SANDBOX_ENV.write_text("\n".join(lines) + "\n", encoding="utf-8")


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(context: typer.Context) -> None:
    """Play a day of orders against the fake vendors and check how each of them ended."""
    from apps.demo import main as run_demo

    raise typer.Exit(run_demo(context.args))


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(context: typer.Context) -> None:
    """Prove the workflow of delays in a made-up world, against the same world without it."""
    from apps.simulate import main as run_simulation

    raise typer.Exit(run_simulation(context.args))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Say what is wrong with this installation and how to mend it."""
    from apps.doctor import examine

    findings = asyncio.run(examine())
    if as_json:
        show_json([finding.as_json() for finding in findings])
    else:
        styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}
        rows = [
            (Text(f.level, style=styles[f.level]), f.subject, f.detail if not f.mend else f"{f.detail}\n→ {f.mend}")
            for f in findings
        ]
        table("Doctor", ("", "what", "finding"), rows)
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(PROBLEM)


@app.command()
def desk(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8500,
) -> None:
    """Serve the agents' desk alone; `aftercart up` does so beside everything else."""
    from apps.desk.__main__ import serve

    serve(host, port)


@app.command()
def requests() -> None:
    """Work on customers' and agents' requests alone; `aftercart up` does so beside everything else."""
    from apps.logs import LOG_CONFIG
    from apps.requests import run

    logging.config.dictConfig(LOG_CONFIG)
    raise typer.Exit(run())


@app.command()
def migrate(
    force: Annotated[
        bool, typer.Option("--force", help="Even while workers are alive; they end by themselves.")
    ] = False,
) -> None:
    """Set up the database, or bring it up to date. Refuses while workers are alive on it."""
    from ledger import schema

    engine = wiring.current().engine
    schema.upgrade(engine, force=force)
    say(f"The database is at revision {schema.current_revision(engine)}.")


@app.command()
def preview(
    out: Annotated[Path, typer.Option(help="Folder for the pages.")] = Path("build/preview"),
    locale: Annotated[str, typer.Option(help="Language of the mails.")] = "en",
) -> None:
    """Write every mail with sample data as a page, and an index."""
    from apps.cli.preview import write_preview

    current = wiring.current()
    index = write_preview(out, current.brand, locale, segments=current.policies.messages.text_segments)
    console.print(f"Open {index}", soft_wrap=True)


@policy.command("check")
def policy_check() -> None:
    """Read the business rules, the brand and the accounts, and say what they are."""
    current = wiring.current()
    policies = current.policies
    rows = [
        ("policies", f"version {policies.version}"),
        ("edit window", str(policies.capture.edit_window)),
        ("nodes", ", ".join(node.name for node in policies.nodes)),
        ("carriers' codes", ", ".join(f"{name} {words.version}" for name, words in status_maps().items())),
        ("brand", current.brand.name),
        ("shops", ", ".join(account.target for account in current.accounts.shops)),
    ]
    table("Policies are fine", ("what", "value"), rows)


@app.command()
def rows(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Show which requirements the last test run has proven."""
    import json

    path = Path("build/rows.json")
    if not path.is_file():
        raise UserError("there is no build/rows.json; run `make test` first")
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    if as_json:
        show_json(found)
        return
    proven = sum(bool(tests) for tests in found.values())
    lines = [
        (row, Text("proven", style="green") if tests else "open", len(tests) or "") for row, tests in found.items()
    ]
    table(f"{proven} of {len(found)} rows are proven", ("row", "state", "tests"), lines, right=("tests",))
