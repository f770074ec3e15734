"""Our hits beside constant bytes on the same server, and beside other caches, in one run.

Every server stands on one core and the load (wrk, else our own users) on another; the rounds of all
go in turn, so that a drift of the machine hits all alike. `BENCH_JSON=FILE` keeps the table;
`BENCH_ROUNDS` (11) and `BENCH_SECONDS` (1) say how long it takes.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import cycle
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import brotli
import orjson

from pmecalc.api.auth import LOCAL
from pmecalc.charts.chart import chart
from pmecalc.cli.load import machine
from pmecalc.cli.load.questions import Question, Target
from pmecalc.cli.load.users import Crowd
from pmecalc.core.evaluate import evaluate
from pmecalc.core.fund import Fund
from pmecalc.service.demo import demo_benchmark
from pmecalc.store.store import Store
from pmecalc.store.values import NewDataset

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "11"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "1"))
CONNECTIONS = 50
ATTEMPTS = 3
NOT_CONSTANT = ("date", "server")  # uvicorn's own
SIZES = {"small": 20_000, "large": 60_000}
TICKS = os.sysconf("SC_CLK_TCK")
WRK = shutil.which("wrk")
NGINX = shutil.which("nginx")
SERVER_CORE, LOAD_CORE = machine.cores()
PME = "import sys; from pmecalc.cli import main; sys.exit(main())"


@dataclass
class Runner:
    """One thing that is measured: where, with which headers, and what it has to answer."""

    name: str
    url: str
    process: int
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    same: object = None  # whether a body is right
    rates: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """One row: seconds a request of ours and of the peer, and how many times faster ours is.

    `cpu_ratio` is the same by the servers' processor time; `met` is None where nothing is aimed at.
    """

    work: str
    ours_s: float
    peer: str
    peer_s: float
    ratio: float
    cpu_ratio: float | None
    p99_ms: float
    peer_p99_ms: float
    target: str
    met: bool | None


def main():
    machine.allow_descriptors(4 * CONNECTIONS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pme-bench-")))
        runners = prepared(stack, folder)
        for runner in runners.values():
            check(runner)
        for number in range(ROUNDS):
            for runner in runners.values():
                measure(runner)
            print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        for runner in runners.values():
            check(runner)
    lines = compared(runners)
    print(f"{'':<32} {'beside':<26} {'ours':>11} {'theirs':>11} {'ratio':>7} {'by CPU':>7}  target")
    for each in lines:
        print(printed(each))
    if "BENCH_JSON" in os.environ:
        kept = [asdict(line) for line in lines]
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(kept, indent=1), encoding="utf-8")


def printed(row):
    is_time = row.work.endswith("p99")
    ours, theirs = (
        f"{1000 * seconds:.2f} ms" if is_time else f"{1 / seconds:.0f} /s"
        for seconds in (row.ours_s, row.peer_s)
    )
    cpu = "" if row.cpu_ratio is None else f"{row.cpu_ratio:.2f}"
    verdict = {None: "", True: "met", False: "MISSED"}[row.met]
    return (
        f"{row.work:<32} {row.peer:<26} {ours:>11} {theirs:>11} {row.ratio:>7.2f} {cpu:>7}"
        f"  {row.target} {verdict}"
    ).rstrip()


def prepared(stack, folder):
    """All servers run; what they have to answer is known from ours."""
    data, bodies = folder / "data", folder / "bodies"
    bodies.mkdir()
    funds = stored(data)
    port = machine.free_port()
    command = [sys.executable, "-c", PME, "serve", "--port", str(port), "--data", str(data)]
    ours = stack.enter_context(server(command, port, "/readyz", without_settings=True))
    paths = {
        name: f"/v1/metrics/irr_pme?fund={fund}&benchmark={funds['index']}&max_staleness_days=9999"
        for name, fund in funds.items()
        if name != "index"
    }
    for name, path in paths.items():
        plain = get(port, path)[1]
        (bodies / name).write_bytes(plain)
        if name == "small":
            kept = {k: v for k, v in get(port, path)[2].items() if k not in NOT_CONSTANT}
            (bodies / "small.headers").write_text(json.dumps(kept), encoding="utf-8")
        packed = get(port, path, {"Accept-Encoding": "br"})[1]
        (bodies / f"{name}.br").write_bytes(packed)
    beside = {}
    for name in ("bare", "peers"):
        beside[name] = machine.free_port()
        program = [sys.executable, "-P", str(Path(__file__).with_name("serving_apps.py"))]
        command = [*program, name, str(beside[name]), str(bodies)]
        probe = "/small" if name == "bare" else "/openapi.json"
        beside[f"{name}.pid"] = stack.enter_context(server(command, beside[name], probe))
    runners = {}

    def add(name, port, process, path, **more):
        runners[name] = Runner(name, f"http://127.0.0.1:{port}{path}", process, **more)

    for size in SIZES:
        plain, packed = (bodies / size).read_bytes(), (bodies / f"{size}.br").read_bytes()
        exactly, exactly_packed = plain.__eq__, packed.__eq__
        assert plain == unpacked(packed)
        add(f"bare {size}", beside["bare"], beside["bare.pid"], f"/{size}", same=exactly)
        add(f"lane {size}", port, ours, paths[size], same=exactly)
        more = {"same": exactly_packed}
        add(f"bare {size} br", beside["bare"], beside["bare.pid"], f"/{size}.br", **more)
        add(f"lane {size} br", port, ours, paths[size], headers={"Accept-Encoding": "br"}, **more)
    small = (bodies / "small").read_bytes()
    add("bare headed", beside["bare"], beside["bare.pid"], "/headed", same=small.__eq__)
    etag = {"If-None-Match": get(port, paths["small"])[2]["etag"]}
    add("bare 304", beside["bare"], beside["bare.pid"], "/304", status=304, same=b"".__eq__)
    add("lane 304", port, ours, paths["small"], headers=etag, status=304, same=b"".__eq__)
    # An id of the client's own is more than the lane knows, so the route answers.
    own_id = {"X-Request-Id": "bench-of-the-route"}
    add("route small", port, ours, paths["small"], headers=own_id, same=small.__eq__)
    for library in ("fastapi-cache2", "cashews", "aiocache"):
        for way, same in (("readme", equal_json(small)), ("tuned", small.__eq__)):
            path = f"/{library}/{way}?fund=1"
            add(f"{library} {way}", beside["peers"], beside["peers.pid"], path, same=same)
    if NGINX:
        proxy = machine.free_port()
        process = stack.enter_context(nginx(folder, proxy, port))
        add("nginx proxy_cache", proxy, process, paths["small"], same=small.__eq__)
    return runners


def compared(runners):
    found = []
    for size, named in (("small", "20 KB"), ("large", "60 KB")):
        for packed in ("", " br"):
            work = f"fast lane, {named}{' brotli' if packed else ''}"
            ours, bare = runners[f"lane {size}{packed}"], runners[f"bare {size}{packed}"]
            found.append(line(work, ours, bare, "bare, constant bytes", 0.85))
            found.append(p99_line(work, ours, bare))
    found.append(line("304", runners["lane 304"], runners["bare 304"], "bare 304", 0.85))
    lane = runners["lane small"]
    headed = runners["bare headed"]
    found.append(line("fast lane, 20 KB", lane, headed, "bare, with our headers"))
    found.append(
        line("FastAPI route, 20 KB", runners["route small"], runners["bare small"], "bare")
    )
    for library in ("fastapi-cache2", "cashews", "aiocache"):
        for way, target in (("readme", 60.0), ("tuned", 4.0)):
            peer = runners[f"{library} {way}"]
            found.append(line("fast lane, 20 KB", lane, peer, peer.name, target))
    if "nginx proxy_cache" in runners:
        peer = runners["nginx proxy_cache"]
        found.append(line("fast lane, 20 KB", lane, peer, peer.name))
    return found


def line(work, ours, peer, named, target=None):
    """The median over the rounds of the ratio within a round."""
    ratio = median(a / b for a, b in zip(ours.rates, peer.rates, strict=True))
    cpu = median(peer.cpu_s) / median(ours.cpu_s) if all(ours.cpu_s + peer.cpu_s) else None
    return Line(
        work,
        1 / median(ours.rates),
        named,
        1 / median(peer.rates),
        ratio,
        cpu,
        median(ours.p99_ms),
        median(peer.p99_ms),
        f">= {target:g}" if target else "",
        ratio >= target if target else None,
    )


def p99_line(work, ours, bare):
    """The slowest hundredth at fifty connections; here a ratio below one is slower than bare.

    Rates and times are both compared within a round, where the two stand next to each other.
    """
    mine, theirs = median(ours.p99_ms) / 1000, median(bare.p99_ms) / 1000
    ratio = median(b / a for a, b in zip(ours.p99_ms, bare.p99_ms, strict=True))
    return Line(
        f"{work}, p99",
        mine,
        "bare, p99",
        theirs,
        ratio,
        None,
        1000 * mine,
        1000 * theirs,
        ">= 1/1.2",
        1.2 * ratio >= 1,
    )


def measure(runner):
    for _ in range(ATTEMPTS):
        before = cpu_seconds(runner.process)
        requests, seconds, p99 = by_wrk(runner) if WRK else by_users(runner)
        if requests:
            break
    assert requests, f"{runner.name} answers nothing: the machine is too busy to measure"
    runner.rates.append(requests / seconds)
    runner.p99_ms.append(p99)
    runner.cpu_s.append((cpu_seconds(runner.process) - before) / requests)


def by_wrk(runner):
    headers = [f"-H{name}: {value}" for name, value in runner.headers.items()]
    command = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "20s", "--latency"]
    with on_core(LOAD_CORE):
        said = subprocess.run(
            [*command, *headers, runner.url], capture_output=True, text=True, check=True
        ).stdout
    assert "Non-2xx" not in said, f"{runner.name}:\n{said}"
    assert "Socket errors" not in said, f"{runner.name}:\n{said}"
    requests, seconds = re.search(r"(\d+) requests in ([\d.]+)s", said).groups()
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", said).groups()
    return int(requests), float(seconds), float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def by_users(runner):
    """Our own users, where there is no wrk: they take more of their core than it does."""
    address = urlsplit(runner.url)
    headers = "".join(f"{name}: {value}\r\n" for name, value in runner.headers.items())
    path = f"{address.path}?{address.query}"
    request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{headers}\r\n".encode()
    target = Target("127.0.0.1", address.port, (), "", date.max)

    async def load():
        async with Crowd.of(target, CONNECTIONS) as crowd:
            return await crowd.ask_for(SECONDS, cycle([Question(path, request)]))

    with on_core(LOAD_CORE):
        figures = asyncio.run(load()).figures(SECONDS)
    lost = {kind: n for kind, n in figures["failures"].items() if kind != str(runner.status)}
    assert not lost, f"{runner.name}: {lost}"
    return figures["requests"], SECONDS, figures["p99_ms"] or float("nan")


def check(runner):
    address = urlsplit(runner.url)
    path = f"{address.path}?{address.query}" if address.query else address.path
    for _ in range(2):
        status, body, _ = get(address.port, path, runner.headers)
        assert status == runner.status, f"{runner.name} answers {status}"
        assert runner.same(body) is True, f"{runner.name} answers other bytes"


def equal_json(body):
    """What a README's way answers is written by another encoder: equal as JSON."""
    return lambda other: json.loads(other) == json.loads(body)


