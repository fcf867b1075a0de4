"""Load of the web on the loopback: 100 users at once on a car's page and on the API, each with a connection of its own.

    python benchmarks/web_load.py [--users 100] [--seconds 10]

Starts a site of its own with the bundled car published in a small example office, asks only that, and ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SERVER = """
import sys
from pathlib import Path
import uvicorn
from tests.web.seeded import seed
from carindex.web.app import create_app
from carindex.web.settings import Rates, Settings
seeded = seed(Path(sys.argv[1]))
rates = Rates(api=(10**9, 1.0), api_signed_in=(10**9, 1.0), work=(10**9, 1.0))
app = create_app(Settings(worker=False, rates=rates, clock=seeded.clock), seeded.office)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=False, log_level="error")
"""


async def user(port: int, path: str, until: float, times: list[float]) -> None:
    """Ask for a page again and again until a moment, over one connection; as little as can be is done here."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head[:80]
        length = re.search(rb"content-length: (\d+)", head)
        assert length is not None, head
        await reader.readexactly(int(length[1]))
        times.append(time.perf_counter() - began)
    writer.close()


async def load(port: int, path: str, users: int, seconds: float) -> str:
    """Return a line of figures: requests a second, median, 95th and 99th percentile."""
    times: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(user(port, path, began + seconds, times) for _ in range(users)))
    took = time.perf_counter() - began
    cuts = statistics.quantiles(times, n=100)
    return (
        f"{len(times) / took:6.0f}/s   median {1000 * cuts[49]:5.0f} ms   "
        f"95 % {1000 * cuts[94]:5.0f} ms   99 % {1000 * cuts[98]:5.0f} ms"
    )


def main() -> None:
    """Start the site, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--port", type=int, default=8097)
    said = parser.parse_args()
    base = f"http://127.0.0.1:{said.port}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", SERVER, folder, str(said.port)]
        server = subprocess.Popen(command, cwd=ROOT)
        try:
            for _ in range(600):
                try:
                    found = httpx.get(f"{base}/en/cars?q=camry", timeout=60).text
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            slug = re.findall(r"/en/cars/([\w-]+)\"", found)[0]
            car = httpx.get(f"{base}/en/cars/{slug}", timeout=60).text
            key = re.findall(rf"/en/cars/{slug}/(\w+)\"", car)[0]
            paths = {
                "car page": f"/en/cars/{slug}",
                "result page": f"/en/cars/{slug}/{key}",
                "catalogue": "/zh/cars",
                "API, results": "/api/v1/results",
                "API, rating": f"/api/v1/results/{key}/rating",
            }
            print(f"{said.users} users at once, one connection each, one server process")
            for name, path in paths.items():
                began = time.perf_counter()
                first = httpx.get(base + path, timeout=60)
                cold = time.perf_counter() - began
                line = asyncio.run(load(said.port, path, said.users, said.seconds))
                print(
                    f"{name:14s} {len(first.content) / 1024:6.1f} KiB   first {1000 * cold:5.0f} ms   {line}"
                )
        finally:
            server.terminate()
            server.wait(10)


if __name__ == "__main__":
    main()
