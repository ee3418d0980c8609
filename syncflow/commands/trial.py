"""`syncflow trial`: the main job rehearsed on throw-away services, and judged from outside."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.option(
    "--orders",
    "orders_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play real invoices: a CSV file with the columns of the UCI Online Retail data, plain or gzip.",
)
@click.option("--count", type=click.IntRange(1), default=300, show_default=True, help="Orders to play.")
@click.option(
    "--skus", type=click.IntRange(1, 100_000), help="SKUs in each shop.  [default: 300, or those of the file]"
)
@click.option(
    "--rate", type=click.FloatRange(0.01), default=10.0, show_default=True, help="Orders per second."
)
@click.option(
    "--faults",
    type=click.Choice(["none", "deaf", "light", "heavy"]),
    default="none",
    show_default=True,
    help="How often webhooks are lost, doubled, late, and calls fail; deaf: no webhook comes at all.",
)
@click.option("--edits", is_flag=True, help="Merchants correct numbers in the shops meanwhile.")
@click.option(
    "--bundles",
    type=click.IntRange(0, 50),
    is_flag=False,
    flag_value=10,
    default=0,
    show_default=True,
    metavar="[PERCENT]",
    help="So many of the SKUs are bundles made of others; 10 if no number is given.",
)
@click.option(
    "--locations",
    type=click.IntRange(1, 4),
    is_flag=False,
    flag_value=2,
    default=1,
    show_default=True,
    metavar="[N]",
    help="So many locations of the Shopify shop have stock; 2 if no number is given.",
)
@click.option(
    "--policy",
    type=click.Choice(["merge", "last_write_wins", "review"]),
    default="merge",
    show_default=True,
    help="What such a correction means; with review the merchant decides about each, and takes it over.",
)
@click.option(
    "--chaos",
    type=click.Choice(["workers", "scheduler", "web", "postgres", "redis", "flush", "all"]),
    multiple=True,
    help="Kill these while they work (kill -9), or empty Redis (flush); may be repeated.",
)
@click.option(
    "--plan",
    type=click.Choice(["basic", "advanced", "plus", "enterprise"]),
    default="enterprise",
    show_default=True,
    help="The sandbox shops' rate limits.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Everything random follows from it.")
@click.option(
    "--latency-ms",
    type=click.IntRange(0, 10_000),
    default=30,
    show_default=True,
    help="What each call of a shop's API takes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the processes' logs, the shops' event logs and the product's tables in this folder.",
)
def command(
    orders_file: Path | None,
    count: int,
    skus: int | None,
    rate: float,
    faults: str,
    edits: bool,
    bundles: int,
    locations: int,
    policy: str,
    chaos: tuple[str, ...],
    plan: str,
    seed: int,
    latency_ms: int,
    as_json: bool,
    keep: Path | None,
) -> None:
    """Rehearse the main job on throw-away services, and judge it from outside.

    Starts everything as it runs in production, connects a Shopify and a WooCommerce shop (stand-ins on
    this machine), plays orders in both, waits until all is quiet, and compares the shops' own truth with
    the orders, the ledger and each shop's final number. Touches nothing of an installation beside it.

    Exits with 0 only if nothing is wrong. docs/users/trial.md defines every figure.
    """
    from syncflow.trial.casting import cast
    from syncflow.trial.chaos import EVERY_SECONDS
    from syncflow.trial.invoices import InvalidOrderFile
    from syncflow.trial.rehearsal import Options
    from syncflow.trial.run import run
    from syncflow.trial.scenario import Wishes

    wishes = Wishes(
        count=count, rate=rate, seed=seed, skus=skus, edits=edits, bundles=bundles, locations=locations
    )
    options = Options(
        faults=faults,
        chaos=EVERY_SECONDS if "all" in chaos else chaos,
        plan=plan,
        latency_ms=latency_ms,
        policy=policy,
        locations=locations,
        keep=keep,
    )
    try:
        scenario = cast(orders_file, wishes)
    except InvalidOrderFile as err:
        raise click.BadParameter(str(err), param_hint="--orders") from err
    sys.exit(run(scenario, options, as_json=as_json))
