"""What Gradio loads and this page never uses stays unloaded: 32 MB, and a tenth of the start."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

UNUSED = ("pandas",)  # for tables of numbers


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
    standing_in = {name: _Later(name) for name in UNUSED if name not in sys.modules}
    sys.modules |= standing_in
    try:
        yield
    finally:
        for name, module in standing_in.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
