"""`aftercart backup`, `restore`, `restored`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from sqlmodel import Session

from apps.cli.output import UserError, as_person, errors, say
from config import wiring
from ledger import backup, restoring, schema
from ledger.backup import BackupError, Seal
from ledger.gap import Gap
from ledger.restored import Safety

FOLDER = Path("var/backups")


def back_up(
    file: Annotated[Path | None, typer.Argument(help="Where to; var/backups/TIME.backup when not given.")] = None,
) -> None:
    """Write the whole ledger into one checked file, while everything runs."""
    current = wiring.current()
    now = current.real_now()
    path = file or FOLDER / f"aftercart-{now:%Y%m%d-%H%M%S}.backup"
    if path.exists():
        raise UserError(f"{path} is there already; name another file")
    try:
        with _showing("reading") as progress:
            seal = backup.take(current.engine, path, taken_at=now, product_time=current.now(), progress=progress)
    except BackupError as error:
        raise UserError(str(error)) from None
    size = path.stat().st_size / 1e6
    say(f"{path}: {seal.rows} rows of {len(seal.tables)} tables, {size:.1f} MB, revision {seal.revision}, checked.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `aftercart backup` has written.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of a ledger that is in use.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Even while workers give signs of life.")] = False,
    lost_at: Annotated[
        str, typer.Option(help="When the lost ledger last worked, such as 2026-11-21T12:30+00:00; now when not given.")
    ] = "",
) -> None:
    """Make a backup the ledger again, and safe: what may have been done since is asked about first."""
    as_person()
    current = wiring.current()
    try:
        lost = _loss(lost_at, backup.read_seal(file).taken_at, current.real_now())
        with _showing("writing") as progress:
            seal, safety = restoring.restore(
                current.engine,
                file,
                lambda session, seal: _make_safe(session, seal, lost),
                replace=replace,
                force=force,
                progress=progress,
            )
    except BackupError as error:
        raise UserError(str(error)) from None
    current.clock.forget()
    say(f"Restored {seal.rows} rows as of {seal.taken_at:%Y-%m-%d %H:%M:%S} UTC.")
    _tell(safety)


def restored(
    as_of: Annotated[str, typer.Argument(help="The moment of the copy, such as 2026-11-21T12:00+00:00.")],
    lost_at: Annotated[str, typer.Option(help="When the lost ledger last worked; now when not given.")] = "",
) -> None:
    """Make a ledger safe that was restored by other means (pg_restore, a copy of the disk), before anything starts."""
    as_person()
    current = wiring.current()
    taken = _moment(as_of)
    lost = _loss(lost_at, taken, current.real_now())
    from tasks.restored import make_safe

    schema.wait_for_silence(current.engine, "make it safe")  # who works on would never learn of the gap
    ahead = _ahead(current.now(), current.real_now())
    _tell(current.ledger(make_safe, Gap(taken + ahead, lost + ahead)))


def _make_safe(session: Session, seal: Seal, lost: datetime) -> Safety:
    """The product's clock runs on from where it was when the backup was taken."""
    from tasks.restored import make_safe

    return make_safe(session, Gap(seal.product_time, lost + _ahead(seal.product_time, seal.taken_at)))


def _ahead(product_time: datetime, real_time: datetime) -> timedelta:
    """How far the product's clock was ahead; the two were read one after the other."""
    return timedelta(seconds=round((product_time - real_time).total_seconds()))


def _loss(text: str, taken: datetime, now: datetime) -> datetime:
    """When the ledger was lost: as given, or now. A gap that ends elsewhere covers nothing of what was done in it."""
    if taken > now:
        raise UserError(f"the copy says {_shown(taken)}, and here it is {_shown(now)}: set this machine's clock first")
    lost = _moment(text) if text else now
    if not taken <= lost <= now:
        raise UserError(
            f"--lost-at {_shown(lost)} is not between the copy ({_shown(taken)}) and now ({_shown(now)}); give the"
            " moment when the lost ledger last worked, or leave it out: then everything until now is in doubt"
        )
    return lost


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is no time; write it as 2026-11-21T12:30+00:00") from None
    if found.tzinfo is None:
        raise UserError(f"{text!r} names no zone; write it as 2026-11-21T12:30+00:00, or with your own offset")
    return found


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _tell(safety: Safety) -> None:
    say(
        f"{safety.looked_up_first} effects are looked up before they are sent, {safety.parked} that nobody can look up "
        f"wait for a person, {safety.held} orders are held until it is known that no node has them."
    )
    say("Now start with `aftercart up`; the sweeps bring back what came since. See `aftercart cases list`.")


class _showing:
    """A line that moves while rows do, on the terminal only."""

    def __init__(self, what: str) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn(f"{what} {{task.description}} {{task.completed}}"),
            console=errors,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> backup.Progress:
        self._progress.start()
        return lambda table, rows: self._progress.update(self._task, description=table, advance=rows)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
