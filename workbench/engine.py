"""How papermill runs our notebooks: in our kernel, over local sockets, with a time limit, and never stalled.

papermill, nbclient and jupyter_client do all the work; this is their engine interface filled in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.output_widget import OutputWidget
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

NAME = "workbench"
LONGEST_SOCKET_FOLDER = 55  # characters; a socket's whole path may have about 100


class _Manager(AsyncKernelManager):
    """Starts `python -m workbench.kernel` of this environment, whatever kernels the machine has installed."""

    def __init__(self, **settings: Any) -> None:
        if os.name == "posix" and len(jupyter_runtime_dir()) < LONGEST_SOCKET_FOLDER:
            settings["transport"] = "ipc"  # a local socket needs no free port and no encryption
            own = Path(jupyter_runtime_dir()) / f"kernel-{uuid.uuid4().hex[:16]}"  # else all kernels share one socket
            own.parent.mkdir(parents=True, exist_ok=True)
            settings |= {"connection_file": f"{own}.json", "ip": f"{own}-ipc"}
        super().__init__(**settings)

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=[sys.executable, "-m", "workbench.kernel", "-f", "{connection_file}"],
                          display_name="workbench", language="python")

    async def _async_start_kernel(self, **settings: Any) -> None:
        await super()._async_start_kernel(**{"stderr": subprocess.DEVNULL, **settings})

    start_kernel = _async_start_kernel


class _OutputWidget(OutputWidget):
    """nbclient's stand-in for an Output widget, without the lost wake-up.

    Sending on the shell socket swallows the event that says an answer waits, and the run stalls about once in fifty
    cells (nbclient 0.11; jupyter/nbclient#312). Scheduling the socket's events after the send brings it back.
    """

    def send(self, *args: Any, **kwargs: Any) -> None:
        super().send(*args, **kwargs)
        socket = getattr(self.kernel_client.shell_channel, "socket", None)
        schedule = getattr(socket, "_schedule_remaining_events", None)
        if schedule:
            schedule()


class _Client(PapermillNotebookClient):
    """papermill's client with the two remedies above."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kernel_manager_class = _Manager
        self.widget_registry["@jupyter-widgets/output"] = {"OutputModel": _OutputWidget}


class Engine(NBClientEngine):
    """papermill's engine interface; registered under NAME."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, log_output: bool = False, stdout_file: Any = None,
                                 stderr_file: Any = None, start_timeout: int = 60, execution_timeout: int | None = None,
                                 **settings: Any) -> Any:
        """Run the notebook that `nb_man` watches; as papermill's own engine, with our client."""
        return _Client(nb_man, timeout=execution_timeout, startup_timeout=start_timeout, kernel_name=kernel_name,
                       log_output=log_output, stdout_file=stdout_file, stderr_file=stderr_file,
                       **{key: value for key, value in settings.items() if key in ("cwd", "resources")}).execute()


papermill_engines.register(NAME, Engine)
