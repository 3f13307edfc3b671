"""Scores of one seed and over seeds, by hand; the files that hold them."""

from __future__ import annotations

import itertools
import json
import math
import re
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from neurosim.catalogue import protocol_text
from neurosim.errors import InputError
from neurosim.scorecard import (
    EVIDENCE,
    Row,
    SeedsRow,
    Target,
    any_missed,
    as_text,
    bounds,
    bounds_over_seeds,
    over_seeds,
    read_scorecard,
    score,
    sd_upper_end,
    write_scorecard,
)

ROW_KEYS = ["name", "condition", "value", "unit", "low", "high", "source", "evidence", "status"]
RATE = Target("mean rate", "a paper", "published", "Hz", low=2, high=5)


def status_of(value: float, low: float | None, high: float | None) -> str:
    target = Target("x", "y", "derived", low=low, high=high)
    return score({"x": value}, "main", {"x": target})[0].status


@pytest.mark.parametrize(
    ("value", "low", "high", "status"),
    [
        (2.0, 2, 5, "met"),
        (5.0, 2, 5, "met"),
        (1.999, 2, 5, "missed"),
        (5.001, 2, 5, "missed"),
        (1e9, 2, None, "met"),
        (1.0, 2, None, "missed"),
        (-1e9, None, 5, "met"),
        (6.0, None, 5, "missed"),
        (0.0, 0, 0, "met"),
        (3.0, None, None, "reported"),
        (math.nan, None, None, "reported"),
        (math.nan, 2, 5, "missed"),
        (math.inf, 2, None, "missed"),
        (-math.inf, None, 5, "missed"),
    ],
)
def test_a_value_meets_its_range_with_both_ends(
    value: float, low: float | None, high: float | None, status: str
) -> None:
    assert status_of(value, low, high) == status


def test_a_row_holds_what_was_measured_and_where_the_range_comes_from() -> None:
    row = score({"rate": 3}, "main", {"rate": RATE, "other": RATE})
    assert row == [Row("rate", "main", 3.0, "Hz", 2, 5, "a paper", "published", "met")]


def test_what_is_not_judged_is_reported_beside_its_range() -> None:
    (row,) = score({"rate": 99.0}, "main", {"rate": RATE}, judged=False)
    assert (row.status, row.low, row.high) == ("reported", 2, 5)
    assert not any_missed([row])


def test_a_value_without_a_target_is_a_mistake_of_the_protocol() -> None:
    with pytest.raises(InputError, match=r"^'rat' was measured .*'main'.* did you mean 'rate'\?$"):
        score({"rat": 1.0}, "main", {"rate": RATE})


def test_evidence_is_one_of_the_known_words() -> None:
    for word in EVIDENCE:
        assert Target("x", "y", word).evidence == word
    with pytest.raises(InputError, match="Unknown evidence 'certain'"):
        Target("x", "y", "certain")


def cards(*values: float, judged: bool = True, target: Target = RATE) -> list[list[Row]]:
    return [score({"rate": value}, "main", {"rate": target}, judged) for value in values]


def summary(*values: float, judged: bool = True, target: Target = RATE) -> SeedsRow:
    by_condition = {"main": {"rate": target}}
    (row,) = over_seeds(cards(*values, judged=judged, target=target), by_condition, judged)
    return row


def test_mean_spread_and_share_over_seeds() -> None:
    row = summary(2.0, 4.0, 9.0)
    # Mean 5; deviations -3, -1, 4; variance 26/2.
    assert row.value == pytest.approx(5)
    assert row.sd == pytest.approx(math.sqrt(13))
    assert row.n_seeds == 3
    assert row.share_met == pytest.approx(2 / 3)
    assert (row.low, row.high, row.unit, row.source) == (2, 5, "Hz", "a paper")
    assert (row.mean_low, row.mean_high) == (None, None)
    assert row.status == "missed", "one seed misses its range"


def test_one_seed_has_no_spread() -> None:
    row = summary(3.0)
    assert (row.value, row.sd, row.n_seeds, row.share_met, row.status) == (3, None, 1, 1, "met")


@pytest.mark.parametrize(
    ("values", "status"),
    [((3.0, 4.0), "met"), ((2.0, 2.5), "missed"), ((3.0, 6.0), "missed"), ((1.9, 4.9), "missed")],
)
def test_the_mean_has_a_range_of_its_own(values: tuple[float, ...], status: str) -> None:
    row = summary(*values, target=replace(RATE, mean_low=3, mean_high=4))
    assert (row.mean_low, row.mean_high) == (3, 4)
    assert row.status == status


