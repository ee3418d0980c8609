"""`syncflow demo`: everything on this machine, with two shops that sell."""

from __future__ import annotations

from pathlib import Path

import click

from syncflow.exits import CannotRun, GaveUp


@click.command()
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for all data of the demo.  [default: .syncflow]",
)
def command(home: Path | None) -> None:
    """Start SyncFlow with a Shopify and a WooCommerce shop (stand-ins on this machine), and watch sales
    flow from each to the other.

    The first start makes a merchant, fills both shops with some 200 SKUs, connects and imports them. Later
    ones take up where the last one ended. Ctrl-C stops everything in order; `make clean` removes the data.
    """
    from syncflow.demo import EMAIL, running_demo, show_sales
    from syncflow.demo_sales import NAMES
    from syncflow.ending import ended_by_signals
    from syncflow.launcher import LaunchFailed
    from syncflow.product import HOME, PortTaken
    from syncflow.trial.merchant import MerchantStuck
    from syncflow.trial.shops import ShopFailed

    try:
        with (
            ended_by_signals() as ending,
            running_demo(home or HOME, say=lambda words: click.echo(f"- {words}")) as demo,
        ):
            ending.on_repeat = demo.product.launcher.hurry
            click.echo(f"\nSyncFlow     {demo.product.settings.public_url}  (open it in a browser)")
            click.echo(f"  sign in    {EMAIL}  {demo.password}")
            for platform, shop in demo.shops.items():
                click.echo(f"{NAMES[platform]:<12} {shop.url}  (buy there, or change a number)")
            click.echo("\nSales in both shops, and when the other shop followed (Ctrl-C stops everything):\n")
            show_sales(demo, click.echo)
    except (PortTaken, ShopFailed, MerchantStuck) as err:
        raise CannotRun(str(err)) from err
    except LaunchFailed as err:
        raise GaveUp(str(err)) from err
    click.echo("\nStopped; the data is kept.")
