"""Scores of one seed and over seeds, by hand; the files that hold them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from neurosim.errors import InputError
from neurosim.scorecard import (
    EVIDENCE,
    Row,
    SeedsRow,
    Target,
    any_missed,
    as_text,
    bounds,
    over_seeds,
    read_scorecard,
    score,
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
    (row,) = over_seeds(cards(*values, judged=judged, target=target), by_condition)
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
def test_a_range_of_the_mean_alone_is_judged_where_others_are(judged: bool, status: str) -> None:
    targets = {"main": {"rate": RATE, "mean": Target("x", "y", "derived", mean_high=1)}}
    each = [score({"rate": 3, "mean": v}, "main", targets["main"], judged) for v in (0.0, 3.0)]
    assert [card[1].status for card in each] == ["reported", "reported"]
    row = over_seeds(each, targets)[1]
    assert (row.value, row.status, row.share_met) == (1.5, status, None)


def test_without_a_range_or_a_judgement_there_is_no_share() -> None:
    free = summary(1.0, 2.0, target=Target("x", "y", "derived", "Hz"))
    quick = summary(1.0, 9.0, judged=False, target=replace(RATE, mean_low=3))
    for row in (free, quick):
        assert (row.status, row.share_met) == ("reported", None)
    assert (free.low, free.high, free.mean_low, free.mean_high) == (None,) * 4
    assert (quick.low, quick.high, quick.mean_low, quick.mean_high) == (2, 5, 3, None)


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
