"""How papermill runs our notebooks: in our kernel, over local sockets, with a time limit, and never stalled.

papermill, nbclient and jupyter_client do all the work; this is their engine and provisioner interfaces filled in.
Kernels are forked from a nursery (see `kernel`) on Linux, one nursery a process; elsewhere, where it does not open, or
with WORKBENCH_FORK=0, each starts the ordinary way. Either way the notebook recorded is the same.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.output_widget import OutputWidget
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets import Type

from workbench import kernel

NAME = "workbench"
LONGEST_SOCKET_FOLDER = 55  # characters; a socket's whole path may have about 100
SECONDS_FOR_OUTPUT = 120  # what a finished cell showed may be late by this much on a busy machine, then the run fails


# ---------------------------------------------------------------------------------------------------- kernels

class Nursery:
    """The process that forks kernels. `fork` gives None where it cannot."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._open: bool | None = None  # not known before its first line
        self.process: subprocess.Popen | None = None
        if sys.platform == "linux" and os.environ.get("WORKBENCH_FORK") != "0":
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workbench.kernel", "--nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True, start_new_session=True, env=os.environ | kernel.UNTHREADED)
            atexit.register(self.close)

    def fork(self, arguments: list[str], cwd: str, env: dict[str, str]) -> Forked | None:
        """A new kernel process with these arguments of ipykernel."""
        try:
            return Forked(self, self.ask(fork=arguments, cwd=cwd, env=env)["pid"])
        except OSError:
            return None

    def ask(self, **request: Any) -> dict[str, Any]:
        """One request and its answer; OSError when the nursery is not open or gone."""
        with self._turn:
            if self.process is None:
                raise OSError("there is no nursery")
            if self._open is None:
                self._open = self._line().get("open", False)
            if not self._open:
                raise OSError("the nursery is closed")
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return self._line()

    def close(self) -> None:
        """End the nursery and every kernel of it; one that still prepares itself is not waited for."""
        if self.process is not None:
            if not self._open:
                self.process.kill()
            self.process.communicate()
            self.process = None

    def _line(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            self._open = False
            raise OSError("the nursery has ended")
        return json.loads(line)


class Forked:
    """A forked kernel, as jupyter_client expects of a subprocess.Popen."""

    stdin = stdout = stderr = None

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.nursery, self.pid, self.returncode = nursery, pid, None

    def poll(self) -> int | None:
        """The exit code, None while it runs; a kernel whose nursery is gone goes with it."""
        return self._left(poll=self.pid)

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code; a kernel that still runs is ended."""
        return self._left(end=self.pid)

    def send_signal(self, number: int) -> None:
        """Send a signal; nothing happens when the kernel is gone."""
        if number == signal.SIGKILL:
            self._left(end=self.pid)
        elif self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the kernel and what it started."""
        self._left(end=self.pid)

    terminate = kill

    def _left(self, **request: int) -> int | None:
        if self.returncode is None:
            try:
                self.returncode = self.nursery.ask(**request)["code"]
            except OSError:
                self.returncode = -signal.SIGKILL
        return self.returncode


@functools.lru_cache(maxsize=1)
def _nursery_of(process: int) -> Nursery:
    return Nursery()


def nursery() -> Nursery:
    """This process's nursery; it prepares itself meanwhile when asked for early."""
    if _nursery_of(os.getpid())._open is False:  # it died: the next kernel gets a new one
        _nursery_of.cache_clear()
    return _nursery_of(os.getpid())


class Provisioner(LocalProvisioner):
    """jupyter_client's local processes, forked where there is a nursery."""

    async def launch_kernel(self, cmd: list[str], **settings: Any) -> Any:
        """Start the kernel whose command is `cmd`."""
        arguments = cmd[cmd.index("workbench.kernel") + 1:]
        self.cwd = settings.get("cwd") or os.getcwd()
        self.process = nursery().fork(arguments, str(self.cwd), dict(settings.get("env") or os.environ))
        if self.process is None:
            return await super().launch_kernel(cmd, **settings)
        self.pid = self.process.pid
        self.pgid = None  # signals go through the nursery, which knows whether the kernel still is
        return self.connection_info


class _KernelClient(AsyncKernelClient):
    """jupyter_client's client, without the fifth of a second of silence that it waits for before every first cell.

    jupyter_client empties the channel of outputs before it calls a kernel ready. That is not needed here: nbclient tells
    by a message's parent which cell it belongs to. A kernel is ready when it has answered on both channels.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Ask until the kernel answers and says so where outputs come. RuntimeError when it died, or after `timeout`
        seconds."""
        late = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            self.kernel_info()
            with contextlib.suppress(Empty):
                answer = await self.shell_channel.get_msg(timeout=1)
                await self.iopub_channel.get_msg(timeout=0.2)  # nothing comes while the channel is not connected yet
                self._handle_kernel_info_reply(answer)
                return
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it was ready")
            if time.monotonic() > late:
                raise RuntimeError(f"the kernel was not ready after {timeout} seconds")


class _Manager(AsyncKernelManager):
    """Starts `python -m workbench.kernel` of this environment, whatever kernels the machine has installed."""

    client_factory = Type(_KernelClient, klass=_KernelClient)

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
                          display_name="workbench", language="python",
                          metadata={"kernel_provisioner": {"provisioner_name": NAME}})

    async def _async_start_kernel(self, **settings: Any) -> None:
        await super()._async_start_kernel(**{"stderr": subprocess.DEVNULL, **settings})

    start_kernel = _async_start_kernel


# ---------------------------------------------------------------------------------------------------- notebooks

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
    """papermill's client with our kernels, which are ended, not asked to leave: they serve no second notebook.

    nbclient waits four seconds for what a finished cell shows: on a busy machine pages failed that only needed a little
    longer. What never comes is a failure, never a page that lacks a table and looks whole.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"shutdown_kernel": "immediate", "iopub_timeout": SECONDS_FOR_OUTPUT,
                                   "raise_on_iopub_timeout": True, **kwargs})
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
                       **{key: settings[key] for key in ("cwd", "resources", "on_cell_executed") if key in settings}
                       ).execute()


papermill_engines.register(NAME, Engine)
KernelProvisionerFactory.instance().provisioners[NAME] = EntryPoint(
    NAME, "workbench.engine:Provisioner", KernelProvisionerFactory.GROUP_NAME)
