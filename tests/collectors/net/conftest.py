"""Both libraries behind the seam to the sockets, read at once or in turns: what holds for one holds for all."""

from typing import get_args

import pytest

from collectors.net.socket import Connect, Library, connector
from collectors.net.turns import Turns


@pytest.fixture(params=get_args(Library))
def library(request: pytest.FixtureRequest) -> Library:
    chosen: Library = request.param
    return chosen


@pytest.fixture(params=["at once", "in turns"])
def connect(library: Library, request: pytest.FixtureRequest) -> Connect:
    return connector(library, Turns(0.01) if request.param == "in turns" else None)
