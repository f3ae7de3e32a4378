"""The day as a picture: SVG, drawn here, so that it needs nothing to be made or looked at.

Top to bottom: the day's figures; contacts of each interval and what became of them; service level and wait
with the bands of their confidence; agents there and on contact; a strip for each queue and group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from unicodedata import east_asian_width

from services.acd.planning.plan import HOUR_MS, MINUTE_MS, Plan, clock
from services.acd.planning.results import Results
from services.acd.planning.spread import Estimate

WIDTH = 960
LEFT, RIGHT = 190, 28
PLOT = WIDTH - LEFT - RIGHT
PANEL = 118
GAP = 46
STRIP = 26
LABEL_UNITS = 22
"""Widths of a narrow letter that fit before a strip; a Chinese one takes two."""
BAND_MOST = 2.5
"""A band is cut off at so many times the line's highest point."""
STRIPS_MOST = 60
"""Queues, and groups, shown; a longer picture nobody prints."""

INK, FAINT, GRID, PAPER = "#1f2933", "#6b7785", "#e3e7eb", "#ffffff"
IN_TIME, LATE, LOST, ELSEWHERE = "#2a9d8f", "#e9c46a", "#d1495b", "#a5adb6"
LINE, LIGHT = "#2b6cb0", "#c9d6e4"
FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"

# Colours of a share from bad to good, for people who see red and green alike: by lightness too.
# Each with the percentage it begins at: what matters happens near the top.
GOOD = ((0, "#a4243b"), (50, "#d8572a"), (70, "#e9a23b"), (80, "#b7c46a"), (90, "#5aa874"), (95, "#1e7d6b"))
LOAD = ((0, "#eef3f8"), (40, "#c9dbec"), (60, "#9cc0de"), (70, "#6a9fcb"), (80, "#3f79ae"), (90, "#1d4f86"))


def draw(results: Results) -> str:
    """The whole picture."""
    picture = _Picture(results.plan)
    picture.head(results)
    picture.bars("Contacts", _fates(results), LEGEND_CONTACTS)
    levels = [figures.fared.service_level.times(100) for figures in results.intervals]
    picture.line("Service level, %", levels, most=100)
    picture.line("ASA, s", [figures.fared.asa_s for figures in results.intervals])
    picture.bars("Agents", _crew(results), LEGEND_AGENTS)
    picture.strips("Service level of queues", _queue_strips(results), GOOD)
    picture.strips("Occupancy of groups", _group_strips(results), LOAD)
    return picture.done()


Colours = Sequence[tuple[int, str]]
Stack = tuple[tuple[str, float], ...]
"""Colours with heights, from the bottom."""
Strip = tuple[str, Estimate, list[float | None]]
"""Name, the day's figure, and the intervals' shares."""

LEGEND_CONTACTS = (
    (IN_TIME, "answered in time"),
    (LATE, "answered later"),
    (LOST, "abandoned"),
    (ELSEWHERE, "sent on, refused"),
)
LEGEND_AGENTS = ((LINE, "on contact"), (LIGHT, "idle or ringing"))


def _fates(results: Results) -> list[Stack]:
    stacks: list[Stack] = []
    for figures in results.intervals:
        fared = figures.fared
        in_time, answered = _height(fared.in_time), _height(fared.answered)
        elsewhere = _height(fared.sent_on) + _height(fared.refused)
        abandoned = _height(fared.abandoned)
        stacks.append(
            ((IN_TIME, in_time), (LATE, answered - in_time), (LOST, abandoned), (ELSEWHERE, elsewhere))
        )
    return stacks


def _crew(results: Results) -> list[Stack]:
    stacks: list[Stack] = []
    for figures in results.intervals:
        staffed, busy = _height(figures.worked.staffed), _height(figures.worked.on_contact)
        stacks.append(((LINE, busy), (LIGHT, staffed - busy)))
    return stacks


def _height(estimate: Estimate) -> float:
    return estimate.value or 0.0


def _queue_strips(results: Results) -> list[Strip]:
    return [
        (queue.title, fared.service_level, [each.service_level.value for each in intervals])
        for queue, fared, intervals in zip(
            results.plan.queues, results.queues, results.queue_intervals, strict=True
        )
    ]


def _group_strips(results: Results) -> list[Strip]:
    """After a shift only its last conversations are left, a hundred per cent of them busy: not shown."""
    plan = results.plan

    def shares(number: int) -> list[float | None]:
        ends_ms = plan.groups[number].ends_ms
        return [
            each.occupancy.value if plan.starts_ms(at) < ends_ms else None
            for at, each in enumerate(results.group_intervals[number])
        ]

    return [
        (f"{group.name} ({group.count})", results.groups[number].occupancy, shares(number))
        for number, group in enumerate(plan.groups)
    ]


