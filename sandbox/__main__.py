"""``python -m sandbox shopify|woocommerce ...``: one shop in its own process."""

import argparse
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from sandbox.core.control import make_control
from sandbox.core.edge import Edge
from sandbox.core.events import EventLog
from sandbox.core.faults import Faults
from sandbox.core.page import make_page
from sandbox.core.server import Server, route
from sandbox.core.shop import Core, Shop
from sandbox.core.store import Store
from sandbox.core.webhooks import Dispatcher

PLATFORMS = ("shopify", "woocommerce")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one shop until SIGTERM or SIGINT."""
    args = _parse(sys.argv[1:] if argv is None else argv)
    args.state.mkdir(parents=True, exist_ok=True)
    core = open_core(args.state / f"{args.platform}.sqlite", shop=args.shop)
    core.options = vars(args)
    with core.store.transaction():
        shop: Shop = importlib.import_module(f"sandbox.{args.platform}").make_shop(core)
    page = make_page(core, shop)
    app = route(
        {"/_sandbox": make_control(core, shop, token=args.token), "/": page, "/shop": page}, Edge(core, shop)
    )
    server = Server((args.host, args.port), app)
    core.base_url = f"http://{args.host}:{server.server_port}"
    _stop_on_signals(server)
    threading.excepthook = _die_loudly
    core.webhooks.start(shop)
    sys.stdout.write(f"sandbox {args.platform} ready {core.base_url}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    core.webhooks.stop()
    server.server_close()
    # Connections that hang on purpose would hold the process up; the state is on disk already.
    with core.store.lock:
        core.store.close()
        os._exit(0)


def open_core(path: Path, *, shop: str | None) -> Core:
    """Open or create a shop's state file and build what a platform plugs into."""
    store = Store(path)
    with store.transaction():
        events = EventLog(store)
        faults = Faults(store)
        webhooks = Dispatcher(store, events, faults)
    return Core(shop=shop, store=store, events=events, faults=faults, webhooks=webhooks)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """A platform package with options of its own adds them in ``add_options(parser)``."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Serve one sandbox shop.")
    parser.add_argument("platform", choices=PLATFORMS)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="folder of the state file")
    parser.add_argument("--token", required=True, help="bearer token of the control API")
    parser.add_argument("--shop", help="the shop's name as its platform knows it")
    if argv and argv[0] in PLATFORMS:
        add_options = getattr(importlib.import_module(f"sandbox.{argv[0]}"), "add_options", None)
        if add_options is not None:
            add_options(parser)
    return parser.parse_args(argv)


def _stop_on_signals(server: Server) -> None:
    def stop(signum: int, frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever(), which runs in this very thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _die_loudly(failure: threading.ExceptHookArgs) -> None:
    """A dead delivery thread would look like lost webhooks: end the shop instead."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(70)


if __name__ == "__main__":
    sys.exit(main())
