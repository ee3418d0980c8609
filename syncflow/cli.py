"""The `syncflow` console script. Its commands are the modules of `syncflow.commands`.

`syncflow stock` is `command` of syncflow/commands/stock.py, `verify-ledger` that of verify_ledger.py.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from app.settings import SettingsError
from syncflow import commands
from syncflow.embedded import EmbeddedError
from syncflow.exits import MEANING, CannotRun


class Commands(click.Group):
    """Finds the commands; imports the one that is run, or all of them for --help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (SettingsError, EmbeddedError) as err:
            raise CannotRun(str(err)) from err

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), words) for code, words in MEANING.items()])


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="syncflow", prog_name="syncflow")
def main() -> None:
    """SyncFlow: one ledger of stock for every shop a merchant sells in.

    Start it with `syncflow up`, look at it with `syncflow doctor`, and see it work before you trust it
    with `syncflow demo` and `syncflow trial`.
    """


if __name__ == "__main__":
    sys.exit(main())
