"""What a capture is said to be, in words that outline and page share."""

from pathlib import Path

import numpy as np
from captures import capture, track, write
from msgspec.structs import replace

from mixtrace import show
from mixtrace.reporting import capture_page, outline_capture
from mixtrace.reporting.captured_facts import facts_of, told
from mixtrace.store import StoredCapture

STILL = np.zeros((1, 100))


def page_words(folder: Path, stored: StoredCapture) -> str:
    return " ".join(capture_page(write(folder, stored)).split())


def test_table_words_and_doubts_speak_of_the_best_octave(tmp_path: Path):
    """Its mean over all octaves is .11: that of a bass, which sounds in few of them."""
    bass = track("Bass", coherence=((0.5,) * 5, *((0.06,) * 5,) * 8))
    facts = facts_of(capture(bass), bass, STILL[0])
    assert facts.coherence == 0.5 and facts.doubts == ()
    assert "0.50 in its best octave" in told(bass, facts)[1]
    page = page_words(tmp_path / "OUT", capture(bass))
    assert "<td>0.50</td><td>none</td>" in page
    assert "in the octave where it is highest" in page


def test_much_that_is_unexplained_is_among_what_is_unsure(tmp_path: Path):
    """Songs whose tracks are all there leave up to 23 %."""
    much, little = capture(track("Kick"), error_seen=0.61), capture(track("Kick"), error_seen=0.23)
    (doubt,) = outline_capture(much, STILL).rows[0].doubts
    assert doubt.startswith("61 % of the mix's energy is unexplained; a track may be missing")
    assert "Unsure: 61 % of the mix" in str(outline_capture(much, STILL))
    assert outline_capture(little, STILL).rows[0].doubts == ()
    page = page_words(tmp_path / "1", much)
    assert "Unsure:</span> 61 % of the mix" in page and "<td>none of its own</td>" in page
    page = page_words(tmp_path / "2", little)
    assert "Unsure:" not in page and "<td>none</td>" in page


def test_a_track_is_placed_in_plain_words():
    here = track("Bass", delay_s=0.0, arrival_s=0.0)
    carried = track("Kick", delay_s=-20.0, arrival_s=0.0, confidence=0.0)
    alone = replace(carried, confidence=0.9)
    for read, words in (
        (here, "panned 100 % left. It is not delayed. "),
        (carried, "In the mix it comes 20.00 s earlier than in its file (moved with the others). "),
        (alone, "In the mix it comes 20.00 s earlier than in its file. "),
    ):
        assert words in told(read, facts_of(capture(read), read, STILL[0]))[0]


def test_one_track_is_one():
    said = str(outline_capture(capture(track("Kick")), STILL))
    assert said.startswith("A song  [1 track, responses of 0.53 s]")
    assert "5.2 % of the mix's energy is unexplained (all bands counted equally)" in said


def test_responses_that_are_gone_are_named(tmp_path: Path):
    stored = capture(track("Kick"), track("Voice"))
    folder = write(tmp_path / "OUT", stored)
    assert "gone from responses/: Kick.wav and Voice.wav." in capture_page(folder)
    (folder / "responses").mkdir()
    (folder / "responses" / "Kick.wav").touch()
    assert "gone from responses/: Voice.wav." in str(show(folder))
    (folder / "responses" / "Voice.wav").touch()
    assert "gone from" not in str(show(folder)) + capture_page(folder)
