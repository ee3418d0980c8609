"""`syncflow sandbox`: a stand-in of a shop, in its own process."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run a stand-in of a Shopify or WooCommerce shop.

    Everything after the word goes to `python -m sandbox`, whose --help tells more.
    """
    with subprocess.Popen([sys.executable, "-m", "sandbox", *arguments]) as shop:
        try:
            status = shop.wait()
        except KeyboardInterrupt:  # The terminal has sent it to the shop as well.
            status = shop.wait()
    sys.exit(status)
