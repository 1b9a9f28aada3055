"""A small song, a fit and a capture of it, as the tests of damaged files share them."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def fuzz_files(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("fuzz_files")


@pytest.fixture(scope="session")
def built(fuzz_files: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    fuzz_files.build(folder)
    return folder
