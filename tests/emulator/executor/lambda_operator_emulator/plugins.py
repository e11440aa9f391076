"""What LocalEmu loads by entry point; it imports no more of LocalEmu than that needs."""

import os
import pathlib
import threading
import traceback
import warnings

import typing_extensions
from localemu.runtime import hooks
from plux import Plugin
from plux.runtime.filter import global_plugin_filter

# Hooks of LocalEmu's own that are left out. The dashboard takes seconds to load, and it
# records each request for CloudTrail, which starts a thread that waits for 60 seconds:
# after about 1,000 functions there would be no thread left to serve requests.
LEFT_OUT = ("register_dashboard", "register_swagger_endpoints", "register")

# Loaded before it says that it is ready, so that no test's first request waits for that.
LOADED = ("lambda", "s3", "sqs", "sts", "iam")

# Where `tests/emulator/start` waits for a file that says that everything is up.
READY_VARIABLE = "LAMBDA_OPERATOR_EMULATOR_READY"


class InstantExecutorPlugin(Plugin):
    """Selected by LAMBDA_RUNTIME_EXECUTOR=instant; loaded before the first function."""

    namespace = "localemu.lambda.runtime_executor"
    name = "instant"

    def load(self, *args, **kwargs):
        from .executor import InstantExecutor, without_event_managers

        without_event_managers()
        return InstantExecutor


@hooks.on_runtime_create()
def prepare() -> None:
    """Runs before anything else: from here on the process ends with its stdin."""
    threading.Thread(target=_end_with_stdin, name="end-with-stdin", daemon=True).start()
    for name in LEFT_OUT:
        global_plugin_filter.add_exclusion(namespace="localemu.hooks.on_infra_start", name=name)
    if not hasattr(warnings, "deprecated"):
        # LocalEmu takes it from there, which Python 3.12 doesn't have.
        warnings.deprecated = typing_extensions.deprecated


def _end_with_stdin() -> None:
    while os.read(0, 256):
        pass
    # Nothing is worth saving, and an orderly shutdown waits for threads.
    os._exit(0)


@hooks.on_infra_ready()
def confirm() -> None:
    """Says that all is up, or ends the process: LocalEmu would only log that a hook failed."""
    try:
        _load_services()
        _require_loopback()
        pathlib.Path(os.environ[READY_VARIABLE]).touch()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _load_services() -> None:
    from localemu.services.plugins import SERVICE_PLUGINS

    for service in LOADED:
        SERVICE_PLUGINS.require(service)


def _require_loopback() -> None:
    """Nobody on the network can reach this process, and it has the port that it was given."""
    from localemu import config
    from psutil import CONN_LISTEN, CONN_NONE, Process

    sockets = Process().net_connections(kind="inet")
    # UDP knows no listening, its sockets have no status.
    listening = {tuple(socket.laddr) for socket in sockets if socket.status in (CONN_LISTEN, CONN_NONE)}
    gateway = ("127.0.0.1", config.GATEWAY_LISTEN[0].port)
    if listening != {gateway}:
        raise RuntimeError(f"to listen on {gateway} and nothing else was wanted, and it is {listening}")
