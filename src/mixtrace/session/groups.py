"""Which group a track belongs to, guessed from its name.

The rules are read from top to bottom and the first that matches decides, so `BassDrum` is drums
and `BGVox` backing vocals. A name is cut into lower-case words without accents at punctuation,
digits and capitals (`08_ElecGtr1` -> elec, gtr); a rule gives whole words and, for what is also
found inside longer words (`electricguitar`, `Hauptstimme`), parts. Parts are also found across
words (`caisse claire`). The words are English, German, French, Spanish, Italian and Portuguese.
"""

import re
import unicodedata
from typing import NamedTuple

__all__ = ["GROUPS", "guess_group"]


class _Rule(NamedTuple):
    group: str
    words: str
    parts: str = ""


_RULES = (
    _Rule("brass and winds", "harmonica armonica", "bassoon bassclarinet basstrombone basson"),
    _Rule("brass and winds", "", "bassklarinette bassposaune clarinettebasse mundharmonika"),
    _Rule("keys", "harmonium fisarmonica"),
    _Rule("backing vocals", "bv bgv bgvs bgs ooh oohs aah aahs", "backing bgvo bvox gangvo"),
    _Rule("backing vocals", "chor chore coro coros cori choeur choeurs", "bvs backvo choir harmvo"),
    _Rule(
        "backing vocals", "corista coristas", "hintergrundges hintergrundst mannerchor frauenchor"
    ),
    _Rule("backing vocals", "", "voxharm vocalharm vocalsharm harmonyvo harmoniesvo voxbg vocalbg"),
    _Rule("backing vocals", "", "kinderchor chorgesang zweitstimme segundavoz secondevoix"),
    _Rule(
        "vocals", "voc vocs vx rap sanger sangerin", "vocal vox voice singer rapper adlib vocoder"
    ),
    _Rule("vocals", "voix voz voces vozes voce voci vocais chant canto", "stimme gesang chanteu"),
    _Rule("vocals", "cantante spoken speech narration sprecher"),
    _Rule("drums", "kik bd sd sn hh oh ohs ohl ohr tom toms hat hats", "drum kick snare hihat"),
    _Rule(
        "drums", "ride rim cym room rooms china splash", "overhead cymbal crash floortom racktom"
    ),
    _Rule("drums", "beat beats becken bateria batteria", "schlagzeug batterie trommel standtom"),
    _Rule("drums", "cassa bombo bumbo rullante caja caixa tarola", "grossecaisse caisseclaire"),
    _Rule("drums", "charley charleston chimbal piatti platillos pratos", "rimshot hangetom"),
    _Rule("percussion", "perc claps clap triangle clave claves snap snaps palmas", "percus perkus"),
    _Rule("percussion", "rassel surdo maracas", "shaker tambourin tamburin conga bongo handclap"),
    _Rule("percussion", "", "guiro cabasa djembe timbale cowbell timpani tabla cajon woodblock"),
    _Rule("percussion", "", "marimba vibraphon xylophon glockenspiel pandeir pandereta schellen"),
    _Rule("percussion", "", "triangolo triangulo castan cencerro tamburello"),
    _Rule("bass", "sub 808 bajo baixo", "bass contrabajo contrabaixo"),
    _Rule(
        "guitars", "gt egt agt git guit uke acoustic akustik", "gtr guitar banjo mandolin ukulele"
    ),
    _Rule(
        "guitars", "dobro violao", "gitar chitarr lapsteel pedalsteel bouzouki cavaquinho charango"
    ),
    _Rule("synths", "pad pads arp moog seq nappe nappes", "synth minilogue sintetiz sequencer"),
    _Rule("keys", "key keys kbd pno organ clav wurli", "piano keyboard rhodes wurlitzer hammond"),
    _Rule("keys", "", "clavinet accordion harpsichord celesta mellotron klavier akkordeon cembalo"),
    _Rule(
        "keys", "flugel tasten teclas orgue organo orgao", "clavier teclado tastier orgel acorde"
    ),
    _Rule("keys", "", "accordeon clavecin"),
    _Rule("strings", "string viola harp harpe harfe arpa", "strings violin violon cello fiddle"),
    _Rule("strings", "cordes cuerdas cordas archi celli chelo", "streicher geige bratsche"),
    _Rule("brass and winds", "horn horns sax tuba oboe", "brass trumpet trombon saxo waldhorn"),
    _Rule("brass and winds", "piccolo tromba corno cornet", "flute clarin flugelhorn woodwind"),
    _Rule("brass and winds", "blaser blaeser cuivres fiati metais", "trompet posaune klarin flote"),
    _Rule("brass and winds", "metales vientos sopros ottoni", "flauta flauto fagot hautbois"),
    _Rule("brass and winds", "gaita bagpipe bagpipes whistle", "blechblas holzblas dudelsack"),
    _Rule("synths", "lead"),
    _Rule("backing vocals", "bg gang harm", "harmon"),
    _Rule("fx", "fx sfx noise riser sweep ambience atmos atmo ambiance reverb delay", "effect"),
    _Rule("fx", "impact impacts whoosh foley crowd applause", "effekt effets effetti efectos"),
    _Rule("fx", "", "efeitos gerausch"),
)

GROUPS = (*dict.fromkeys(rule.group for rule in _RULES), "other")
"""The names `guess_group` gives."""

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "ß": "ss"})


def guess_group(name: str) -> str:
    """Return the group of a track from its name, `other` where no rule matches.

    >>> [guess_group(n) for n in ("01_Kick", "07_BassAmp", "08_ElecGtr1", "BGVOX_HIGH", "Take 7")]
    ['drums', 'bass', 'guitars', 'backing vocals', 'other']
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", _without_accents(name))
    words = re.findall(r"808|[^\W\d_]+", spaced.lower().translate(_LETTERS))
    joined = "".join(words)
    for rule in _RULES:
        if {*words, joined} & set(rule.words.split()) or any(
            p in joined for p in rule.parts.split()
        ):
            return rule.group
    return "other"


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text)
    return "".join(c for c in letters if not unicodedata.combining(c))