@pytest.mark.parametrize(("judged", "status"), [(True, "missed"), (False, "reported")])
def test_a_range_of_the_mean_alone_is_judged(judged: bool, status: str) -> None:
    targets = {"main": {"rate": RATE, "mean": Target("x", "y", "derived", mean_high=1)}}
    each = [score({"rate": 3, "mean": v}, "main", targets["main"], judged) for v in (0.0, 3.0)]
    assert [card[1].status for card in each] == ["reported", "reported"]
    row = over_seeds(each, targets, judged)[1]
    assert (row.value, row.status, row.share_met) == (1.5, status, None)


def test_without_a_range_or_a_judgement_there_is_no_share() -> None:
    free = summary(1.0, 2.0, target=Target("x", "y", "derived", "Hz"))
    quick = summary(1.0, 9.0, judged=False, target=replace(RATE, mean_low=3))
    for row in (free, quick):
        assert (row.status, row.share_met) == ("reported", None)
    assert (free.low, free.high, free.mean_low, free.mean_high) == (None,) * 4
    assert (quick.low, quick.high, quick.mean_low, quick.mean_high) == (2, 5, 3, None)


@pytest.mark.parametrize(
    ("n", "quantile"),
    [
        (2, statistics.NormalDist().inv_cdf(0.55) ** 2),  # chi-square of one: a normal, squared
        (3, -2 * math.log(0.9)),  # chi-square of two: exponential with mean 2
        (10, 4.168159),  # tables of chi-square: 9 degrees of freedom, 0.10 below
    ],
)
def test_the_upper_end_of_a_spread_is_that_of_chi_square(n: int, quantile: float) -> None:
    assert sd_upper_end(1.0, n) == pytest.approx(math.sqrt((n - 1) / quantile), rel=1e-6)
    assert sd_upper_end(0.5, n) == pytest.approx(sd_upper_end(1.0, n) / 2)
    assert sd_upper_end(0.0, n) == 0


def test_for_ten_seeds_the_upper_end_is_half_as_much_again() -> None:
    assert round(sd_upper_end(1.0, 10), 3) == 1.469


@pytest.mark.parametrize("n", [1, 0])
def test_a_single_value_has_no_upper_end(n: int) -> None:
    with pytest.raises(InputError, match=rf"^A standard deviation of {n} values .* 2 or more\.$"):
        sd_upper_end(1.0, n)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_nine_of_ten_upper_ends_lie_above_the_true_spread(n: int) -> None:
    samples = np.random.default_rng(7).normal(3, 2, size=(20000, n))
    above = samples.std(axis=1, ddof=1) * sd_upper_end(1.0, n) > 2
    # Four standard errors of a share of .9 in 20 000.
    assert above.mean() == pytest.approx(0.9, abs=0.0085)


def judged_beside(*values: float, target: Target, judged: bool = True) -> SeedsRow:
    """Over seeds, beside a quantity that tells that the run is judged."""
    targets = {"main": {"rate": RATE, "x": target}}
    each = [score({"rate": 3, "x": value}, "main", targets["main"], judged) for value in values]
    return over_seeds(each, targets, judged)[1]


EIGHT, SEVEN = (0.05,) * 8 + (0.15,) * 2, (0.05,) * 7 + (0.15,) * 3  # in ten seeds
FREE = Target("x", "y", "derived")


@pytest.mark.parametrize(
    ("values", "share", "status"),
    [
        (EIGHT, 0.8, "met"),
        (SEVEN, 0.7, "missed"),
        ((0.1,) * 4 + (0.2,), 0.8, "met"),
        ((0.1, 0.1, 0.11), 2 / 3, "missed"),
        ((0.1,), 1.0, "met"),
        ((0.11,), 0.0, "missed"),
        ((0.1,) * 3 + (math.nan,), 0.75, "missed"),
        ((0.1,) * 9 + (math.nan,), 0.9, "met"),
        ((-math.inf, 0.1), 1.0, "met"),
    ],
)
def test_most_seeds_keep_a_bound_of_their_own(
    values: tuple[float, ...], share: float, status: str
) -> None:
    row = judged_beside(*values, target=replace(FREE, most_high=0.1))
    assert row.share_within_most == pytest.approx(share)
    assert row.status == status
    assert (row.most_high, row.share_met, row.sd_upper) == (0.1, None, None)


def test_a_spread_is_judged_by_its_upper_end() -> None:
    values = (1.0, 2.0, 3.0)  # sd 1
    end = math.sqrt(2 / (-2 * math.log(0.9)))
    for sd_high, status in ((end + 1e-9, "met"), (end - 1e-9, "missed"), (1.0, "missed")):
        row = judged_beside(*values, target=replace(FREE, sd_high=sd_high))
        assert row.sd == pytest.approx(1)
        assert row.sd_upper == pytest.approx(end)
        assert (row.sd_high, row.status, row.share_within_most) == (sd_high, status, None)


