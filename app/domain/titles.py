"""How alike two titles are: whether they may name the same thing. Suggests, and decides nothing.

Numbers with their units, sizes and colours are hard: titles that differ in one of them name different
things. Case, punctuation, accents, the order of words, plurals, and the space between a number and its unit
say nothing. The words are English; a colour in another language is a word like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import Pattern
from re import compile as regex
from unicodedata import combining, normalize

SUGGESTED = 0.7
"""From this likeness on two titles may name the same thing."""
MISSING, REPLACED = 0.5, 3.0
"""What a word that only one title has weighs, and one that stands in the place of another: a longer title
tells more of the same thing, `pantry` for `garden` tells of another."""


@dataclass(frozen=True, slots=True)
class Title:
    """What of a title counts. `hard`: numbers, single letters, sizes and colours; `words`: the rest."""

    hard: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scored:
    variant_id: int
    likeness: float


def read_title(text: str) -> Title:
    hard: set[str] = set()
    words: set[str] = set()
    for found in _TOKEN.finditer(_plain(text)):
        token = found[0]
        match found.lastgroup:
            case "measure":
                hard.add(_measure(token))
            case "pieces":
                hard.add(_number(_VALUE.findall(token)[0]))
                words.add("pack")
            case "number":
                hard.add(_number(token.strip("x ")))
            case "code":
                hard.add(token)
            case _ if token in SIZES or token in COLOURS:
                hard.add(SIZES.get(token) or COLOURS[token])
            case _ if token not in SAYING_NOTHING:
                (words if len(token) > 1 else hard).add(_singular(token))
    return Title(frozenset(hard), frozenset(words))


def likeness(one: Title, other: Title) -> float:
    """From 0, different things, to 1, nothing tells them apart. Symmetric."""
    if one.hard != other.hard:
        return 0.0
    if one.words == other.words:
        return 1.0
    common = len(one.words & other.words)
    if not common:
        return 0.0
    replaced, missing = sorted((len(one.words) - common, len(other.words) - common))
    shared = common + len(one.hard)
    return shared / (shared + REPLACED * replaced + MISSING * (missing - replaced))


def suggest(title: str, candidates: Iterable[tuple[int, str]], *, most: int) -> list[Scored]:
    """The variants whose titles are like this one, likest first, at most `most`.

    `candidates`: variant id and title.
    """
    wanted = read_title(title)
    scored = [Scored(variant_id, likeness(wanted, read_title(other))) for variant_id, other in candidates]
    likely = [found for found in scored if found.likeness >= SUGGESTED]
    return sorted(likely, key=lambda found: (-found.likeness, found.variant_id))[:most]


def _plain(text: str) -> str:
    """Lower case, without accents, in one spelling."""
    decomposed = normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not combining(character))
    for pattern, instead in _SPELLINGS:
        plain = pattern.sub(instead, plain)
    return plain


def _measure(text: str) -> str:
    """`12 oz` -> 12oz, `40 x 30 cm` -> 30cm x 40cm: a side without a unit has that of the last one."""
    sides = [(value, _UNITS.get(unit, "")) for value, unit in _SIDES.findall(text)]
    return " x ".join(sorted(_number(value) + (unit or sides[-1][1]) for value, unit in sides))


def _number(text: str) -> str:
    """One spelling of each number: 007, 1,50 and 1.5 are 7, 1.5 and 1.5. Whether 1,000 is a thousand or one
    nobody knows: it is like itself only."""
    if _GROUPED.fullmatch(text):
        return text.replace(".", ",")
    whole, point, fraction = text.replace(",", ".").partition(".")
    if not whole.isdigit() or (point and not fraction.isdigit()):
        return text
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _same(canonical: str, *spellings: str) -> dict[str, str]:
    return dict.fromkeys((canonical, *spellings), canonical)


_UNITS = {
    **_same("oz", "ounce", "ounces"),
    **_same("ml", "millilitre", "millilitres", "milliliter", "milliliters"),
    **_same("cl", "centilitre", "centilitres", "centiliter", "centiliters"),
    **_same("l", "litre", "litres", "liter", "liters", "ltr"),
    **_same("pt", "pint", "pints"),
    **_same("gal", "gallon", "gallons"),
    **_same("mg", "milligram", "milligrams"),
    **_same("g", "gr", "gram", "grams", "gramme", "grammes"),
    **_same("kg", "kilo", "kilos", "kilogram", "kilograms"),
    **_same("lb", "lbs", "pound", "pounds"),
    **_same("mm", "millimetre", "millimetres", "millimeter", "millimeters"),
    **_same("cm", "centimetre", "centimetres", "centimeter", "centimeters"),
    **_same("m", "metre", "metres", "meter", "meters", "mtr"),
    **_same("in", "inch", "inches"),
    **_same("ft", "foot", "feet"),
    **_same("yd", "yard", "yards"),
    **_same("w", "watt", "watts"),
    **_same("v", "volt", "volts"),
    **_same("mah"),
    **_same("mb"),
    **_same("gb"),
    **_same("tb"),
    **_same("hz"),
    **_same("khz"),
    **_same("ghz"),
}
SIZES = {
    **_same("xs"),
    **_same("s", "small"),
    **_same("m", "medium"),
    **_same("l", "large", "big"),
    **_same("xl"),
    **_same("xxs"),
    **_same("xxl"),
    **_same("xxxl"),
    **_same("xxxxl"),
    **_same("mini", "miniature"),
    **_same("midi"),
    **_same("maxi"),
    **_same("jumbo"),
    **_same("giant"),
}
_COLOURS = """
    amber aqua beige black blue bronze brown burgundy charcoal clear copper coral cream crimson cyan dark gold
    green indigo ivory khaki lavender light lilac lime magenta maroon mauve mint navy ochre olive orange pale
    peach pink plum purple red rose ruby rust sage salmon scarlet silver tan taupe teal transparent turquoise
    violet white yellow
