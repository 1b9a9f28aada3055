"""Groups from names people use: stems of multitrack archives, DAW exports, data-set labels."""

import pytest

from mixtrace.session import GROUPS, guess_group


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (
            "drums",
            "01_Kick KickOut 02_Snare SnTop HiHat Tom1 05_Tom2 Overheads OH_L",
        ),
        ("drums", "BassDrum drumset DrumsRoom Ride hat_L Crash2 bd HH FloorTom"),
        ("percussion", "Shaker Tambourine Congas PercLoop Claps Cowbell"),
        ("bass", "06_BassDI 07_BassAmp SynthBass doublebass 808 Sub"),
        ("guitars", "08_ElecGtr1 AcGtr LeadGtr GuitarSolo Banjo acoustic_2"),
        ("keys", "Piano Organ Rhodes Keys Hammond"),
        ("synths", "Synth_Lead Pad MINILOGUE_SYNTH Arp2"),
        ("vocals", "11_LeadVox1 VOX_LEAD LeadVocal Rap male_singer"),
        ("backing vocals", "BGVOX_HIGH BackingVox2 BVs BV1 bgv Harmony Choir"),
        ("strings", "Violin1 Cello Strings ViolaSection"),
        ("brass and winds", "Trumpet Sax AltoSax FrenchHorn Flute Bassoon"),
        ("fx", "MICROCOSM_EFFECT SFX Riser"),
        ("other", "MusicDelta_Beatles_RAW_01_01 Take7 Audio_3 custom pride"),
    ],
)
def test_usual_names_fall_into_the_group_a_person_would_choose(group: str, names: str):
    assert {name: guess_group(name) for name in names.split()} == dict.fromkeys(
        names.split(), group
    )


def test_two_words_decide_together():
    assert guess_group("bass drum") == "drums"
    assert guess_group("clean electric guitar") == "guitars"


def test_every_guess_is_a_listed_group():
    assert set(GROUPS) >= {guess_group(n) for n in ("kick", "oboe", "", "7", "ünïcode ☃")}
