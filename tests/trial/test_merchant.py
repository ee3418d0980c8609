from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from syncflow.processes import free_port
from syncflow.trial.merchant import Merchant


class SignsIn(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"access_token": "one"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def test_waits_for_a_web_process_that_starts_again() -> None:
    port = free_port()

    def start_again() -> None:
        time.sleep(1.5)
        with HTTPServer(("127.0.0.1", port), SignsIn) as server:
            server.timeout = 10
            server.handle_request()

    web = threading.Thread(target=start_again)
    web.start()
    Merchant(f"http://127.0.0.1:{port}", "merchant@trial.example", "password")
    web.join()
