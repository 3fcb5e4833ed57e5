"""How soon a picture follows a control in a real JupyterLab, beside a bare comm echo and ``interact``.

    python benchmarks/explorer_latency.py [--quick]

All variants run in one notebook, in turn, pass after pass, so that a busy machine disturbs them alike. Read the ratios,
not the milliseconds. A step is one real key press; its time runs from the change of the control (its input event; for
ipywidgets' slider, which has none, the key event) to the last change of the picture (the control's own parts do not
count). A drag is 180 changes in three seconds. Exit code 0 means every goal is met.
"""

from __future__ import annotations

import argparse
import base64
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.browser.lab import NO_BROWSER, LabPage, LabServer, find_browser, launch, write_notebook  # noqa: E402

DRUG, HEIGHT_CM, AGE_YEARS = "prednisone", 175, 58

ECHO = '''import anywidget
import traitlets


class Echo(anywidget.AnyWidget):
    """The least a kernel can do: a native range goes in, its value comes back as text."""

    _esm = """
    export default { render({ model, el }) {
      el.innerHTML = '<input type="range" min="40" max="120" value="80" aria-label="weight"><output class="echo">';
      const range = el.querySelector('input'), output = el.querySelector('output');
      range.addEventListener('input', () => { model.set('value', range.value); model.save_changes(); });
      // JupyterLab would take the arrow keys for itself.
      el.addEventListener('keydown', event => event.stopPropagation());
      const show = () => { output.textContent = model.get('said'); };
      show();
      model.on('change:said', show);
    } }
    """
    value = traitlets.Unicode("80").tag(sync=True)
    said = traitlets.Unicode("80").tag(sync=True)

    @traitlets.observe("value")
    def _answer(self, change):
        self.said = change.new


Echo()'''

DIAGNOSIS = (
    "nam.DiagnosisExplorer(ck_u_per_l=8200, weak_proximal_arms=True, weak_proximal_legs=True, onset_age_years=80, "
    'anti_srp="negative", statin="stopped")'
)

INTERACT = f'''%matplotlib inline
import matplotlib.pyplot as plt
from IPython.display import display
from ipywidgets import IntSlider, interact


def show(weight_kg):
    given = nam.doses(nam.Patient(weight_kg=weight_kg, height_cm={HEIGHT_CM}, age_years={AGE_YEARS}), drug="{DRUG}")
    figure, axes = plt.subplots(figsize=(8, 4))
    for place, dose in enumerate(given):
        if dose.chart_high is not None:
            low = dose.chart_high if dose.chart_low is None else dose.chart_low
            axes.barh(place, max(dose.chart_high - low, 1), left=low)
    axes.set_yticks(range(len(given)), [dose.regimen.id for dose in given])
    plt.show()
    display(given)


interact(show, weight_kg=IntSlider(value=80, min=40, max=120));'''


@dataclass
class Variant:
    """One way from a control to a picture, and what was measured of it."""

    name: str
    cell: str
    control: str
    picture: str
    keys: str
    goals: str = ""
    steps_ms: list[list[float]] = field(default_factory=list)
    jumps_px: list[float] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    drags: list[dict[str, Any]] = field(default_factory=list)
    backlogs: list[int] = field(default_factory=list)
    unanswered: int = 0

    @property
    def all_ms(self) -> list[float]:
        return [step for steps in self.steps_ms for step in steps]