def test_a_spread_that_is_not_finite_is_missed() -> None:
    row = judged_beside(1.0, math.nan, target=replace(FREE, sd_high=9))
    assert row.status == "missed"


def test_without_a_bound_the_upper_end_is_not_told() -> None:
    row = summary(3.0, 4.0)
    assert (row.sd_upper, row.sd_high, row.most_high, row.share_within_most) == (None,) * 4


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (replace(FREE, sd_high=0.0), "reported"),
        (replace(FREE, sd_high=0.0, high=3), "met"),
        (replace(FREE, sd_high=0.0, high=2), "missed"),
        (replace(FREE, sd_high=0.0, mean_high=3), "met"),
        (replace(FREE, sd_high=0.0, most_high=2), "missed"),
    ],
)
def test_the_spread_of_one_seed_is_not_judged_but_the_rest_is(target: Target, status: str) -> None:
    row = judged_beside(3.0, target=target)
    assert (row.sd, row.sd_upper, row.sd_high, row.status) == (None, None, 0.0, status)


# Kept and missed by the values of EIGHT: each at most .15, mean .07, sd .042 with upper end .062.
KEPT: dict[str, Any] = {"high": 0.2, "mean_high": 0.08, "most_high": 0.1, "sd_high": 0.07}
NOT_KEPT: dict[str, Any] = {"high": 0.1, "mean_high": 0.06, "most_high": 0.04, "sd_high": 0.06}
SETS = [names for n in range(1, 5) for names in itertools.combinations(KEPT, n)]


@pytest.mark.parametrize("names", SETS, ids="+".join)
def test_any_bound_can_be_missed_and_all_have_to_be_met(names: tuple[str, ...]) -> None:
    kept = {name: KEPT[name] for name in names}
    assert judged_beside(*EIGHT, target=replace(FREE, **kept)).status == "met"
    for name in names:
        target = replace(FREE, **kept | {name: NOT_KEPT[name]})
        assert judged_beside(*EIGHT, target=target).status == "missed", name
        quick = judged_beside(*EIGHT, target=target, judged=False)
        assert (quick.status, quick.share_met) == ("reported", None)


def test_what_is_not_judged_still_shows_its_spread_and_share() -> None:
    row = judged_beside(*EIGHT, target=replace(FREE, most_high=0.1, sd_high=0.01), judged=False)
    assert row.status == "reported"
    assert row.share_within_most == pytest.approx(0.8)
    assert row.sd is not None and row.sd_upper == pytest.approx(sd_upper_end(row.sd, 10))


def test_bounds_over_seeds_do_not_touch_the_score_of_one() -> None:
    target = replace(FREE, mean_high=0, most_high=0, sd_high=0)
    (row,) = score({"x": 1.0}, "main", {"x": target})
    assert (row.status, row.low, row.high) == ("reported", None, None)


def test_conditions_are_summarised_apart() -> None:
    targets = {"main": {"rate": RATE}, "control": {"rate": Target("x", "y", "control", high=1)}}
    each = [
        score({"rate": a}, "main", targets["main"])
        + score({"rate": b}, "control", targets["control"])
        for a, b in ((3.0, 0.0), (4.0, 0.5))
    ]
    assert [(row.condition, row.value, row.status) for row in over_seeds(each, targets)] == [
        ("main", 3.5, "met"),
        ("control", 0.25, "met"),
    ]


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not in JSON")


def strict_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse_constant)