"""
COLOURS = {**{colour: colour for colour in _COLOURS.split()}, **_same("grey", "gray")}
SAYING_NOTHING = frozenset(
    ("a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "x")
)

_NUMBER = r"\d+(?:[.,]\d+)*(?:/\d+)?"
_LETTER = r"[^\W\d_]"
_UNIT = rf"(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?:(?!{_LETTER})|(?=x\s*\d))"
# "3 in 1" has no inches.
_ATTACHED_UNIT = rf"(?:[\s-]*(?!in\s+\d){_UNIT})"
_PIECES = rf"(?:packs?|pk|pcs?|pieces?|ct|count)(?!{_LETTER})"
_SIDE = rf"{_NUMBER}{_ATTACHED_UNIT}?"
_VALUE = regex(_NUMBER)
_SIDES = regex(rf"({_NUMBER})[\s-]*({_UNIT})?")
_GROUPED = regex(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_TOKEN = regex(
    rf"(?P<measure>{_SIDE}(?:\s*x\s*{_SIDE})+(?!{_LETTER})|{_NUMBER}{_ATTACHED_UNIT})"
    rf"|(?P<pieces>{_NUMBER}[\s-]*{_PIECES})"
    rf"|(?P<number>{_NUMBER}\s?x(?!{_LETTER})|x\s?{_NUMBER}(?![^\W_])|{_NUMBER}(?![^\W_]))"
    rf"|(?P<code>{_LETTER}{{1,2}}\d[^\W_]*|\d[^\W_]*)"
    rf"|(?P<word>{_LETTER}+)"
)
_SPELLINGS: Sequence[tuple[Pattern[str], str]] = (
    (regex(r"['’`´]"), ""),
    (regex(r"⁄"), "/"),
    (regex(r"×"), "x"),
    (regex(r"(?<=\d)\s*[\"″”]"), " in "),
    (regex(rf"(?<!{_LETTER})fl\.?\s*oz(?!{_LETTER})"), "oz"),
    (regex(r"\b(?:extra|x)[\s-]*small\b"), "xs"),
    (regex(r"\b(?:extra|x)[\s-]*large\b"), "xl"),
    (regex(r"\b2xl\b"), "xxl"),
    (regex(r"\b3xl\b"), "xxxl"),
    (regex(r"\b4xl\b"), "xxxxl"),
)