class _Picture:
    """What has been drawn, and how far down."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.parts: list[str] = []
        self.y = 0.0

    def done(self) -> str:
        height = round(self.y + 24)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="{FONT}" font-size="12" fill="{INK}">'
            f'<title>{escape(self.plan.name)}</title><rect width="100%" height="100%" fill="{PAPER}"/>'
            f"{''.join(self.parts)}</svg>\n"
        )

    # ------------------------------------------------------------ pieces

    def text(self, x: float, y: float, words: str, size: int = 12, fill: str = INK, more: str = "") -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"{more}>{escape(words)}</text>'
        )

    def rect(self, x: float, y: float, width: float, height: float, fill: str, hint: str = "") -> None:
        if width > 0 and height > 0:
            title = f"<title>{escape(hint)}</title>" if hint else ""
            self.parts.append(
                f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" '
                f'fill="{fill}">{title}</rect>'
            )

    def rule(self, y: float) -> None:
        self.parts.append(f'<line x1="{LEFT}" x2="{LEFT + PLOT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')

    def x(self, interval: float) -> float:
        return LEFT + PLOT * interval / self.plan.intervals

    # ------------------------------------------------------------ head

    def head(self, results: Results) -> None:
        runs = self.plan.runs
        self.text(24, 38, shortened(self.plan.name, 84), 20, more=' font-weight="600"')
        self.text(
            24,
            58,
            f"{clock(self.plan.opens_ms)}-{clock(self.plan.closes_ms)} · {runs} simulated on the production "
            f"engine · {runs.sure} · seed {runs.seed}",
            fill=FAINT,
        )
        fared, worked = results.whole.fared, results.whole.worked
        tiles = (
            ("contacts a day", fared.offered, "", 0),
            ("service level", fared.service_level.times(100), " %", 1),
            ("ASA", fared.asa_s, " s", 1),
            ("abandoned", fared.abandoned_share.times(100), " %", 1),
            ("occupancy", worked.occupancy.times(100), " %", 1),
        )
        for number, (name, estimate, unit, digits) in enumerate(tiles):
            self._tile(24 + number * 186, name, estimate, unit, digits)
        self.y = 164

    def _tile(self, x: float, name: str, estimate: Estimate, unit: str, digits: int) -> None:
        value = "-" if estimate.value is None else f"{estimate.value:,.{digits}f}{unit}"
        half = "" if estimate.half is None else f"± {estimate.half:,.{digits}f}"
        self.text(x, 90, name, 12, FAINT)
        self.text(x, 114, value, 21, more=' font-weight="600"')
        self.text(x, 131, half, 12, FAINT)

    # ------------------------------------------------------------ panels

    def bars(self, name: str, stacks: Sequence[Stack], legend: Sequence[tuple[str, str]]) -> None:
        most = _ceiling(max((sum(height for _, height in stack) for stack in stacks), default=0))
        with_gap = 0.86 if len(stacks) <= 100 else 1.0
        self._frame(name, most)
        self._legend(legend)
        for interval, stack in enumerate(stacks):
            base = self.y + PANEL
            for fill, value in stack:
                height = PANEL * value / most
                base -= height
                starts = clock(self.plan.starts_ms(interval))
                self.rect(
                    self.x(interval),
                    base,
                    PLOT / len(stacks) * with_gap,
                    height,
                    fill,
                    f"{starts} {value:,.1f}",
                )
        self._hours()

    def line(self, name: str, estimates: Sequence[Estimate], most: float | None = None) -> None:
        """A line with the band of its confidence; intervals with nothing to say are gaps."""
        if most is None:
            values = [each.value or 0.0 for each in estimates]
            highs = [each.high or value for each, value in zip(estimates, values, strict=True)]
            # Two or three days make bands so wide that the line would lie on the ground.
            most = _ceiling(min(max(highs), max(values) * BAND_MOST))
        self._frame(name, most)

        def y(value: float) -> float:
            return self.y + PANEL * (1 - min(max(value / most, 0), 1))

        for run in _runs(estimates):
            self._band([(self.x(at + 0.5), y(low), y(high)) for at, _, low, high in run])
            points = " ".join(f"{self.x(at + 0.5):.1f},{y(value):.1f}" for at, value, _, _ in run)
            self.parts.append(f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2"/>')
            for at, value, _, _ in run if len(run) <= 100 else ():
                self.parts.append(
                    f'<circle cx="{self.x(at + 0.5):.1f}" cy="{y(value):.1f}" r="2.4" fill="{LINE}">'
                    f"<title>{clock(self.plan.starts_ms(at))} {value:,.1f}</title></circle>"
                )
        self._hours()

    def _band(self, edges: Sequence[tuple[float, float, float]]) -> None:
        there = [f"{x:.1f},{high:.1f}" for x, _, high in edges]
        back = [f"{x:.1f},{low:.1f}" for x, low, _ in reversed(edges)]
        self.parts.append(f'<polygon points="{" ".join(there + back)}" fill="{LINE}" fill-opacity="0.16"/>')

    def _frame(self, name: str, most: float) -> None:
        self.text(24, self.y + 14, name, 13, more=' font-weight="600"')
        for step in range(5):
            y = self.y + PANEL * (1 - step / 4)
            self.rule(y)
            self.text(LEFT - 8, y + 4, f"{most * step / 4:,.4g}", 11, FAINT, ' text-anchor="end"')

    def _legend(self, legend: Sequence[tuple[str, str]]) -> None:
        for number, (fill, words) in enumerate(legend):
            y = self.y + 26 + number * 18
            self.rect(24, y, 10, 10, fill)
            self.text(40, y + 9, words, 11, FAINT)

    def _hours(self) -> None:
        """Times under a panel, and on to the next one."""
        for at_ms in _ticks(self.plan):
            x = self.x((at_ms - self.plan.opens_ms) / self.plan.interval_ms)
            self.text(x, self.y + PANEL + 16, clock(at_ms), 11, FAINT, ' text-anchor="middle"')
        self.y += PANEL + GAP

    # ------------------------------------------------------------ strips

    def strips(self, name: str, strips: Sequence[Strip], colours: Colours) -> None:
        """A row for each queue or group, coloured by interval, with the day's figure."""
        self.text(24, self.y + 4, name, 13, more=' font-weight="600"')
        self._scale(colours)
        self.y += 16
        for title, estimate, shares in strips[:STRIPS_MOST]:
            self._strip(title, estimate, shares, colours)
        if len(strips) > STRIPS_MOST:
            self.text(24, self.y + 14, f"and {len(strips) - STRIPS_MOST} more", 11, FAINT)
            self.y += STRIP
        self.y += 30

    def _strip(
        self, title: str, estimate: Estimate, shares: Sequence[float | None], colours: Colours
    ) -> None:
        label = shortened(title, LABEL_UNITS)
        hint = f"<title>{escape(title)}</title>"
        self.parts.append(f'<text x="24" y="{self.y + 15:.1f}">{escape(label)}{hint}</text>')
        width = PLOT - 90
        for at, share in enumerate(shares):
            fill = GRID if share is None else _colour(share, colours)
            said = "nobody" if share is None else f"{share:.0%}"
            x = LEFT + width * at / len(shares)
            self.rect(
                x,
                self.y,
                width / len(shares) + 0.2,
                STRIP - 6,
                fill,
                f"{clock(self.plan.starts_ms(at))} {said}",
            )
        self.text(LEFT + PLOT, self.y + 15, percent(estimate), 12, more=' text-anchor="end"')
        self.y += STRIP

    def _scale(self, colours: Colours) -> None:
        x = LEFT + PLOT - len(colours) * 40
        for number, (begins, fill) in enumerate(colours):
            self.rect(x + number * 40, self.y - 6, 12, 11, fill)
            self.text(x + number * 40 + 15, self.y + 4, f"{begins}%", 10, FAINT)