def variants() -> list[Variant]:
    plain = f'nam.DoseExplorer("{DRUG}", use_frames=False)'
    weight = 'input[type=range][data-field="weight_kg"]'
    onset = 'input[type=range][data-field="onset_age_years"]'
    muscle = 'input[type=range][data-field="follow_up_mmt_points"]'
    start = 'input[type=range][data-field="start_mg_per_d"]'
    wait = 'input[type=range][data-field="relapse_off"]'
    people = 'input[type=range][data-field="patients"]'
    test = 'select[data-field="test"]'
    statin = 'select[data-field="statin"]'
    return [
        Variant("comm echo", ECHO, "input[type=range]", ".echo", "range", "floor"),
        Variant("interact + inline", INTERACT, ".noUi-handle", ".jp-OutputArea-child", "handle"),
        Variant("dose, range, no frames", plain, weight, ".nam-page", "range", "kernel"),
        Variant(
            "dose, box, no frames", plain, 'input[type=text][data-field="weight_kg"]', ".nam-page", "digits", "kernel"
        ),
        Variant("dose, range, frames", f'nam.DoseExplorer("{DRUG}")', weight, ".nam-page", "range", "frames"),
        Variant(
            "pathway, select", "nam.PathwayExplorer()", 'select[data-field="response"]', ".nam-page", "select", "kernel"
        ),
        Variant("diagnosis, select", DIAGNOSIS, statin, ".nam-page", "select", "kernel"),
        Variant("diagnosis, range", DIAGNOSIS, onset, ".nam-page", "range", "kernel"),
        Variant("antibody test, select", "nam.AntibodyTestExplorer()", test, ".nam-page", "select", "kernel"),
        Variant("response, range", "nam.ResponseExplorer()", muscle, ".nam-page", "range", "kernel"),
        Variant("taper, range, frames", "nam.TaperExplorer()", start, ".nam-page", "range", "frames"),
        # Every step draws 10,000 people anew.
        Variant("relapse, range", "nam.RelapseExplorer()", wait, ".nam-page", "range", "kernel"),
        Variant("clinic, range, frames", "nam.ClinicExplorer()", people, ".nam-page", "range", "frames"),
    ]


# A reader sees a change when text, an attribute or an image changes; writing the same value again is no change.
_PROBE = """
window.bench = {
  async watch(cell, control, picture) {
    this.leave?.();
    const outputs = cell.querySelector('.jp-Cell-outputArea');
    // The cell below, or the padding under the last one: what a reader would see move.
    const below = cell.nextElementSibling ?? outputs.querySelector('.jp-OutputArea-child:last-child');
    this.control = cell.querySelector(control);
    const scroller = cell.closest('.jp-WindowedPanel-outer') ?? document.scrollingElement;
    const inPicture = node => (node.nodeType === 1 ? node : node.parentElement)?.closest(picture);
    const changed = record => inPicture(record.target) && (
      record.type === 'attributes' ? record.oldValue !== record.target.getAttribute(record.attributeName)
      : record.type === 'characterData' ? record.oldValue !== record.target.data : true);
    const observer = new MutationObserver(
      records => { if (records.some(changed)) this.changes.push(performance.now()); });
    observer.observe(outputs, { subtree: true, childList: true, characterData: true, characterDataOldValue: true,
                                attributes: true, attributeOldValue: true });
    const onLoad = event => {
      if (!inPicture(event.target)) return;
      this.changes.push(performance.now());
      this.loads.push(performance.now());
    };
    outputs.addEventListener('load', onLoad, true);
    const onKey = event => { this.pressed = event.timeStamp; };
    document.addEventListener('keydown', onKey, true);
    const onInput = event => { if (event.target === this.control) this.changedAt ??= event.timeStamp; };
    outputs.addEventListener('input', onInput, true);
    const place = () => [outputs.getBoundingClientRect().height, below.getBoundingClientRect().top, scroller.scrollTop];
    let start = place();
    this.arm = () => {
      start = place();
      this.changes = [];
      this.loads = [];
      this.jump = 0;
      this.pressed = this.changedAt = null;
    };
    let watching = true;
    const look = () => {
      place().forEach((value, index) => { this.jump = Math.max(this.jump, Math.abs(value - start[index])); });
      if (watching) requestAnimationFrame(look);
    };
    this.arm();
    requestAnimationFrame(look);
    this.leave = () => {
      watching = false;
      observer.disconnect();
      outputs.removeEventListener('load', onLoad, true);
      document.removeEventListener('keydown', onKey, true);
      outputs.removeEventListener('input', onInput, true);
    };
    this.control.scrollIntoView({ block: 'center' });
    this.control.focus();
  },
  middle() {
    const { min, max, step } = this.control, unit = Number(step) || 1;
    this.control.value = String(Number(min) + unit * Math.floor((Number(max) - Number(min)) / unit / 2));
    this.control.dispatchEvent(new Event('input', { bubbles: true }));
    return Math.floor((Number(max) - Number(min)) / unit / 2);
  },
  async quiet(ms, atMost) {
    const began = performance.now();
    for (;;) {
      const last = this.changes.at(-1) ?? -Infinity, now = performance.now();
      if (now - Math.max(last, began) > ms && (this.changes.length || now - began > atMost)) return;
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  },
  async step() {
    await this.quiet(260, 1500);
    const began = this.changedAt ?? this.pressed;
    return { ms: this.changes.length ? this.changes.at(-1) - began : null, jump: this.jump };
  },
  async drag(kind, n) {
    const control = this.control, options = control.options?.length;
    // From the middle of a slider towards its end and back.
    const step = Number(control.step) || 1, room = (Number(control.max) - Number(control.min)) / step;
    const reach = Math.max(1, Math.min(35, Math.floor(room / 2) - 1));
    const middle = Number(control.min) + step * Math.floor(room / 2);
    const turn = (i, size) => { const at = i % (2 * size); return at < size ? at : 2 * size - at; };
    const set = i => {
      if (kind === 'handle') {
        const key = Math.floor(i / 35) % 2 ? 'ArrowLeft' : 'ArrowRight';
        control.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
        return;
      }
      control.value = kind === 'select' ? control.options[i % options].value
        : String(middle + step * turn(i + 1, reach));
      control.dispatchEvent(new Event('input', { bubbles: true }));
    };
    this.arm();
    const began = performance.now();
    for (let i = 0; i < n; i += 1) {
      const wait = began + i * 1000 / 60 - performance.now();
      await new Promise(resolve => setTimeout(resolve, Math.max(0, wait)));
      set(i);
    }
    const ended = performance.now();
    await this.quiet(700, 1500);
    // Changes a few milliseconds apart belong to one picture.
    const pictures = this.changes.filter((time, index) => index === 0 || time - this.changes[index - 1] > 4);
    return { seconds: (ended - began) / 1000, jump: this.jump,
             lag: Math.max(0, (pictures.at(-1) ?? ended) - ended),
             during: (this.loads.length ? this.loads : pictures).filter(time => time <= ended).length,
             after: pictures.filter(time => time > ended).map(time => time - ended) };
  },
};
"""


