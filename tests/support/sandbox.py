"""The fake vendors as a child process on free ports: one per test process, started when first wanted."""

import os
import selectors
import socket
import subprocess
import sys
import tempfile
from typing import Any

import httpx

from tests.support.shared import ROOT
from tests.support.waiting import PATIENCE_S


class SandboxProcess:
    """A running sandbox. `url` is its address; `smtp_port` is where its mail server listens.

    AFTERCART_SANDBOX_ONLY narrows it to some vendors (`shopify,mail`), to look at one alone.
    """

    def __init__(self) -> None:
        port, self.smtp_port = _free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "sandbox", "--port", str(port), "--smtp-port", str(self.smtp_port)]
        if only := os.environ.get("AFTERCART_SANDBOX_ONLY"):
            command += ["--only", only]
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._errors)
        # the server lets go of an idle connection after 5 s, which is also when we would
        limits = httpx.Limits(keepalive_expiry=2)
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE_S, limits=limits)
        self._wait_for_greeting()

    def shop_url(self, shop: str = "alpha") -> str:
        """A Shopify shop's base address; its token is `shop_token`, its webhook secret `shop_secret`."""
        return f"{self.url}/shopify/{shop}"

    def shop_token(self, shop: str = "alpha") -> str:
        return f"sandbox-token-{shop}"

    def shop_secret(self, shop: str = "alpha") -> str:
        return f"sandbox-secret-{shop}"

    def control(self, path: str, body: Any = None, *, method: str = "") -> Any:
        """Turn a knob: GET without a body, POST with one, or `method`. Returns the JSON answer."""
        verb = method or ("GET" if body is None else "POST")
        answer = self._client.request(verb, f"/_control/{path}", json=body)
        assert answer.is_success, f"{verb} /_control/{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        """A page's JSON, for example the mailbox's."""
        answer = self._client.get(path, params=query)
        assert answer.is_success, f"GET {path}: {answer.status_code}"
        return answer.json()

    def fault(self, vendor: str, operation: str, kind: str, *, times: int | None = 1, **more: Any) -> None:
        """Let the next calls of an operation fail; see the sandbox's `faults`."""
        fault = {"vendor": vendor, "operation": operation, "kind": kind, "times": times, **more}
        self.control("faults", fault)

    def requests(self, vendor: str) -> dict[str, dict[str, int]]:
        """Calls by operation and status."""
        counted: dict[str, dict[str, int]] = self.control("counters")["requests"].get(vendor, {})
        return counted

    def accepted(self, vendor: str) -> dict[str, dict[str, int]]:
        """Deeds by operation and business key: more than 1 is something done twice."""
        counted: dict[str, dict[str, int]] = self.control("counters")["accepted"].get(vendor, {})
        return counted

    def reset(self) -> None:
        """Back to the seeded state: data, clock, faults, counters."""
        self.control("reset", {})

    def stop(self) -> None:
        self._client.close()
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._errors.close()

    def _wait_for_greeting(self) -> None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            ready = selector.select(PATIENCE_S)
        greeting = self._process.stdout.readline() if ready else b""
        if not greeting:
            self._process.kill()
            self._errors.seek(0)
            errors = self._errors.read().decode(errors="replace")[-2000:]
            self.stop()
            raise RuntimeError(f"the sandbox did not start: {errors}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