def unpacked(body):
    return brotli.decompress(body) if not body.startswith(b"\x1f\x8b") else gzip.decompress(body)


def stored(folder):
    """A data folder with two funds whose chart has about 20 KB and 60 KB."""
    index = demo_benchmark()
    funds = {name: fund_of_size(index, size, name) for name, size in SIZES.items()}
    new = [NewDataset(kind="fund", name=name, value=fund) for name, fund in funds.items()]
    new.append(NewDataset(kind="benchmark", name="index", value=index))
    with Store.open(folder) as store:
        done = store.commit(LOCAL.tenant, new, raw=None, raw_name="bench", actor="bench")
    return {item.name: item.id for item in done.items}


def fund_of_size(index, size, name):
    count = 60
    for _ in range(4):
        fund = fund_of(count, name)
        report = evaluate(fund, index, max_staleness_days=None)
        made = len(orjson.dumps(chart(report, "irr_pme").to_plotly()))
        count = max(10, round(count * size / made))
    return fund


def fund_of(count, name):
    """One call, then a valuation every few days."""
    first = date(2012, 1, 3).toordinal()
    step = (date(2025, 12, 30).toordinal() - first) / count
    days = [date.fromordinal(first + round(step * place)) for place in range(1, count + 1)]
    navs = [(day, round(100 * 1.0003**place + place % 7, 2)) for place, day in enumerate(days)]
    return Fund.of(flows=[(date.fromordinal(first), 100.0, 0.0)], navs=navs, name=name)