class Wire:
    """Counts what passes between page and kernel. It is only on in the first pass: watching costs time too."""

    def __init__(self, lab: LabPage) -> None:
        self._session = lab.context.new_cdp_session(lab.page)
        self._kernels: set[str] = set()
        self.received = self.sent = self.messages = 0
        self._session.on("Network.webSocketCreated", self._opened)
        self._session.on("Network.webSocketFrameReceived", lambda event: self._count(event, "received"))
        self._session.on("Network.webSocketFrameSent", lambda event: self._count(event, "sent"))
        self._session.send("Network.enable")

    def _opened(self, event: dict[str, Any]) -> None:
        if "/api/kernels/" in event["url"]:
            self._kernels.add(event["requestId"])

    def _count(self, event: dict[str, Any], way: str) -> None:
        if event["requestId"] not in self._kernels:
            return
        frame = event["response"]
        data = frame["payloadData"]
        size = len(base64.b64decode(data)) if frame["opcode"] == 2 else len(data.encode())
        setattr(self, way, getattr(self, way) + size)
        self.messages += 1

    def reset(self) -> None:
        self.received = self.sent = self.messages = 0

    def off(self) -> None:
        self._session.send("Network.disable")


def keys_for(kind: str, options: int, room: int) -> Iterator[str]:
    """Keys that change the value at every press, within what is accepted; a slider has room on each side."""
    if kind == "digits":
        for digit in cycle("3579146802"):
            yield "Backspace"
            yield digit
    if kind == "select":
        yield from cycle(["ArrowDown"] * (options - 1) + ["ArrowUp"] * (options - 1))
    reach = min(8, room)
    yield from cycle(["ArrowRight"] * reach + ["ArrowLeft"] * reach)


