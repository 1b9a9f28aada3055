"""Settings of a whole graph, and what they refuse."""

import math

import pytest
import torch

from mixtrace.errors import GraphError
from mixtrace.processors import PROCESSORS, Settings, processor


def test_an_unknown_kind_is_named():
    assert processor("noise_reverb") is PROCESSORS["noise_reverb"]
    with pytest.raises(GraphError, match="'flanger'"):
        processor("flanger")


NODES = (7, 2, 5)


def settings() -> Settings:
    return Settings.by_kind(
        {"gain_panning": NODES},
        {"gain_panning": {"gain_db": torch.arange(6.0).view(3, 2)}},
        {"gain_panning": torch.tensor([0.0, 0.5, 1.0])},
    )


def test_settings_stand_by_node():
    assert settings()[2].values["gain_db"].tolist() == [2.0, 3.0]
    assert (settings()[2].kind, settings()[2].wet) == ("gain_panning", 0.5)
    assert 7 in settings() and 0 not in settings()
    again = Settings.of({i: settings()[i] for i in NODES})
    assert torch.equal(again.stack("gain_panning").values["gain_db"], torch.arange(6.0).view(3, 2))


def test_settings_give_and_keep_rows():
    (group,) = settings().groups([5, 7])
    assert group.nodes == (5, 7)
    assert group.values["gain_db"].tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert group.wet.tolist() == [1.0, 0.0]
    assert settings().only([2]).stack("gain_panning").values["gain_db"].tolist() == [[2.0, 3.0]]
    assert settings().only([]).stacks == ()
    doubled = settings().map(lambda tensor: 2.0 * tensor)
    assert doubled.stack("gain_panning").wet.tolist() == [0.0, 1.0, 2.0]
    assert doubled.stack("gain_panning").values["gain_db"][2, 1] == 10.0


def test_a_value_is_a_view_of_its_stack():
    stood = settings()
    stood.value(5, "gain_db").fill_(-3.0)
    stood.value(5, "wet").fill_(0.25)
    assert stood[5].values["gain_db"].tolist() == [-3.0, -3.0] and stood[5].wet == 0.25


def test_settings_that_fit_pass_the_check():
    kinds: dict[int, str] = dict.fromkeys(NODES, "gain_panning")
    settings().check(kinds)
    settings().map(torch.Tensor.double).check(kinds)


@pytest.mark.parametrize(
    ("value", "wet", "message"),
    [
        (None, torch.ones(2), "gain_db of gain_panning with shape .2, 2.; got nothing"),
        (torch.zeros(3, 2), torch.ones(2), "got shape .3, 2."),
        (torch.full((2, 2), math.nan), torch.ones(2), "finite numbers in gain_db"),
        (torch.full((2, 2), math.inf), torch.ones(2), "finite numbers in gain_db"),
        (torch.full((2, 2), 40.01), torch.ones(2), "gain_db of gain_panning within its range"),
        (torch.zeros(2, 2), torch.ones(3), "wet of gain_panning with shape"),
        (torch.zeros(2, 2), torch.tensor([0.5, 1.1]), "got 1.1, the nearest allowed is 1"),
        (torch.zeros(2, 2), torch.tensor([-0.1, 0.5]), "wet of gain_panning within its range"),
    ],
)
def test_settings_that_do_not_fit_are_named(value, wet, message):
    named = {} if value is None else {"gain_db": value}
    bad = Settings.by_kind({"gain_panning": (0, 1)}, {"gain_panning": named}, {"gain_panning": wet})
    with pytest.raises(GraphError, match=message):
        bad.check({0: "gain_panning", 1: "gain_panning"})


@pytest.mark.parametrize(
    ("kinds", "wrong"),
    [
        (dict.fromkeys((7, 2, 5, 9), "gain_panning"), "node 9 .gain_panning"),
        ({7: "gain_panning", 2: "gain_panning"}, "node 5 .gain_panning"),
        ({7: "gain_panning", 2: "gain_panning", 5: "equalizer"}, "node 5 .equalizer"),
    ],
)
def test_settings_of_other_nodes_are_named(kinds, wrong):
    with pytest.raises(GraphError, match=wrong):
        settings().check(kinds)


def test_what_is_no_choice_is_named():
    entry = PROCESSORS["compressor"]
    values = {spec.name: torch.tensor([spec.start]) for spec in entry.params}
    kind = {0: entry.kind}
    given = Settings.by_kind({entry.kind: (0,)}, {entry.kind: values}, {entry.kind: torch.ones(1)})
    given.check(kind)
    values["detector"] = torch.tensor([0.7])
    with pytest.raises(GraphError, match=r"detector of compressor as 0 or 1; got 0\.7"):
        given.check(kind)
