"""What Gradio does in vain is not done: it loads what this page never uses, 50 MB and a tenth of the
start, and at each click it reads the signatures of its components anew, a third of the click's cost."""

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

UNUSED = ("pandas",)  # for tables of numbers
ABSENT = ("mcp",)  # which it does without where it is not installed: our own door loads it when it is used


class _Later(ModuleType):
    """A module that is loaded when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def lightened() -> Iterator[None]:
    """While Gradio is imported in it, modules that it does not need yet are stood in for. Others that
    import them afterwards get the modules themselves."""
    standing_in: dict[str, Any] = {name: _Later(name) for name in UNUSED if name not in sys.modules}
    standing_in |= {name: None for name in ABSENT if name not in sys.modules}  # to import it fails
    sys.modules |= standing_in
    try:
        yield
    finally:
        for name, module in standing_in.items():
            if name in sys.modules and sys.modules[name] is module:
                del sys.modules[name]


def signatures_read(components: Iterable[object]) -> None:
    """Read the signatures of these components' constructors once: `inspect` finds them there from now on."""
    for kind in {kind for component in components for kind in type(component).__mro__}:
        constructor = vars(kind).get("__init__")
        while inspect.isfunction(constructor):
            constructor.__signature__ = inspect.signature(constructor)  # type: ignore[attr-defined]
            constructor = getattr(constructor, "__wrapped__", None)
