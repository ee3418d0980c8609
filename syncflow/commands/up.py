"""`syncflow up`: the whole product on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import click

from syncflow.exits import CannotRun, GaveUp


@click.command()
@click.option(
    "--formation",
    default="",
    metavar="NAME=N,...",
    help="How many processes of each kind, such as intake=2,push=2. One each where it says nothing.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the embedded services' data and the generated secrets.  [default: .syncflow]",
)
@click.option("--logs", is_flag=True, help="Write the processes' output to files in the home's logs folder.")
def command(formation: str, home: Path | None, logs: bool) -> None:
    """Start SyncFlow here: services, tables, web, workers, scheduler.

    PostgreSQL and Valkey are started from their packages unless DATABASE_URL and REDIS_URL are set; the
    secrets are then made at the first start and kept. Ctrl-C stops everything in order; pressed again,
    at once.
    """
    from syncflow.ending import ended_by_signals
    from syncflow.launcher import LaunchFailed
    from syncflow.output import Console, LogFiles
    from syncflow.procfile import parse_formation, read_procfile
    from syncflow.product import HOME, PROCFILE, PortTaken, running_product, services_for

    try:
        counts = parse_formation(formation, read_procfile(PROCFILE))
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--formation") from err
    home = home or HOME
    try:
        with ended_by_signals() as ending, services_for(os.environ, home) as services:
            output = LogFiles(home / "logs") if logs else Console()
            with running_product(
                home, environ=os.environ, services=services, output=output, formation=counts
            ) as product:
                ending.on_repeat = product.launcher.hurry
                click.echo(f"SyncFlow is up: {product.settings.public_url} (Ctrl-C stops it)")
                product.launcher.wait()
    except PortTaken as err:
        raise CannotRun(str(err)) from err
    except LaunchFailed as err:
        raise GaveUp(str(err)) from err
    click.echo("SyncFlow has stopped.")