def prepare(page: Page, variant: Variant, place: int) -> Iterator[str]:
    """Put the keyboard on a variant's control and return its keys."""
    if variant.keys == "digits":
        box = page.locator(".jp-Notebook .jp-Cell").nth(place).locator(variant.control)
        box.fill("80")
    page.evaluate(
        "([at, ...where]) => bench.watch(document.querySelectorAll('.jp-Notebook .jp-Cell')[at], ...where)",
        [place, variant.control, variant.picture],
    )
    options = page.evaluate("bench.control.options?.length ?? 0")
    room = 8
    if variant.keys == "range":  # there is room on both sides of the middle
        room = page.evaluate("bench.middle()")
    if variant.keys == "digits":
        page.keyboard.press("End")
    if variant.keys == "select":
        page.keyboard.press("Home")
    # An explorer may fetch its frames once the control has the keyboard.
    page.wait_for_timeout(1200)
    return keys_for(variant.keys, options, room)


def one_pass(page: Page, variant: Variant, place: int, presses: int, wire: Wire | None) -> None:
    keys = prepare(page, variant, place)
    steps: list[float] = []
    for _ in range(presses):
        page.evaluate("bench.arm()")
        if wire:
            wire.reset()
        page.keyboard.press(next(keys))
        seen = page.evaluate("bench.step()")
        variant.jumps_px.append(seen["jump"])
        if wire:
            variant.received.append(wire.received)
            variant.sent.append(wire.sent)
            variant.messages.append(wire.messages)
        if seen["ms"] is None:
            variant.unanswered += 1
        else:
            steps.append(seen["ms"])
    if wire is None:
        variant.steps_ms.append(steps)