@contextmanager
def server(command, port, probe, *, without_settings=False):
    """A child on the servers' core; its process id."""
    environment = dict(os.environ)
    if without_settings:
        environment = {k: v for k, v in environment.items() if not k.startswith("PME_")}
        environment["PME_WARM_ENGINE"] = "false"  # nothing is compiled beside the load
    with on_core(SERVER_CORE):
        child = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while not answers(port, probe):
            assert child.poll() is None, f"{command} has ended"
            assert time.monotonic() < deadline, f"{command} does not answer"
            time.sleep(0.05)
        yield child.pid
    finally:
        child.terminate()
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def nginx(folder, port, upstream):
    """One worker that keeps our answers; the process id of the worker's parent."""
    place = folder / "nginx"
    place.mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {place}/{kind};" for kind in kinds)
    (place / "nginx.conf").write_text(
        f"""{user} daemon off; worker_processes 1; pid {place}/pid; error_log {place}/errors;
        events {{ worker_connections 1024; }}
        http {{ access_log off; keepalive_requests 1000000000; {temporary}
        proxy_cache_path {place}/cache keys_zone=ours:10m;
        server {{ listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_set_header Host 127.0.0.1;
        proxy_cache ours; proxy_cache_valid 200 1h;
        proxy_ignore_headers Cache-Control Vary Expires; }} }} }}""",
        encoding="utf-8",
    )
    command = [NGINX, "-p", str(place), "-e", f"{place}/errors", "-c", f"{place}/nginx.conf"]
    with server(command, port, "/healthz") as process:
        yield process


@contextmanager
def on_core(core):
    """Children that are started here stay on the core from their first instruction on."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(process):
    """Of a process and its children that live; 0 where /proc is missing."""
    try:
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        )
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / TICKS
    return own + sum(cpu_seconds(int(child)) for child in children.split())


def answers(port, path):
    try:
        return get(port, path)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def get(port, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "identity", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read(), {k.lower(): v for k, v in response.getheaders()}
    finally:
        connection.close()


if __name__ == "__main__":
    main()
