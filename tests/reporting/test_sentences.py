"""Sentences follow what was heard of the settings; what does next to nothing is doubted."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtrace.graph import ConsolePreset, build_console
from mixtrace.processors import PROCESSORS, NodeSettings, Settings
from mixtrace.reporting.rendered import reduction, wet_level_db
from mixtrace.reporting.sentences import Telling, tell
from mixtrace.session import Alignment
from mixtrace.store import Evidence, StoredGraph, StoredTrack

EDGES_HZ = np.geomspace(25.0, 20_000.0, 59).astype(np.float32)
CENTRES_HZ = np.sqrt(EDGES_HZ[1:] * EDGES_HZ[:-1])
FREQUENCIES_HZ = np.linspace(0.0, 15_000.0, 1024)


def one_track(**chain: tuple[dict[str, torch.Tensor], float]) -> StoredGraph:
    """Return a graph of one track with a chain; kind -> (values, dry/wet weight)."""
    graph = build_console([("voice", "all")], ConsolePreset(tuple(chain), ()))
    values = {kind: {n: v[None] for n, v in named.items()} for kind, (named, _) in chain.items()}
    wet = {kind: torch.tensor([weight]) for kind, (_, weight) in chain.items()}
    track = StoredTrack("voice", "all", Alignment())
    return StoredGraph("song", (track,), graph, Settings.by_kind(graph.by_kind(), values, wet))


def measured(stored: StoredGraph, gain_db: float = 0.0, level_db: float = 0.0) -> Evidence:
    """Return evidence of noise that has nothing above 2 kHz."""
    dynamics = [
        *stored.graph.of_kind("one_pole_compressor"),
        *stored.graph.of_kind("one_pole_gate"),
    ]
    spectra_db = np.where(CENTRES_HZ < 2_000.0, -30.0, -90.0).astype(np.float32)
    gains = np.zeros((len(dynamics), 100), np.float32)
    gains[:, 50:] = gain_db
    sides_db = np.array([[-20.0, -20.0], [-20.0 + level_db] * 2], np.float32)
    return Evidence(
        frame_s=0.1,
        curve_s=0.05,
        bands_hz=EDGES_HZ,
        spectra_db=np.zeros((2, 2, 58, 50), np.float32),
        window_losses=np.array([0.5], np.float32),
        track_spectra_db=np.stack([spectra_db, spectra_db])[None],
        track_sides_db=sides_db[None],
        dynamics=np.array(dynamics, np.int64),
        input_db=np.full_like(gains, -20.0),
        gain_db=gains,
        increases=np.full(len(stored.graph.processors), 0.1, np.float32),
    )


def of_track(tellings: tuple[Telling, ...]) -> Telling:
    return next(telling for telling in tellings if telling.place == "track")


def bell(centre_hz: float, gain_db: float) -> dict[str, torch.Tensor]:
    octaves = np.log2(np.maximum(FREQUENCIES_HZ, 1.0) / centre_hz)
    return {"magnitude_db": torch.from_numpy(gain_db * np.exp(-4.0 * octaves**2)).float()}


def compressor(slope: float = -0.75) -> dict[str, torch.Tensor]:
    named = {"threshold_db": -24.0, "knee_db": 6.0, "time_ms": 20.0, "slope": slope}
    return {name: torch.tensor(value) for name, value in named.items()}


def test_a_vocal_as_an_engineer_would_say_it():
    low_cut = {
        "magnitude_db": torch.from_numpy(np.where(FREQUENCIES_HZ < 90.0, -60.0, 0.0)).float()
    }
    reverb = {"rt60_s": torch.full((2, 193), 1.2), "initial_db": torch.zeros(2, 193)}
    stored = one_track(
        equalizer=(low_cut, 1.0),
        one_pole_compressor=(compressor(), 1.0),
        noise_reverb=(reverb, 0.1),
    )
    telling = of_track(tell(stored, measured(stored, gain_db=-5.0, level_db=2.0)))
    assert telling.sentence.startswith("2 dB up, high-pass near ")
    assert ", about 5 dB of compression at 4:1, 1.2 s reverb at -" in telling.sentence
    assert telling.doubts == ()


def test_a_pan_is_told_as_it_is_dialled():
    for right_db, pan in ((0.0, None), (4.0, "52 % right")):
        # 8 dB between the sides: 4 / pi atan(2.51) - 1 = .52.
        stored = one_track(gain_panning=({"gain_db": torch.tensor([-right_db, right_db])}, 1.0))
        evidence = measured(stored)
        leaning = evidence.track_sides_db + np.array([[0.0, 0.0], [-3.0, 0.0]], np.float32)
        for heard in (None, evidence, replace(evidence, track_sides_db=leaning)):
            told = of_track(tell(stored, heard)).sentence.lower()
            assert ("panned" in told) is (pan is not None)
            assert pan is None or told.endswith(f"panned {pan}.")


def test_a_boost_counts_where_there_is_sound():
    for centre_hz, is_heard in ((500.0, True), (8_000.0, False)):
        stored = one_track(equalizer=(bell(centre_hz, 6.0), 1.0))
        telling = of_track(tell(stored, measured(stored)))
        assert ("+6 dB at" in telling.sentence) is is_heard
        assert any("next to nothing: +6 dB at" in doubt for doubt in telling.doubts) is not is_heard
        assert "+6 dB at" in of_track(tell(stored)).sentence  # nothing measured, nothing doubted


def test_idle_dynamics_are_doubted():
    stored = one_track(
        one_pole_compressor=(compressor(), 1.0), one_pole_gate=(compressor(-3.0), 1.0)
    )
    telling = of_track(tell(stored, measured(stored, gain_db=-0.2)))
    assert telling.sentence == "Left as it is."
    assert "the compressor takes less than 0.5 dB away" in telling.doubts
    assert "the gate hardly ever closes" in telling.doubts
    closing = of_track(tell(stored, measured(stored, gain_db=-20.0)))
    assert "gated below -24 dB (50 % of the time, by up to 20 dB)" in closing.sentence


def test_what_the_match_hardly_needs_is_named():
    stored = one_track(equalizer=(bell(500.0, 6.0), 1.0), one_pole_compressor=(compressor(), 1.0))
    evidence = measured(stored, gain_db=-5.0)
    weak = replace(evidence, increases=np.array([0.2, 0.005], np.float32))
    assert of_track(tell(stored, weak, tolerance=0.01)).doubts == (
        "L_a rises by less than 0.01 without the compressor",
    )
    assert of_track(tell(stored, evidence, tolerance=0.01)).doubts == ()


def test_reduction_is_read_from_the_sounding_part():
    stored = one_track(one_pole_compressor=(compressor(), 1.0))
    evidence = measured(stored, gain_db=-5.0)
    node = stored.graph.of_kind("one_pole_compressor")[0]
    taken = reduction(evidence, node)
    assert taken is not None
    assert (taken.most_db, taken.least_db) == (5.0, 0.0)
    assert (taken.closed_share, taken.closed_db) == (0.5, 5.0)
    silent = replace(evidence, input_db=np.full_like(evidence.input_db, -120.0))
    assert reduction(silent, node) is None
    assert reduction(evidence, node + 1) is None


def test_a_wet_level_is_weighed_by_the_sound():
    """A reverb that only sounds below 1 kHz is as loud as the sound has energy there."""
    start_db = torch.full((2, 193), -120.0)
    start_db[0, 1:14] = 0.0  # the bins of 78 Hz to 1 kHz, mid
    reverb = {"rt60_s": torch.full((2, 193), 1.0), "initial_db": start_db}
    node = NodeSettings("noise_reverb", reverb, 0.5)
    inside = np.where((CENTRES_HZ > 150.0) & (CENTRES_HZ < 800.0), -30.0, -120.0)
    outside = np.where(CENTRES_HZ > 3_000.0, -30.0, -120.0)
    levels_db = [wet_level_db(node, spectrum, EDGES_HZ) for spectrum in (inside, outside)]
    # Unit energy within 1 of 15 kHz: 12 dB above that of a response over the whole band.
    assert levels_db[0] == pytest.approx(12.0, abs=2.0)  # noise of 2 s is not even
    assert levels_db[1] < -40.0
    assert wet_level_db(node, None, EDGES_HZ) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("end", ["low", "high"])
def test_range_ends_have_sentences(end: str):
    """Every processor at the extremes of its ranges, dry and wet, has words without nan."""
    for wet in (0.0, 1.0):
        chain = {}
        for kind, entry in PROCESSORS.items():
            extremes = {
                spec.name: torch.as_tensor(getattr(spec, end)).expand(spec.shape).clone().float()
                for spec in entry.params
            }
            chain[kind] = (extremes, wet)
        stored = one_track(**chain)
        for evidence in (None, measured(stored, gain_db=-5.0)):
            for telling in tell(stored, evidence, 0.01):
                assert telling.sentence.endswith(".")
                assert "nan" not in " ".join([telling.sentence, *telling.doubts])