def one_drag(page: Page, variant: Variant, place: int, events: int) -> None:
    if variant.keys == "digits":
        return  # nobody drags a box
    prepare(page, variant, place)
    variant.drags.append(page.evaluate("([kind, n]) => bench.drag(kind, n)", [variant.keys, events]))


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def measure(passes: int, presses: int, events: int) -> list[Variant]:
    measured = variants()
    with LabServer() as server, sync_playwright() as playwright:
        browser = launch(playwright)
        cells = ["# Latency\nFor education only.", "import namlib as nam", *(variant.cell for variant in measured)]
        write_notebook(server.folder / "latency.ipynb", *cells, "# The end\nThe page goes on.")
        lab = LabPage(server, browser)
        wire = Wire(lab)
        lab.open("latency.ipynb")
        lab.run_all()
        page = lab.page
        if lab.bad_outputs():
            raise SystemExit("a cell failed:\n" + "\n".join(lab.bad_outputs()))
        places = {variant.name: index for index, variant in enumerate(measured, start=2)}
        for variant in measured:
            cell = page.locator(".jp-Notebook .jp-Cell").nth(places[variant.name])
            cell.locator(variant.control).first.wait_for(state="attached", timeout=30_000)
            cell.evaluate("cell => cell.querySelectorAll('details').forEach(group => { group.open = true; })")
        page.evaluate(_PROBE)
        for variant in measured:
            one_pass(page, variant, places[variant.name], max(4, presses // 3), wire)
        wire.off()
        for number in range(passes):
            # Another order in every pass: none always runs right after the slowest.
            for variant in measured[number % len(measured) :] + measured[: number % len(measured)]:
                one_pass(page, variant, places[variant.name], presses, None)
                one_drag(page, variant, places[variant.name], events)
                print(".", end="", flush=True, file=sys.stderr)
        print(file=sys.stderr)
        lab.close()
        browser.close()
    floor = next(variant for variant in measured if variant.goals == "floor")
    for variant in measured:
        for drag, steps in zip(variant.drags, floor.steps_ms, strict=False):
            variant.backlogs.append(sum(late > statistics.median(steps) for late in drag["after"]))
    return measured


@dataclass
class Row:
    """What is reported of one variant. Ratios are to the echo: p50 pass by pass, p95 over all passes."""

    name: str
    p50: float
    p95: float
    p50_ratio: float
    p95_ratio: float
    faster: float
    kilobytes: float
    split: str
    per_second: float | None
    lag: float | None
    backlog: int | None
    jump: float
    unanswered: int


def report(measured: Sequence[Variant]) -> list[Row]:
    floor = next(variant for variant in measured if variant.goals == "floor")
    usual = next(variant for variant in measured if variant.keys == "handle")
    rows = []
    for variant in measured:
        pairs = [(s, f) for s, f in zip(variant.steps_ms, floor.steps_ms, strict=True) if s and f]
        slow = [(u, s) for u, s in zip(usual.steps_ms, variant.steps_ms, strict=True) if u and s]
        received, sent = statistics.mean(variant.received), statistics.mean(variant.sent)
        drags = variant.drags
        rows.append(
            Row(
                variant.name,
                statistics.median(variant.all_ms),
                percentile(variant.all_ms, 0.95),
                statistics.median(statistics.median(s) / statistics.median(f) for s, f in pairs),
                percentile(variant.all_ms, 0.95) / percentile(floor.all_ms, 0.95),
                statistics.median(statistics.median(u) / statistics.median(s) for u, s in slow),
                (received + sent) / 1000,
                f"{received / 1000:.1f} + {sent / 1000:.1f}, {statistics.mean(variant.messages):.0f} msgs",
                statistics.median(drag["during"] / drag["seconds"] for drag in drags) if drags else None,
                statistics.median(drag["lag"] for drag in drags) if drags else None,
                max(variant.backlogs) if drags else None,
                max([*variant.jumps_px, *(drag["jump"] for drag in drags)]),
                variant.unanswered,
            )
        )
    return rows


def goals(measured: Sequence[Variant], rows: Sequence[Row]) -> list[tuple[str, bool]]:
    """Return every goal in words, with whether it is met."""
    kept: list[tuple[str, bool]] = []
    for variant, row in zip(measured, rows, strict=True):
        if variant.goals not in ("kernel", "frames"):
            continue
        if variant.goals == "kernel":
            kept += [
                (f"{row.name}: p50 {row.p50_ratio:.2f}x the echo, goal 1.3x", row.p50_ratio <= 1.3),
                (f"{row.name}: p95 {row.p95_ratio:.2f}x the echo, goal 1.5x", row.p95_ratio <= 1.5),
                (f"{row.name}: {row.faster:.1f}x faster than interact, goal 6x", row.faster >= 6),
            ]
        else:
            kept.append((f"{row.name}: p95 {row.p95:.1f} ms, goal one screen frame (16.7 ms)", row.p95 <= 16.7))
        kept += [
            (f"{row.name}: {row.kilobytes:.1f} kB per update, goal 6 kB", row.kilobytes <= 6),
            (f"{row.name}: layout jump {row.jump:g} px, goal 0", row.jump == 0),
            (f"{row.name}: {row.unanswered} steps without a change, goal 0", row.unanswered == 0),
        ]
        if row.backlog is not None:
            kept.append((f"{row.name}: {row.backlog} updates late after a drag, goal at most 2", row.backlog <= 2))
    return kept


def show(rows: Sequence[Row]) -> None:
    heads = (
        "variant",
        "p50 ms",
        "p95 ms",
        "p50/echo",
        "p95/echo",
        "vs interact",
        "kB in + out",
        "pict/s",
        "lag ms",
        "late",
        "jump px",
    )
    lines = [heads]
    for row in rows:
        drag = ("", "", "")
        if row.per_second is not None:
            drag = (f"{row.per_second:.0f}", f"{row.lag:.0f}", str(row.backlog))
        numbers = (
            f"{row.p50:.1f}",
            f"{row.p95:.1f}",
            f"{row.p50_ratio:.2f}",
            f"{row.p95_ratio:.2f}",
            f"{row.faster:.1f}x",
        )
        lines.append((row.name, *numbers, row.split, *drag, f"{row.jump:g}"))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short pass: to see that it works, not to judge")
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--presses", type=int, default=25)
    chosen = parser.parse_args()
    if find_browser() is None:
        print(NO_BROWSER, file=sys.stderr)
        return 2
    measured = measure(1, 8, 60) if chosen.quick else measure(chosen.passes, chosen.presses, 180)
    rows = report(measured)
    show(rows)
    print()
    kept = goals(measured, rows)
    for words, met in kept:
        print("met   " if met else "MISSED", words)
    return 0 if all(met for _, met in kept) else 1


if __name__ == "__main__":
    sys.exit(main())
