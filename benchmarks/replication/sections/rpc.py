"""RPC: `replicate()` against a bare odoorpc loop over the same pages; then more clients, a slower Odoo, and JSON-2 beside it."""

from __future__ import annotations

from dataclasses import asdict

from benchmarks.common.report import Section, Sheet, Verdict
from benchmarks.replication import job, lab
from benchmarks.replication.bench import MEMORY_MB, Bench, median, ratios
from benchmarks.replication.entities import entities
from benchmarks.replication.job import Outcome
from demo.odoo.server import StandIn
from sources.contract import Entity

LIMIT = 1.10
CLIENTS = (1, 2, 4)
LATENCIES = (0.0, 0.1)  # seconds the stand-in waits on each request: with 0.1 it gives rows at about Odoo 18's own pace
WORKERS = 4
BARE = "bare odoorpc loop"


def measure(bench: Bench) -> Section:
    """On the synthetic utility: of size demo at the reference size, else tiny, where the fixed work of the entities weighs and nothing is judged."""
    utility = "demo" if bench.judged else "tiny"
    section = Section("rpc", bench.size)
    wanted = entities(None)
    bench.doing(f"making the synthetic utility {utility}")
    database = bench.lab.utility(utility)
    with StandIn(bench.lab.dsn(database), workers=2) as server:
        _bare(server)  # fills the caches of the source; not counted
        bare, ours = [], []
        for number in range(1, bench.rounds + 1):
            bench.doing(f"round {number}")
            bare.append(bench.done(f"{number} bare odoorpc loop", _bare(server)))
            ours.append(bench.done(f"{number} replicate over RPC, 1 client", _replicated(bench, server, wanted, 1)))
            if bare[-1].rows != ours[-1].rows:
                raise RuntimeError(f"They did not read the same: {bare[-1].rows} and {ours[-1].rows} rows.")
    ratio, peak = median(ratios(ours, bare)), max(o.peak_mb for o in ours)
    a, b = median(o.seconds for o in bare), median(o.seconds for o in ours)
    section.sheets.append(Sheet(
        f"RPC against a bare odoorpc loop, utility {utility}: {ours[0].rows:,} rows, {len(wanted)} entities, 2 workers",
        ["path", "median s", "rows/s", "÷ bare", "peak MB"],
        [[BARE, a, bare[0].rows / a, None, max(o.peak_mb for o in bare)], ["replicate, 1 client", b, ours[0].rows / b, ratio, peak]],
        f"Median of {bench.rounds} rounds."))
    section.verdicts = [Verdict("RPC, one client: time over that of a bare odoorpc loop", ratio, "≤", LIMIT, bench.judged),
                        Verdict("RPC, one client: peak memory", peak, "≤", MEMORY_MB, unit="MB")]
    scaling = [row for latency in LATENCIES for row in _scaling(bench, database, wanted, latency, section)]
    section.sheets.append(Sheet(
        f"More clients, {WORKERS} workers, utility {utility}", ["path", "latency s", "clients", "s", "rows/s", "÷ bare", "peak MB"], scaling,
        "Once each. Server, client and both databases share the machine: without latency its cores are the limit, not Odoo's answers."))
    section.raw |= {"bare": [asdict(o) for o in bare], "replicate": [asdict(o) for o in ours]}
    return section


def _scaling(bench: Bench, database: str, wanted: list[Entity], latency: float, section: Section) -> list[list]:
    outcomes: dict[tuple[str, int], Outcome] = {}
    for transport, name, version in (("rpc", "replicate, RPC", "18.0"), ("json2", "replicate, JSON-2", "19.0")):
        with StandIn(bench.lab.dsn(database), workers=WORKERS, latency_s=latency, version=version) as server:
            if transport == "rpc":
                outcomes[BARE, 1] = bench.done(f"latency {latency} s: {BARE}", _bare(server))
            for clients in CLIENTS:
                bench.doing(f"latency {latency} s: {name}, {clients} clients")
                outcomes[name, clients] = bench.done(f"latency {latency} s: {name}, {clients} clients",
                                                     _replicated(bench, server, wanted, clients, transport))
    section.raw[f"scaling {latency}"] = {f"{name} {clients}": asdict(o) for (name, clients), o in outcomes.items()}
    return [[name, latency, clients, o.seconds, o.rows / o.seconds, o.seconds / outcomes[BARE, 1].seconds, o.peak_mb]
            for (name, clients), o in outcomes.items()]


def _bare(server: StandIn) -> Outcome:
    return job.run("baselines:odoorpc_loop", {}, names=None, host=server.host, port=server.port, db=server.db, user=server.user, password=server.password)


def _replicated(bench: Bench, server: StandIn, wanted: list[Entity], clients: int, transport: str = "rpc") -> Outcome:
    lab.forget(wanted)
    bench.lab.checkpoint()
    environment = {"ODOO_URL": server.url, "ODOO_DB": server.db, "ODOO_USER": server.user, "ODOO_PASSWORD": server.password}
    if transport == "json2":
        environment["ODOO_API_KEY"] = server.api_key()
    return job.run("caudal_work:at_once", bench.lab.environment(server.db, transport) | environment,
                   entities=[e.name for e in wanted], clients=clients)