def _colour(share: float, colours: Colours) -> str:
    return next(fill for begins, fill in reversed(colours) if share * 100 >= begins)


Point = tuple[int, float, float, float]


def _runs(estimates: Sequence[Estimate]) -> Iterator[list[Point]]:
    """Neighbouring intervals that have a value: interval, value, low, high."""
    run: list[Point] = []
    for at, each in enumerate(estimates):
        if each.value is None:
            if run:
                yield run
            run = []
        else:
            half = each.half or 0.0
            run.append((at, each.value, each.value - half, each.value + half))
    if run:
        yield run


def _ceiling(value: float) -> float:
    """The next number above that divides by four without odd digits."""
    step = 1.0
    while step * 4 * 10 < value:
        step *= 10
    return next(
        step * 4 * times for times in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * 4 * times >= value
    )


def _ticks(plan: Plan) -> Iterator[int]:
    """Full hours, or every few of them, or every few minutes of a short day."""
    length = plan.closes_ms - plan.opens_ms
    steps = [
        5 * MINUTE_MS,
        15 * MINUTE_MS,
        30 * MINUTE_MS,
        *(HOUR_MS * each for each in (1, 2, 4, 6, 12, 24)),
    ]
    step = next((each for each in steps if length / each <= 13), -(-length // (12 * HOUR_MS)) * HOUR_MS)
    first = -(-plan.opens_ms // step) * step
    yield from range(first, plan.closes_ms + 1, step)


def shortened(words: str, units: int) -> str:
    """As much as fits into so many widths of a narrow letter; a Chinese one takes two."""
    if _units(words) <= units:
        return words
    kept = words
    while kept and _units(kept) > units - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _units(words: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def percent(estimate: Estimate, empty: str = "-", digits: int = 1) -> str:
    """A share as people read it."""
    if estimate.value is None:
        return empty
    half = "" if estimate.half is None else f" ± {estimate.half * 100:.{digits}f}"
    return f"{estimate.value * 100:.{digits}f}{half} %"
