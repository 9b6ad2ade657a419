"""The language a reader is spoken to in: decided once per request, and the texts in it.

English is the source and stands as constants in `web.texts`, the words of the pages, and in
`sayings`, what the assistant says of its own. The others are one file each in `languages/`, with
the names of those constants as keys; what a file lacks is said in English. Does not cover: the
words of papers, and of what a language model writes from them.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

ENGLISH = "en"
# Each by its own name, in the order in which they are offered.
LANGUAGES = {ENGLISH: "English", "fr": "Français", "es": "Español", "ru": "Русский", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ar"})
_COMMA_IN_NUMBERS = frozenset({ENGLISH, "ar"})
FOLDER = Path(__file__).parent / "languages"
PARAMETER = "lang"  # in an address

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Language:
    """A language, and whether the reader chose it here: then the links of a page carry it on."""

    code: str = ENGLISH
    chosen: bool = False

    @property
    def direction(self) -> str:
        """As HTML says it: rtl or ltr."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"


_ENGLISH = Language()
_current: ContextVar[Language] = ContextVar("language", default=_ENGLISH)
_placeholders: ContextVar[bool] = ContextVar("placeholders", default=False)


def current() -> Language:
    """The language of the request that is being answered; English outside of one."""
    return _current.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Say everything in a language, within a `with`."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def placeholders() -> Iterator[None]:
    """Give placeholders in the place of texts, within a `with`: for what is laid out once for all
    readers. `translation` puts the words in for each."""
    token = _placeholders.set(True)
    try:
        yield
    finally:
        _placeholders.reset(token)


def choose(asked: str, accepted: str) -> Language:
    """Take the language asked for in the address, else the best of an Accept-Language header."""
    if asked in LANGUAGES:
        return Language(asked, chosen=True)
    for wish in sorted(accepted.lower()[:1000].split(","), key=_weight, reverse=True):
        code = wish.partition(";")[0].strip().partition("-")[0]
        if code in LANGUAGES and _weight(wish) > 0:
            return Language(code)
    return Language()


def _weight(wish: str) -> float:
    """The q of one wish of an Accept-Language header, 0 to 1."""
    found = wish.replace(" ", "").partition(";q=")[2]
    try:
        return float(found) if found else 1.0
    except ValueError:
        return 0.0


class Naming(Mapping[Key, str]):
    """What a few things are called: texts, looked up whenever one is asked for, in the language of then."""

    def __init__(self, names: Mapping[Key, Callable[[], str]]) -> None:
        self._names = names

    def __getitem__(self, key: Key) -> str:
        return self._names[key]()

    def __iter__(self) -> Iterator[Key]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Counted(str):
    """A text that depends on a `{count}`: as a string its general form, by `format` the fitting one."""

    code: str
    forms: Mapping[str, str]

    def __new__(cls, code: str, forms: Mapping[str, str]) -> "Counted":
        """Make one of the forms of a language; `other` is always among them."""
        made = super().__new__(cls, forms["other"])
        made.code, made.forms = code, forms
        return made

    def format(self, *args: object, **given: object) -> str:
        """Fill the form that fits the count."""
        digits = "".join(sign for sign in str(given.get("count", "")) if sign.isdigit())
        form = self.forms.get(plural(self.code, int(digits or 0)), str(self))
        return form.format(*args, **given)


def plural(code: str, count: int) -> str:
    """Name the plural form of a whole number, as Unicode's CLDR does."""
    if code == "ru":
        if count % 10 == 1 and count % 100 != 11:
            return "one"
        return "few" if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else "many"
    if code == "ar":
        if count < 3:
            return ("zero", "one", "two")[count]
        return "few" if 3 <= count % 100 <= 10 else "many" if count % 100 >= 11 else "other"
    if code == "fr":
        return "one" if count < 2 else "other"
    return "one" if count == 1 else "other"


def number(count: int) -> str:
    """Write a whole number, its thousands parted as the language of the moment does."""
    comma = _current.get().code in _COMMA_IN_NUMBERS
    return f"{count:,}" if comma else f"{count:,}".replace(",", "\u00a0")


@cache
def words(code: str) -> Mapping[str, str]:
    """The texts of a language, by the names in `texts` and `sayings`; none for English and for a code that is
    not known."""
    if code == ENGLISH or code not in LANGUAGES:
        return {}
    read = tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8"))
    return {name: Counted(code, said) if isinstance(said, dict) else said for name, said in read.items()}


def placeholder(name: str) -> str:
    """What stands for a text. Its full stop tells afterwards whether it was escaped for HTML."""
    return f"\ue000{name}.\ue001"


class Texts(ModuleType):
    """A module of texts: its constants, in the language of the moment."""

    def __getattribute__(self, name: str) -> Any:
        """Give a constant in the current language, anything else as it is."""
        english = super().__getattribute__(name)
        if not name.isupper() or not isinstance(english, str):
            return english
        if _placeholders.get():
            return placeholder(name)
        return words(_current.get().code).get(name, english)
