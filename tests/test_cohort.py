"""People of the virtual cohort: against the exact course, a slow reference, statsmodels, and machines that die."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import tracemalloc

import pytest

np = pytest.importorskip("numpy", reason="people are drawn with numpy")

import namlib as nam  # noqa: E402
from namlib.course import virtual_cohort  # noqa: E402
from namlib.model import cohort as model  # noqa: E402
from namlib.model.course_of_disease import MONTHS, disease_course, month_matrix, read_parameters  # noqa: E402
from namlib.model.survival import Risks, aalen_johansen, kaplan_meier, risks  # noqa: E402
from namlib.records import Refused  # noqa: E402
from tests.test_light_import import ROOT  # noqa: E402

COHORT = virtual_cohort.relapse_model()
STATES = [state.id for state in COHORT.states]
LARGE = 200_000


@pytest.fixture(scope="module")
def large():
    return model.simulate_cohort(LARGE, COHORT, seed=11)


# --- against what is known -----------------------------------------------------------------------------------------


def test_every_occupancy_cell_lies_within_four_standard_errors_of_the_exact_share(large):
    cells = [value for row in large.deviations for value in row]
    assert len(cells) == (MONTHS + 1) * len(STATES)
    assert max(map(abs, cells)) < 4
    # Not too good to be true either: cells of a month hang together, so the spread is only roughly 1.
    assert 0.6 < np.sqrt(np.mean(np.square([value for value in cells if value]))) < 1.5


@pytest.mark.parametrize(
    "moved",
    [
        {"start_taper": 2, "finish_taper": 2, "relapse_off": 2, "respond_again": 2},
        {"respond": 0.001, "die": 0.05},
        {"taper_effect": 0.29, "relapse_off": 0.005},
        {"respond": 100, "regain": 100, "start_taper": 100},
    ],
)
def test_occupancy_agrees_with_the_exact_course_far_from_the_start_values_too(moved):
    drawn = model.simulate_cohort(60_000, COHORT, moved, seed=5)
    assert max(abs(value) for row in drawn.deviations for value in row) < 4


def test_everybody_is_somewhere_in_every_month(large):
    assert all(sum(row) == LARGE for row in large.occupancy)
    assert large.occupancy[0] == (LARGE, *[0] * (len(STATES) - 1))


def test_steps_and_occupancy_are_the_same_people(large):
    for state in STATES:
        came = sum(number for month, _, end, number in large.steps if end == state)
        went = sum(number for month, start, _, number in large.steps if start == state)
        began = LARGE if state == "active" else 0
        assert began + came - went == large.count(state, MONTHS)


def reference(people, values, seed):
    """One person at a time, one month at a time, one random number a month: slow, and hard to get wrong."""
    stream = random.Random(seed)
    matrix = month_matrix(COHORT, values)
    occupancy = [[0] * len(STATES) for _ in range(MONTHS + 1)]
    times, events = [], []
    for _ in range(people):
        state, since, event, time_ = STATES.index("active"), None, None, None
        for month in range(MONTHS + 1):
            if month:
                state = stream.choices(range(len(STATES)), matrix[state])[0]
            occupancy[month][state] += 1
            if STATES[state] == "tapering" and since is None:
                since = month
            if since is not None and event is None and STATES[state] in ("relapse", "dead"):
                event, time_ = ("relapse", "dead").index(STATES[state]) + 1, month - since
        if since is not None:
            times.append(MONTHS - since if time_ is None else time_)
            events.append(event or 0)
    return occupancy, risks(times, events, ["relapse", "death"], MONTHS)


def test_the_slow_reference_and_the_fast_one_draw_from_the_same_distribution(large):
    people = 4000
    occupancy, after = reference(people, read_parameters(COHORT), seed=2)
    for month in (1, 6, 12, 24, 60, 120):
        for place in range(len(STATES)):
            pooled = (occupancy[month][place] + large.occupancy[month][place]) / (people + LARGE)
            error = np.sqrt(pooled * (1 - pooled) * (1 / people + 1 / LARGE))
            apart = occupancy[month][place] / people - large.occupancy[month][place] / LARGE
            assert abs(apart) <= 4 * error
    slow, fast = kaplan_meier(after, ["relapse"]), kaplan_meier(large.after_taper, ["relapse"])
    for month in (1, 3, 6, 12, 24, 48):
        error = np.sqrt(slow.variance[month] + fast.variance[month])
        assert abs(slow.share[month] - fast.share[month]) <= 4 * error
    gone_slow, gone_fast = aalen_johansen(after, "death"), aalen_johansen(large.after_taper, "death")
    assert abs(gone_slow.share[60] - gone_fast.share[60]) <= 4 * np.sqrt(
        gone_slow.variance[60] + gone_fast.variance[60]
    )


def test_relapse_since_the_taper_agrees_with_the_exact_share(large):
    from namlib.model.course_of_disease import predicted

    estimate = aalen_johansen(large.after_taper, "relapse")
    for months in (6, 12, 24):
        exact = predicted(COHORT, read_parameters(COHORT), "relapsed since taper", months)
        assert abs(estimate.share[months] - exact) < 4 * np.sqrt(estimate.variance[months])


def test_single_courses_are_legal_and_follow_the_counts():
    drawn = model.simulate_cohort(300, COHORT, seed=4, histories=300)
    legal = {(item.start or state, item.end) for item in COHORT.parameters if item.end for state in STATES}
    seen = [[0] * len(STATES) for _ in range(MONTHS + 1)]
    for history in drawn.histories:
        state, at = "active", 0
        for event in history.events:
            assert event.start == state and (event.start, event.end) in legal and at < event.month <= MONTHS
            for month in range(at, event.month):
                seen[month][STATES.index(state)] += 1
            state, at = event.end, event.month
        for month in range(at, MONTHS + 1):
            seen[month][STATES.index(state)] += 1
        assert repr(history).startswith("SYNTHETIC person")
    assert tuple(map(tuple, seen)) == drawn.occupancy


def test_time_to_relapse_is_what_the_single_courses_say():
    drawn = model.simulate_cohort(900, COHORT, {"die": 0.01}, seed=6, histories=900)
    times, events = [], []
    for history in drawn.histories:
        began = next((event.month for event in history.events if event.end == "tapering"), None)
        if began is None:
            continue
        ends = [event for event in history.events if event.end in ("relapse", "dead") and event.month >= began]
        times.append(ends[0].month - began if ends else MONTHS - began)
        events.append(("relapse", "dead").index(ends[0].end) + 1 if ends else 0)
    assert drawn.after_taper == risks(times, events, ["relapse", "death"], MONTHS)
    assert all(sum(row) for row in (*drawn.after_taper.events, drawn.after_taper.censored))


# --- the same for the same seed ------------------------------------------------------------------------------------

FINGERPRINT = "3bfaffb4"


def test_a_seed_draws_these_very_people():
    """Written down, so that a Python, a numpy or a machine that draws otherwise is found out."""
    import zlib

    drawn = model.simulate_cohort(50_000, COHORT, FIXED, seed=20261122).to_dict()
    text = json.dumps([drawn["occupancy"], drawn["after_taper"], drawn["histories"]]).encode()
    assert f"{zlib.crc32(text):08x}" == FINGERPRINT


# Not those of the data, which may be calibrated anew.
FIXED = {
    "respond": 0.13,
    "regain": 0.06,
    "start_taper": 0.17,
    "relapse_tapering": 0.08,
    "finish_taper": 0.035,
    "relapse_off": 0.02,
    "respond_again": 0.125,
    "die": 0.00126,
    "taper_effect": 1,
}


def test_another_seed_draws_others():
    assert (
        model.simulate_cohort(2000, COHORT, seed=1).occupancy != model.simulate_cohort(2000, COHORT, seed=2).occupancy
    )


@pytest.mark.parametrize("chunk", [1, 2, 3, 1000])
def test_the_size_of_a_chunk_changes_no_number(chunk):
    people = 3 * model.BLOCK + 17
    whole = model.simulate_cohort(people, COHORT, seed=9, chunk=16)
    assert model.simulate_cohort(people, COHORT, seed=9, chunk=chunk) == whole


def test_memory_does_not_grow_with_the_cohort():
    model.simulate_cohort(1000, COHORT)

    def peak(people):
        tracemalloc.start()
        model.simulate_cohort(people, COHORT)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small, big = peak(2 * model.BLOCK), peak(12 * model.BLOCK)
    assert big < 1.1 * small and big < 20e6


def test_progress_is_told_and_may_cancel():
    told = []
    people = 3 * model.BLOCK
    model.simulate_cohort(people, COHORT, chunk=1, progress=lambda done, every: told.append((done, every)))
    assert told == [(model.BLOCK * step, people) for step in (1, 2, 3)]
    with pytest.raises(model.Cancelled, match="stopped after"):
        model.simulate_cohort(people, COHORT, chunk=1, progress=lambda done, every: done < 2 * model.BLOCK)


def test_the_bar_goes_to_the_end(capsys):
    nam.simulate_cohort(1000, progress=True)
    assert "1,000 of 1,000 people" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"n": 0}, "n: '0' is not a whole number from 1"),
        ({"n": 10**12}, "whole number"),
        ({"n": 1e4}, "whole number"),
        ({"n": True}, "whole number"),
        ({"n": 10, "seed": -1}, "seed"),
        ({"n": 10, "seed": "1"}, "seed"),
        ({"n": 10, "parameters": {"x": 1}}, "is not a parameter"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(given, reason):
    with pytest.raises(Refused, match=reason):
        nam.simulate_cohort(**given)


def test_a_cohort_shows_synthetic_tables_with_numbers_at_risk():
    drawn = nam.simulate_cohort(2000, seed=3)
    shown = drawn._repr_html_()
    assert repr(drawn).startswith("SYNTHETIC cohort of 2,000 people over 120 months (seed 3)")
    assert shown.count("<caption>SYNTHETIC") == 2 and "at risk" in shown
    assert f"{drawn.after_taper.people:,}" in shown
    assert json.loads(json.dumps(drawn.to_dict()))["people"] == 2000


def test_the_picture_of_relapse_has_its_band_its_numbers_at_risk_and_both_estimates():
    drawn = nam.simulate_cohort(400, {"die": 0.02}, seed=3)
    picture = nam.relapse_free_picture(drawn)
    shown = picture._repr_html_()
    svg = shown.split("<svg")[1].split("</svg>")[0]
    free, relapsed = kaplan_meier(drawn.after_taper, ["relapse"]), aalen_johansen(drawn.after_taper, "relapse")
    assert relapsed.share[120] < 1 - free.share[120], "with deaths the two differ"
    assert 'class="nam-mark">SYNTHETIC<' in svg and 'aria-label="SYNTHETIC' in svg and "SYNTHETIC" in repr(picture)
    for month in range(0, 121, 12):
        assert f">{free.at_risk[month]:,}</text>" in svg
    assert svg.count("<path") >= 4 and 'scope="row"' in shown


def test_drawing_needs_numpy_and_nothing_heavier():
    said = subprocess.run(
        [sys.executable, "-c", "import namlib as nam, sys; nam.simulate_cohort(100); print(*sys.modules)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "numpy" in said
    assert not {"pandas", "scipy", "matplotlib", "lifelines", "dask", "ipywidgets"} & set(said)


# --- fans ----------------------------------------------------------------------------------------------------------


def test_luck_shrinks_with_the_clinic_and_lies_around_the_exact_line():
    values = read_parameters(COHORT)
    exact = [row[STATES.index("drug_free")] for row in disease_course(COHORT).shares]
    small, big = (model.luck_fan(COHORT, values, "drug_free", clinic) for clinic in (25, 200))
    for month in (24, 60, 120):
        assert small[0][month] < big[0][month] < exact[month] < big[3][month] < small[3][month]
    # Binomial: 95% of clinics of 50 lie within 1.96 standard errors, give or take a person.
    fan = model.luck_fan(COHORT, values, "drug_free", 50)
    error = np.sqrt(exact[120] * (1 - exact[120]) / 50)
    assert fan[3][120] - fan[0][120] == pytest.approx(2 * 1.96 * error, abs=0.05)


def test_luck_of_the_first_state_starts_with_everybody():
    fan = model.luck_fan(COHORT, read_parameters(COHORT), "active", 50)
    assert [row[0] for row in fan] == [1.0] * 4


def test_a_fan_of_numbers_is_the_exact_course_of_each_set():
    from namlib.model.course_of_disease import drawn_parameters

    sets = drawn_parameters(COHORT, 41, seed=1)
    fan = model.numbers_fan(COHORT, sets, "relapse")
    for month in (1, 24, 120):
        one_by_one = sorted(disease_course(COHORT, drawn).share("relapse", month) for drawn in sets)
        for share, row in zip(model.FAN, fan, strict=True):
            assert row[month] == pytest.approx(one_by_one[round(share * 40)], abs=1e-12)


# --- time to an event ----------------------------------------------------------------------------------------------


def drawn_times(seed, people, last=30):
    """Whole months, so that there are ties, and a fifth censored, some of them in months with events."""
    stream = random.Random(seed)
    times = [stream.randint(1, last) for _ in range(people)]
    return times, [stream.choices([0, 1, 2], [1, 3, 1])[0] for _ in times]


@pytest.mark.parametrize("people", [7, 50, 400])
def test_kaplan_meier_equals_statsmodels_with_ties_and_censoring(people):
    survival = pytest.importorskip("statsmodels.duration.api", reason="statsmodels is not installed")
    times, events = drawn_times(people, people)
    theirs = survival.SurvfuncRight(times, [event == 1 for event in events])
    ours = kaplan_meier(risks(times, events, ["a", "b"], 30), ["a"])
    assert len(theirs.surv_times) > 3
    for place, month in enumerate(theirs.surv_times):
        share = theirs.surv_prob[place]
        assert abs(ours.share[month] - share) < 1e-12
        assert ours.at_risk[month] == theirs.n_risk[place]
        if not 0 < share < 1:
            continue
        # Theirs is Greenwood's error of the share; the exponential Greenwood limits are worked out from it here.
        spread = 1.959963984540054 * theirs.surv_prob_se[place] / share / math.log(share)
        limits = sorted(math.exp(-math.exp(math.log(-math.log(share)) + way * spread)) for way in (1, -1))
        assert [ours.low[month], ours.high[month]] == pytest.approx(limits, abs=1e-12)


def test_cumulative_incidence_equals_statsmodels_even_when_causes_share_a_month():
    survival = pytest.importorskip("statsmodels.duration.api", reason="statsmodels is not installed")
    times, events = drawn_times(5, 400)
    theirs = survival.CumIncidenceRight(times, events)
    counts = risks(times, events, ["a", "b"], 30)
    for place, cause in enumerate("ab"):
        ours = aalen_johansen(counts, cause)
        assert len(theirs.times) > 20
        for month, share, error in zip(theirs.times, theirs.cinc[place], theirs.cinc_se[place], strict=True):
            assert abs(ours.share[int(month)] - share) < 1e-12
            assert abs(math.sqrt(ours.variance[int(month)]) - error) < 1e-12


def test_aalen_johansen_of_all_causes_and_those_free_make_one_even_when_causes_share_a_month():
    times, events = drawn_times(8, 500)
    counts = risks(times, events, ["a", "b"], 30)
    shares = zip(
        aalen_johansen(counts, "a").share, aalen_johansen(counts, "b").share, kaplan_meier(counts).share, strict=True
    )
    assert all(sum(row) == pytest.approx(1, abs=1e-12) for row in shares)


def test_without_the_other_cause_both_estimators_say_the_same():
    times, events = drawn_times(3, 200)
    counts = risks(times, [min(event, 1) for event in events], ["a"], 30)
    km, aj = kaplan_meier(counts), aalen_johansen(counts, "a")
    assert aj.share == pytest.approx([1 - share for share in km.share], abs=1e-12)
    inner = [month for month in range(31) if 0 < km.share[month] < 1]
    assert [aj.variance[month] for month in inner] == pytest.approx([km.variance[month] for month in inner], abs=1e-12)


def test_kaplan_meier_of_a_worked_example():
    """Worked by hand: of six people three relapse in month 6 and one is last seen then, so two are left in month 7."""
    estimate = kaplan_meier(risks([6, 6, 6, 6, 7, 10], [1, 1, 1, 0, 1, 1], ["relapse"], 10))
    assert estimate.share[6] == pytest.approx(3 / 6)
    assert estimate.share[7] == pytest.approx(3 / 6 * 1 / 2)
    assert estimate.at_risk[6:8] == (6, 2) and estimate.share[10] == 0


@pytest.mark.parametrize(("times", "events"), [([31], [1]), ([-1], [0]), ([3], [2])])
def test_times_off_the_grid_and_unknown_causes_are_refused(times, events):
    with pytest.raises(Refused):
        risks(times, events, ["a"], 30)
    with pytest.raises(Refused, match="is not one of"):
        aalen_johansen(Risks(("a",), ((0, 1),), (0, 0)), "b")


# --- beyond one machine --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


PEOPLE = 6 * model.BLOCK + 123


def test_two_workers_draw_the_same_people_as_none(client):
    here = model.simulate_cohort(PEOPLE, COHORT, seed=3)
    for chunk in (1, 4):
        assert model.simulate_cohort(PEOPLE, COHORT, seed=3, client=client, chunk=chunk) == here


def test_a_run_on_workers_tells_its_progress_and_can_be_cancelled(client):
    told = []
    model.simulate_cohort(PEOPLE, COHORT, client=client, chunk=2, progress=lambda done, every: told.append(done))
    assert told == sorted(told) and told[-1] == PEOPLE
    with pytest.raises(model.Cancelled):
        model.simulate_cohort(PEOPLE, COHORT, client=client, chunk=1, progress=lambda done, every: False)


def test_a_killed_worker_loses_nothing(client):
    people = 40 * model.BLOCK
    here = model.simulate_cohort(people, COHORT, seed=7)
    before = client.run(os.getpid)
    killed = []

    def kill_one(done, every):
        if not killed:
            killed.append(next(iter(before.values())))  # a worker that this test's own cluster started
            os.kill(killed[0], signal.SIGKILL)

    there = model.simulate_cohort(people, COHORT, seed=7, client=client, chunk=1, progress=kill_one)
    assert killed and there == here
    client.wait_for_workers(2, timeout=60)
    assert killed[0] not in client.run(os.getpid).values(), "the worker was killed, and another took its place"
