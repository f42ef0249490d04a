"""The run over all contracts: who pays how and where, what each bill is, and each contract's history in its turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.utility.catalogue import TODAY, Calendar, Size, catalogue, day_number
from demo.utility.consumption import Consumption, incident_month
from demo.utility.ledger import CHRONIC, LATE_PAYER, NON_PAYER, PUNCTUAL, Ledger
from demo.utility.life import Life
from demo.utility.mistakes import mistakes
from demo.utility.network import USER_TYPES, Network
from demo.utility.tariff import tariff

BAD_MONTH = 8  # months before the last closed one: the system was down, people paid less
HARD_TIMES = 14  # months before the end from which some who used to pay stop doing so


@dataclass
class Channels:
    """Journals with money, flattened for quick draws."""

    hours: list[tuple[int, int]]
    kinds: list[str]
    codes: list[str]
    methods: list[list[tuple[int, float]]]  # per channel: (payment method line, cumulated share)
    collectors: list[list[int]]  # per channel: who takes money there
    stops: dict[int, int]  # collector → day

    @classmethod
    def read(cls) -> Channels:
        money = [c for c in catalogue()["channels"] if c["kind"] != "sale"]
        people = catalogue()["collectors"]
        methods, k = [], 0
        for channel in money:
            total, rows = 0.0, []
            for _, _, share in channel["methods"]:
                total += share
                rows.append((k, total))
                k += 1
            methods.append(rows)
        codes = [c["code"] for c in money]
        return cls([tuple(c["hours"]) for c in money], [c["kind"] for c in money], codes, methods,
                   [[i for i, p in enumerate(people) if p["journal"] == code] for code in codes],
                   {i: day_number(p["stops_on"]) for i, p in enumerate(people) if "stops_on" in p})


class Simulation:
    """One run over all contracts. Use `run()`."""

    def __init__(self, net: Network, calendar: Calendar, use: Consumption, size: Size, rng: np.random.Generator) -> None:
        self.net, self.calendar, self.use, self.size = net, calendar, use, size
        self.book = Ledger()
        self.channels = Channels.read()
        self.today = day_number(TODAY)
        self.first_days = calendar.month_numbers.tolist()
        self.issue_days = [[first + day - 1 for day in catalogue()["billing_cycles"]] for first in self.first_days]
        spec = catalogue()
        self.due_days = spec["due_days"]
        self.late_rate = round(spec["late_rate"] * 1000)
        self.sewer_share = round(spec["sewer_share"] * 1000)
        self.itbis = round(spec["itbis"] * 1000)
        self.reconnection_fee = round(spec["reconnection_fee"] * 100)
        self.meter_fee = round(spec["meter_fee"] * 100)
        n, months = len(net), len(calendar)
        self.draws = rng.random((n, months, 12)).tolist()
        self.rng = rng
        self.stream = _stream(rng)
        self.billed_m3, self.water = self._charges()
        self._draw_habits()
        self.bad_month = months - 2 - BAD_MONTH
        self.incident = incident_month(calendar)
        self.mistakes = mistakes(net, calendar)

    def _charges(self) -> tuple[list[list[int]], list[list[int]]]:
        """Billed m³ and water charge in cents, contracts × months."""
        taken = self.use.billed_on
        m3, cents = np.zeros_like(taken), np.zeros_like(taken)
        for u, code in enumerate(USER_TYPES):
            rows = np.flatnonzero(self.net.user_type == u)
            for m, month in enumerate(self.calendar.first_days):
                sheet = tariff(code, month)
                m3[rows, m] = sheet.billed_m3(taken[rows, m])
                cents[rows, m] = sheet.charge(m3[rows, m])
        return m3.tolist(), cents.tolist()

    def _draw_habits(self) -> None:
        net, rng, n = self.net, self.rng, len(self.net)
        sectors = catalogue()["sectors"]
        hardship = np.array([s["hardship"] for s in sectors])[net.sector]
        u = rng.random(n)
        punctual = 0.975 - 0.45 * hardship
        late = punctual + 0.02 + 0.14 * hardship
        chronic = late + 0.004 + 0.17 * hardship
        habit = np.select([u < punctual, u < late, u < chronic], [PUNCTUAL, LATE_PAYER, CHRONIC], NON_PAYER)
        habit = np.where(net.user_type == 2, PUNCTUAL, habit)
        habit = np.where(net.user_type == 3, np.where(rng.random(n) < 0.4 + 0.5 * hardship, CHRONIC, LATE_PAYER), habit)
        self.enforcement = (0.40 - 0.24 * hardship).tolist()  # share of the months in which a debtor gets a cut order
        shares = np.cumsum([c["share"] for c in catalogue()["channels"] if c["kind"] != "sale"])
        channel = np.minimum(np.searchsorted(shares, rng.random(n) * shares[-1]), len(shares) - 1)
        codes = self.channels.codes
        in_san_victor = np.array([s["code"] == "SVI-01" for s in sectors])[net.sector]
        far = np.where(rng.random(n) < 0.5, codes.index("CJMOC"), codes.index("BRESE"))
        channel = np.where((channel == codes.index("CJSVI")) & ~in_san_victor, far, channel)
        channel = np.where(in_san_victor & (channel == codes.index("CJMOC")), codes.index("CJSVI"), channel)
        external = self.channels.collectors[codes.index("COBEX")]
        stopper = next(iter(self.channels.stops))
        his = np.isin(net.sector, [i for i, s in enumerate(sectors) if s["code"] in catalogue()["collectors"][stopper]["sectors"]])
        others = [c for c in external if c != stopper]
        collector = np.where(his, stopper, np.array(others)[rng.integers(0, len(others), n)])
        worse = (rng.random(n) < 0.01 + 0.55 * hardship) & (net.user_type < 2)
        self.worsens = np.where(worse, len(self.calendar) - rng.integers(2, HARD_TIMES, n), 10**6).tolist()
        self.habit, self.channel, self.collector = habit.tolist(), channel.tolist(), collector.tolist()
        self.leaves = {n // 9: "leave", n // 6: "abandon"}  # whatever the seed, one contract ends paid and one with its debt

    # ---------- the run

    def uniform(self) -> float:
        """One more draw in [0, 1)."""
        return next(self.stream)

    def run(self) -> Ledger:
        """Simulate every contract."""
        n, months = len(self.net), len(self.calendar)
        planned = [[False] * months for _ in range(n)]
        for c in range(n):
            state, ended = (self._mistaken if c in self.mistakes else self._contract)(c, planned[c])
            self.book.state.append(state)
            self.book.ended.append(ended)
        self.book.planned = np.array(planned)
        return self.book

    def _mistaken(self, c: int, planned: list[bool]) -> tuple[str, int]:
        """The history of a contract that a billing run made a mistake with.

        It is first told into a book that is thrown away, as if nothing had been wrong, and then with draws of its own: what all others draw stays.
        """
        book, leaves, stream = self.book, dict(self.leaves), self.stream
        self.book = Ledger()
        self._contract(c, [False] * len(planned))
        self.book, self.leaves, self.stream = book, leaves, _stream(np.random.default_rng([c, len(planned)]))
        told = self._contract(c, planned, wrong=True)
        self.stream = stream
        return told

    def _contract(self, c: int, planned: list[bool], wrong: bool = False) -> tuple[str, int]:
        """The history of contract `c`. Returns its state today and the day it ended (−1: goes on). `wrong`: with what billing did wrong."""
        life = Life(self, c)
        cycle = int(self.net.cycle[c])
        for m in range(int(self.net.first_month[c]), len(self.calendar)):
            issue = self.issue_days[m][cycle]
            if issue > self.today:
                if issue - 4 <= self.today and not life.cut and life.ended < 0:
                    planned[m] = True
                    if c % 2 == 0 and not self.net.excluded[c]:
                        life.settle_until(self.today + 1)
                        life.draft(m)
                break
            life.settle_until(issue)
            if life.ended >= 0:
                return "closed", life.ended
            if life.cut:
                life.while_cut(m, issue)
                continue
            planned[m] = True
            if self.net.excluded[c] or wrong and self.mistakes.left_out.get(c) == m:
                continue
            life.bill(m, issue)
            if wrong and self.mistakes.twice.get(c) == m:
                life.bill_again(issue, noticed=c in self.mistakes.noticed)
            life.after_bill(m, issue)
        life.settle_until(self.today + 1)
        if life.ended >= 0:
            return "closed", life.ended
        return ("cut" if life.cut else "active"), -1


def _stream(rng: np.random.Generator):
    while True:
        yield from rng.random(65_536).tolist()


def simulate(net: Network, calendar: Calendar, use: Consumption, size: Size, rng: np.random.Generator) -> Ledger:
    """Tell the history of every contract."""
    return Simulation(net, calendar, use, size, rng).run()
