"""What every test shares: a cache folder of its own, so that no test reads another run's tables."""

import pytest

from workbench import kernel

kernel.skip_slow_imports()  # altair and nbformat then import in a third of the time


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