def test_the_file_has_exactly_the_keys_of_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    write_scorecard(path, "ison2015", cards(3.0)[0])
    content = strict_json(path)
    assert list(content) == ["protocol", "rows"]
    assert content["protocol"] == "ison2015"
    assert [list(row) for row in content["rows"]] == [ROW_KEYS]
    assert read_scorecard(path) == cards(3.0)[0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_becomes_null(value: float, tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    write_scorecard(path, "p", cards(value)[0])
    assert strict_json(path)["rows"][0]["value"] is None
    (row,) = read_scorecard(path)
    assert math.isnan(row.value) and row.status == "missed"
    write_scorecard(path, "p", [summary(value, 1.0)])
    assert strict_json(path)["rows"][0]["sd"] is None


def test_the_file_over_seeds_comes_back_too(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    row = summary(2.0, 4.0)
    write_scorecard(path, "p", [row])
    assert list(strict_json(path)["rows"][0])[: len(ROW_KEYS)] == ROW_KEYS
    assert read_scorecard(path) == [row]


ALL_BOUNDS = Target("x", "y", "derived", high=0.2, mean_high=0.04, most_high=0.1, sd_high=0.12)
SEEDS_KEYS = ["sd", "n_seeds", "share_met", "mean_low", "mean_high"]
NEW_KEYS = ["sd_upper", "sd_high", "most_high", "share_within_most"]


def test_the_bounds_over_seeds_come_back_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    row = judged_beside(*EIGHT, target=ALL_BOUNDS)
    write_scorecard(path, "p", [row])
    (plain,) = strict_json(path)["rows"]
    assert list(plain) == ROW_KEYS + SEEDS_KEYS + NEW_KEYS
    assert [plain[key] for key in NEW_KEYS] == [
        pytest.approx(0.06195, abs=1e-5),
        0.12,
        0.1,
        pytest.approx(0.8),
    ]
    assert read_scorecard(path) == [row]


def test_a_file_from_before_these_bounds_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    row = summary(2.0, 4.0, target=replace(RATE, mean_low=3))
    write_scorecard(path, "p", [row])
    content = strict_json(path)
    for key in NEW_KEYS:
        del content["rows"][0][key]
    path.write_text(json.dumps(content))
    assert read_scorecard(path) == [row]
    assert "2 to 5, mean >= 3  met" in as_text(read_scorecard(path))


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", "{}", '{"rows": 1}', '{"rows": ["a"]}', '{"rows": [{"value": 1}]}'],
)
def test_what_is_no_scorecard_is_refused(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "scorecard.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"scorecard.json' is missing, or no scorecard\.$"):
        read_scorecard(path)


def test_the_table_for_a_terminal() -> None:
    rows = [*cards(3.14159)[0], *score({"rate": 7}, "control", {"rate": RATE}, judged=False)]
    lines = [" ".join(line.split()) for line in as_text(rows).split("\n")]
    assert lines == [
        "quantity condition measured target status evidence source",
        "rate main 3.14 Hz 2 to 5 met published a paper",
        "rate control 7 Hz 2 to 5 reported published a paper",
    ]
    over = as_text([summary(2.0, 4.0, target=replace(RATE, mean_low=3))])
    assert "3 +- 1.4 Hz" in over and "2 to 5, mean >= 3" in over


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(1, 2.5, "1 to 2.5"), (0, None, ">= 0"), (None, 0, "<= 0"), (None, None, "")],
)
def test_ranges_as_text(low: float | None, high: float | None, text: str) -> None:
    assert bounds(low, high) == text


@pytest.mark.parametrize(
    ("values", "bounded", "shown", "status"),
    [
        (
            EIGHT,
            ALL_BOUNDS,
            "<= 0.2, <= 0.1 in 8 of 10, mean <= 0.04, sd <= 0.12 (90 %: 0.062)",
            "missed",
        ),
        ((1.0, 1.0), replace(FREE, sd_high=0.12), "sd <= 0.12 (90 %: 0)", "met"),
        ((1.0,), replace(FREE, sd_high=0.12), "sd <= 0.12 (90 %)", "reported"),
        ((0.0, 0.0), replace(FREE, most_high=0), "<= 0 in 8 of 10", "met"),
    ],
)
def test_the_table_shows_the_bounds_over_seeds(
    values: tuple[float, ...], bounded: Target, shown: str, status: str
) -> None:
    line = as_text([judged_beside(*values, target=bounded)]).split("\n")[1]
    assert re.split(r" {2,}", line)[3:5] == [shown, status]


def test_the_bounds_over_seeds_of_a_target_as_text() -> None:
    assert bounds_over_seeds(RATE) == ""
    assert bounds_over_seeds(replace(RATE, mean_low=3)) == "mean >= 3"
    both = "<= 0.1 in 8 of 10, mean <= 0.04, sd <= 0.12 (90 %)"
    assert bounds_over_seeds(ALL_BOUNDS) == both


def test_a_protocol_is_shown_with_its_bounds_over_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Options:
        pass

    targets = {"main": {"overlap": ALL_BOUNDS, "spread": replace(FREE, sd_high=0.12)}}
    script = SimpleNamespace(CONDITIONS={"main": "as it is"}, MODEL="area", Options=Options)
    protocol = SimpleNamespace(
        script=script, description="A test.", targets=lambda options: targets
    )
    monkeypatch.setattr("neurosim.protocol.load_protocol", lambda name: protocol)
    table = protocol_text("mine").partition("Targets\n")[2]
    assert [re.split(r" {2,}", line.strip())[2:4] for line in table.splitlines()] == [
        ["<= 0.2", "<= 0.1 in 8 of 10, mean <= 0.04, sd <= 0.12 (90 %)"],
        ["reported", "sd <= 0.12 (90 %)"],
    ]
