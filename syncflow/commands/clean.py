"""`syncflow clean`: remove the data of the embedded services."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to remove.  [default: .syncflow]",
)
def command(yes: bool, home: Path | None) -> None:
    """Remove all data of the embedded services, and the generated secrets.

    Services whose addresses are set by DATABASE_URL or REDIS_URL are left alone.
    """
    from syncflow import embedded
    from syncflow.product import HOME

    home = home or HOME
    if not home.exists():
        click.echo(f"There is nothing in {home}.")
        return
    if not yes:
        click.confirm(f"Remove {home} with all orders, stock and connections in it?", abort=True)
    embedded.remove(home)
    click.echo(f"Removed {home}.")
