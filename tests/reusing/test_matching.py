"""Which track gets the settings of which."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from mixtrace.errors import SessionError
from mixtrace.reusing import Matching, NewTrack, matched, parse_map


def tracks(*names: str, group: str = "other") -> list[NewTrack]:
    return [NewTrack(name, group) for name in names]


def match(
    old: list[NewTrack],
    new: list[NewTrack],
    chosen: Mapping[str, str] = MappingProxyType({}),
    unused: tuple[str, ...] = (),
) -> Matching:
    return matched(old, unused, new, chosen)


def test_names_that_differ_in_case_and_separators_are_equal():
    found = match(tracks("Lead Vox", "Bass-DI"), tracks("bass_di", "LEAD_VOX"))
    assert found.pairs == {"bass_di": "Bass-DI", "LEAD_VOX": "Lead Vox"}
    assert set(found.how.values()) == {"name"}
    assert (found.alone, found.gone) == ((), ())


def test_numbers_count_where_they_tell_tracks_apart_and_not_where_they_do_not():
    found = match(tracks("Gtr 1", "Gtr 2", "03_Bass"), tracks("Gtr 2", "Gtr 3", "07_Bass"))
    # Once Gtr 2 is taken, one Gtr is left on either side.
    assert found.pairs == {"Gtr 2": "Gtr 2", "07_Bass": "03_Bass", "Gtr 3": "Gtr 1"}
    two = match(tracks("Gtr 1", "Gtr 2"), tracks("Gtr 3", "Gtr 4"))
    assert two.pairs == {}
    assert two.alone == ("Gtr 3", "Gtr 4")


def test_the_only_track_of_a_group_is_matched_by_it_and_told():
    found = match(tracks("Kick", "Singer", "Zed"), tracks("Lead Vocal", "Snare", "Yod"))
    assert found.pairs == {"Lead Vocal": "Singer", "Snare": "Kick"}
    assert set(found.how.values()) == {"group"}
    assert found.alone == ("Yod",) and found.gone == ("Zed",)
    notes = " ".join(found.notes())
    assert "Lead Vocal as Singer" in notes and "Yod" in notes and "Zed" in notes


def test_two_of_a_group_are_not_told_apart():
    assert match(tracks("Vox", "Kick"), tracks("Singer", "Voice")).pairs == {}


def test_the_group_of_a_folder_counts_where_the_name_says_nothing():
    old, new = tracks("Take 7", group="drums"), tracks("Track A", group="Drums")
    assert match(old, new).pairs == {"Track A": "Take 7"}


def test_what_was_chosen_goes_first():
    found = match(tracks("Vox", "Kick"), tracks("Vox", "Thump"), {"Thump": "Vox"})
    assert found.pairs == {"Thump": "Vox"}
    assert found.how["Thump"] == "map"
    assert found.alone == ("Vox",)


def test_a_track_that_the_result_leaves_out_is_left_out():
    found = match(tracks("Vox"), tracks("vox", "talkback"), unused=("Talkback",))
    assert found.unused == ("talkback",) and found.alone == ()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"Nobody": "Vox"}, "the song has no 'Nobody'"),
        ({"Vox": "Nobody"}, "the result has no 'Nobody'"),
        ({"Vox": "Vox", "Kick": "Vox"}, "'Vox' is there twice"),
    ],
)
def test_a_map_of_tracks_that_are_not_there_is_refused(chosen: dict[str, str], words: str):
    with pytest.raises(SessionError, match=words):
        match(tracks("Vox", "Kick"), tracks("Vox", "Kick"), chosen)


@pytest.mark.parametrize("texts", [["Vox"], ["=Vox"], ["Vox="], ["a=b", "a=c"]])
def test_a_map_without_two_names_is_refused(texts: list[str]):
    with pytest.raises(SessionError, match="each new track once"):
        parse_map(texts)
