"""What the published schema of DAWproject 1.0 asks of the elements that we write, in our words.

Read from Project.xsd of the public repository bitwig/dawproject: which children in which order and
how many, which attributes of which kind, and which of them have to be there.
"""

import re
from xml.etree.ElementTree import Element

_UNITS = "linear normalized percent decibel hertz semitones seconds beats bpm".split()
_TEXT, _ID, _REFERENCE, _WHOLE, _NUMBER = "text", "id", "reference", "whole", "number"
_BOOLEAN = ["true", "false"]

_NAMED = {"name": _TEXT, "color": _TEXT, "comment": _TEXT}
_KNOWN = {**_NAMED, "id": _ID}
_TIMED = {**_KNOWN, "timeUnit": ["beats", "seconds"], "track": _REFERENCE}
_DEVICE = {
    **_KNOWN, "deviceID": _TEXT, "deviceName!": _TEXT, "deviceVendor": _TEXT, "loaded": _BOOLEAN,
    "deviceRole!": ["instrument", "noteFX", "audioFX", "analyzer"],
}  # fmt: skip
_REAL = {
    **_KNOWN,
    "parameterID": _WHOLE,
    "max": _TEXT,
    "min": _TEXT,
    "unit!": _UNITS,
    "value": _NUMBER,
}
_BOOL = {**_KNOWN, "parameterID": _WHOLE, "value": _BOOLEAN}
_OF_DEVICES = ["Parameters?", "Enabled?", "State?"]
_MEDIA = {
    **_TIMED,
    "duration!": _NUMBER,
    "algorithm": _TEXT,
    "channels!": _WHOLE,
    "sampleRate!": _WHOLE,
}

ELEMENTS: dict[str, tuple[dict, list[str]]] = {
    "Project": (
        {"version!": ["1.0"]},
        ["Application", "Transport?", "Structure?", "Arrangement?", "Scenes?"],
    ),
    "Application": ({"name!": _TEXT, "version!": _TEXT}, []),
    "Transport": ({}, ["Tempo?", "TimeSignature?"]),
    "TimeSignature": (
        {**_KNOWN, "parameterID": _WHOLE, "denominator!": _WHOLE, "numerator!": _WHOLE},
        [],
    ),
    "Structure": ({}, ["Track|Channel*"]),
    "Scenes": ({}, ["Scene*"]),
    "Track": (
        {**_KNOWN, "loaded": _BOOLEAN,
         "contentType": ["audio", "automation", "notes", "video", "markers", "tracks"]},
        ["Channel?", "Track*"],
    ),
    "Channel": (
        {**_KNOWN, "audioChannels": _WHOLE, "destination": _REFERENCE, "solo": _BOOLEAN,
         "role": ["regular", "master", "effect", "submix", "vca"]},
        ["Devices?", "Mute?", "Pan?", "Sends?", "Volume?"],
    ),
    "Devices": ({}, ["Equalizer|Compressor|NoiseGate|Limiter*"]),
    "Sends": ({}, ["Send*"]),
    "Send": (
        {**_KNOWN, "destination": _REFERENCE, "type": ["pre", "post"]},
        ["Enable?", "Pan?", "Volume"],
    ),
    "Equalizer": (_DEVICE, [*_OF_DEVICES, "Band*", "InputGain?", "OutputGain?"]),
    "Band": (
        {"order": _WHOLE, "type!": ["highPass", "lowPass", "bandPass", "highShelf", "lowShelf",
                                    "bell", "notch"]},
        ["Freq", "Gain?", "Q?", "Enabled?"],
    ),
    "Compressor": (
        _DEVICE,
        [*_OF_DEVICES, "Attack?", "AutoMakeup?", "InputGain?", "OutputGain?", "Ratio?", "Release?",
         "Threshold?"],
    ),
    "NoiseGate": (
        _DEVICE,
        [*_OF_DEVICES, "Attack?", "Range?", "Ratio?", "Release?", "Threshold?"],
    ),
    "Limiter": (
        _DEVICE,
        [*_OF_DEVICES, "Attack?", "InputGain?", "OutputGain?", "Release?", "Threshold?"],
    ),
    "Arrangement": (
        _KNOWN,
        ["Lanes?", "Markers?", "TempoAutomation?", "TimeSignatureAutomation?"],
    ),
    "Lanes": (_TIMED, ["Lanes|Clips|Points|Audio*"]),
    "Clips": (_TIMED, ["Clip*"]),
    "Clip": (
        {**_NAMED, "time!": _NUMBER, "duration": _NUMBER, "contentTimeUnit": ["beats", "seconds"],
         "playStart": _NUMBER, "playStop": _NUMBER, "enable": _BOOLEAN, "reference": _REFERENCE},
        ["Clips|Lanes|Audio|Points?"],
    ),
    "Audio": (_MEDIA, ["File"]),
    "File": ({"path!": _TEXT, "external": _BOOLEAN}, []),
    "Points": ({**_TIMED, "unit": _UNITS}, ["Target", "RealPoint*"]),
    "Target": ({"parameter": _REFERENCE}, []),
    "RealPoint": ({"time!": _NUMBER, "value!": _NUMBER, "interpolation": ["hold", "linear"]}, []),
    **dict.fromkeys(
        ["Tempo", "Pan", "Volume", "Freq", "Gain", "Q", "InputGain", "OutputGain", "Attack",
         "Release", "Ratio", "Threshold", "Range"],
        (_REAL, []),
    ),
    **dict.fromkeys(["Mute", "Enable", "Enabled", "AutoMakeup"], (_BOOL, [])),
}  # fmt: skip
"""Element -> its attributes, those that have to be there with a mark, and its children in order."""

METADATA = [
    "Title", "Artist", "Album", "OriginalArtist", "Composer", "Songwriter", "Producer", "Arranger",
    "Year", "Genre", "Copyright", "Website", "Comment",
]  # fmt: skip


def faults(root: Element) -> list[str]:
    """Return what the schema has against a project."""
    found, identities, references = list[str](), list[str](), list[str]()
    for element in root.iter():
        if element.tag not in ELEMENTS:
            found.append(f"no {element.tag} that we know")
            continue
        attributes, children = ELEMENTS[element.tag]
        kinds = {name.rstrip("!"): kind for name, kind in attributes.items()}
        needed = {name[:-1] for name in attributes if name.endswith("!")}
        found += [f"{element.tag} lacks {name}" for name in needed - set(element.attrib)]
        for name, value in element.attrib.items():
            kind = kinds.get(name)
            found += [] if _fits(kind, value) else [f"{element.tag} {name}={value!r}"]
            identities += [value] if kind == _ID else []
            references += [value] if kind == _REFERENCE else []
        order = "".join(_pattern(child) for child in children)
        if not re.fullmatch(order, "".join(f"{child.tag};" for child in element)):
            found.append(f"{element.tag} holds {[child.tag for child in element]}")
    found += [f"{name} twice" for name in set(identities) if identities.count(name) > 1]
    return found + [f"{name} is nowhere" for name in set(references) - set(identities)]


def _pattern(child: str) -> str:
    tags, many = (child[:-1], child[-1]) if child[-1] in "?*" else (child, "")
    return f"(?:{'|'.join(f'{tag};' for tag in tags.split('|'))}){many}"


def _fits(kind: object, value: str) -> bool:
    if isinstance(kind, list):
        return value in kind
    if kind in (_ID, _REFERENCE):
        return re.fullmatch(r"[A-Za-z_][\w.-]*", value) is not None
    if kind == _WHOLE:
        return re.fullmatch(r"-?\d+", value) is not None
    if kind == _NUMBER:
        return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return kind == _TEXT
