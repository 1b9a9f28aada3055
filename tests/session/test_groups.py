"""Groups from names people use: stems of multitrack archives, DAW exports, data-set labels."""

import unicodedata

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


ABROAD = {
    "drums": (
        "Schlagzeug, 01 Schlagzeug OH, Becken, Große Trommel, Hängetom, Standtom, Batterie, "
        "Grosse caisse, Caisse_claire, Charley, Batería, Bombo, Caja, Platillos, Batteria, Cassa, "
        "Rullante, Piatti, Bateria, Bumbo, Caixa, Chimbal, Batterie Room"
    ),
    "percussion": (
        "Perkussion, Schellenkranz, Rassel, Percussions, Percusión, Palmas, Pandereta, "
        "Castañuelas, Percussioni, Triangolo, Percussão, Pandeiro, Cajón"
    ),
    "bass": (
        "Kontrabass, E-Bass, Basse, Contrebasse, Basse DI, Bajo, Contrabajo, Basso, "
        "Basso elettrico, Baixo, Contrabaixo"
    ),
    "guitars": (
        "Gitarre, E-Gitarre links, Gitarren, Akustikgitarre, Guitare, Guitares électriques, "
        "Guitarra, Guitarra acústica, Chitarra, Chitarra 2, Chitarre, Violão, Cavaquinho, E-Git 1"
    ),
    "keys": (
        "Klavier, Flügel, Tasten, Orgel, Akkordeon, Clavier, Claviers, Orgue, Accordéon, Teclado, "
        "Teclados, Órgano, Acordeón, Tastiera, Tastiere, Pianoforte, Fisarmonica, Órgão"
    ),
    "synths": "Synthesizer, Synthé, Nappe, Sintetizador, Sintetizzatore, Synthé lead",
    "vocals": (
        "Stimme, Stimme 2, Hauptstimme, Gesang, Lead Gesang, Sänger, Voix, Voix lead, voix_lead_2, "
        "Chant, Voz, Voz principal, Voces, Voce, Voci, Voce solista, Canto, Vozes, Vocais"
    ),
    "backing vocals": (
        "Chor, Chöre, Hintergrundgesang, Frauenchor, Choeurs, Chœurs, Choeur 1, Coro, Coros, Cori, "
        "Segunda voz"
    ),
    "strings": (
        "Streicher, Geige, Geigen 1, Bratsche, Harfe, Cordes, Violon, Violoncelle, Harpe, Cuerdas, "
        "Violín, Archi, Violini, Violoncello, Arpa, Cordas, Violino"
    ),
    "brass and winds": (
        "Bläser, Blechbläser, Trompete, Posaune, Querflöte, Klarinette, Fagott, Cuivres, "
        "Trompette, Saxo, Flûte, Clarinette, Hautbois, Basson, Vientos, Metales, Trompeta, Flauta, "
        "Fiati, Ottoni, Tromba, Clarinetto, Flauto, Metais, Sopros, Saxofone, "
        "Mundharmonika, Armonica"
    ),
    "fx": "Effekte, Geräusche, Effets, Efectos, Effetti, Efeitos",
}


@pytest.mark.parametrize(("group", "names"), ABROAD.items())
def test_names_in_five_other_languages(group: str, names: str):
    found = {name: guess_group(name) for name in names.split(", ")}
    assert found == dict.fromkeys(found, group)
    decomposed = {name: guess_group(unicodedata.normalize("NFD", name)) for name in found}
    assert decomposed == found  # as macOS writes file names


LIBRARIES = {
    "drums": (
        "01_Kick 01_KickIn 02_KickOut 03_KickSub 04_SnareUp 05_SnareDown 06_HiHat 07_Tom1 "
        "08_OverheadsL 09_Overheads 10_Rooms 11_DrumLoop 12_SnareSample Kick_Trigger SubKick "
        "S01_R01_kick_drum BeatLoop TR808Kick 03_Snare-02 drum-set BD_Sub"
    ),
    "percussion": "13_Tambourine 14_Shaker 15_Claps FingerSnaps 16_HandPerc 17_Congas timpani",
    "bass": "18_BassDI 19_BassMic 20_SynthBass electric-bass double_bass Bass_Sansamp 808s",
    "guitars": (
        "21_ElecGtr1 22_ElecGtr1DT 23_AcousticGtr 24_GtrFX LeadGtrDT GTR_Solo lap_steel GTR_Harm "
        "GuitarHarmony BG_Gtr"
    ),
    "keys": "25_Piano 26_Hammond 27_Mellotron Keys_L electric-piano tack_piano 28_Wurli Harmonium",
    "synths": "29_Synth1 30_SynthFX 31_PadSynth ArpSynth Lead Lead2",
    "vocals": (
        "32_LeadVox 12_LeadVox1DT 33_LeadVoxDT LeadVox2Verse VoxFX female-singer AdLib1 Ad-Libs "
        "male_rapper Vocoder lead_vocals Spoken"
    ),
    "backing vocals": (
        "34_BackingVox1 35_BackingVox2DT 36_GangVox Harmony1 BGs BackVox Oohs 37_ChoirVox "
        "vocal_bg VOX_HARM_2 Harmony_Vox BG"
    ),
    "strings": "38_Strings 39_Violin1 40_CelloDT string-section viola_section",
    "brass and winds": "41_Trumpet1 Lead_Trumpet 42_TenorSax horn-section french_horn Harmonica",
    "fx": "43_SFX1 FX_Riser 44_Noise Reverb_Return Crowd",
    "other": (
        "45_Loop Click RAW_01_02 MusicDelta_Beatles_STEM_03 Audio_1-03 Track_12 Stereo_Out Anchor "
        "Archive Cadenza Voltage Digital Chord_A Metal Score Tastemaker Bajada Escort Sample"
    ),
}


@pytest.mark.parametrize(("group", "names"), LIBRARIES.items())
def test_the_habits_of_public_multitrack_libraries(group: str, names: str):
    """Mixing Secrets (`12_LeadVox1DT`), MedleyDB and Weathervane (`female-singer`), and DAWs."""
    found = {name: guess_group(name) for name in names.split()}
    assert found == dict.fromkeys(found, group)


def test_two_words_decide_together():
    assert guess_group("bass drum") == "drums"
    assert guess_group("clean electric guitar") == "guitars"


def test_every_guess_is_a_listed_group():
    assert set(GROUPS) >= {guess_group(n) for n in ("kick", "oboe", "", "7", "ünïcode ☃")}
