"""`syncflow settings`: what can be set, as the page for operators."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print every setting, what it means and its default (docs/operators/settings.md)."""
    from syncflow.settings_page import settings_page

    click.echo(settings_page(), nl=False)
