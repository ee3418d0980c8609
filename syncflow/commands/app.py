"""`syncflow app`: the web app that the web process serves."""

from __future__ import annotations

import click

from syncflow.exits import CannotRun


@click.command()
def command() -> None:
    """Build the web app, if its sources have changed since it was built.

    Needs Node.js 20.19 or newer; where there is none it is fetched into frontend/.node.
    """
    from syncflow.web_build import FRONTEND, BuildFailed, build

    try:
        build(lambda words: click.echo(f"- {words}"))
    except BuildFailed as err:
        raise CannotRun(str(err)) from err
    click.echo(f"The web app is in {FRONTEND / 'dist'}; a web process serves it at once.")
