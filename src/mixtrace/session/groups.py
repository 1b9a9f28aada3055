"""Which group a track belongs to, guessed from its name.

The rules are read from top to bottom and the first that matches decides, so `BassDrum` is drums
and `BGVox` backing vocals. A name is cut into lower-case words at punctuation, digits and capitals
(`08_ElecGtr1` -> elec, gtr); a rule gives whole words and, for what is also found inside longer
words (`electricguitar`), parts.
"""

import re
from typing import NamedTuple

__all__ = ["GROUPS", "guess_group"]


class _Rule(NamedTuple):
    group: str
    words: str
    parts: str = ""


_RULES = (
    _Rule("brass and winds", "", "bassoon bassclarinet basstrombone"),
    _Rule("backing vocals", "bv bgv bgvs harm", "backing bgvo bvox bvs backvo harmon choir"),
    _Rule("vocals", "voc vocs rap adlib adlibs", "vocal vox voice singer rapper"),
    _Rule("drums", "kik bd sd sn hh oh ohs ohl ohr tom toms hat hats", "drum kick snare hihat"),
    _Rule("drums", "ride rim cym room rooms", "overhead cymbal crash floortom racktom"),
    _Rule("percussion", "perc clap claps triangle clave", "percus shaker tambourin conga bongo"),
    _Rule("percussion", "", "guiro cabasa djembe timbale cowbell timpani tabla handclap"),
    _Rule("percussion", "", "marimba vibraphone xylophone glockenspiel"),
    _Rule("bass", "sub 808", "bass"),
    _Rule("guitars", "gt egt agt uke acoustic", "gtr guitar banjo mandolin ukulele"),
    _Rule("synths", "pad pads arp lead moog", "synth minilogue"),
    _Rule("keys", "key keys pno organ clav wurli", "piano keyboard rhodes wurlitzer hammond"),
    _Rule("keys", "", "clavinet accordion harpsichord celesta mellotron"),
    _Rule("strings", "string viola harp", "strings violin cello fiddle"),
    _Rule("brass and winds", "horn horns sax tuba oboe", "brass trumpet trombone saxophone"),
    _Rule("brass and winds", "", "flute clarinet flugelhorn piccolo woodwind"),
    _Rule("fx", "fx sfx noise riser sweep ambience atmos", "effect"),
)

GROUPS = (*dict.fromkeys(rule.group for rule in _RULES), "other")
"""The names `guess_group` gives."""


def guess_group(name: str) -> str:
    """Return the group of a track from its name, `other` where no rule matches.

    >>> [guess_group(n) for n in ("01_Kick", "07_BassAmp", "08_ElecGtr1", "BGVOX_HIGH", "Take 7")]
    ['drums', 'bass', 'guitars', 'backing vocals', 'other']
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = re.findall(r"808|[^\W\d_]+", spaced.lower())
    joined = "".join(words)
    for rule in _RULES:
        if set(words) & set(rule.words.split()) or any(p in joined for p in rule.parts.split()):
            return rule.group
    return "other"
