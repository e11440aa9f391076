"""An executor that runs nothing: each version of a function is ready at once, or after a set time."""

import os
import time

from localemu.services.lambda_.invocation.event_manager import LambdaEventManager
from localemu.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localemu.services.lambda_.invocation.runtime_executor import RuntimeExecutor


# How long creations and updates take, so that the states in between can be seen.
SETTLE_SECONDS = float(os.environ.get("LAMBDA_OPERATOR_EMULATOR_SETTLE_SECONDS", "0"))


class InstantExecutor(RuntimeExecutor):
    """Becomes ready, and answers each invocation with ``null``."""

    def start(self, env_vars: dict[str, str]) -> None:
        pass

    def stop(self) -> None:
        pass

    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return "http://127.0.0.1"

    def invoke(
        self, payload: dict[str, str], function_timeout: int | None = None
    ) -> InvocationResult:
        return InvocationResult(
            request_id=payload["invoke-id"], payload=b"null", is_error=False, logs="nothing was run"
        )

    def get_logs(self) -> str:
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        time.sleep(SETTLE_SECONDS)

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        pass


def without_event_managers() -> None:
    """Asynchronous invocations go nowhere, instead of into a queue and a thread per version."""
    for name in ("start", "stop", "stop_for_update", "enqueue_event"):
        assert hasattr(LambdaEventManager, name), f"LambdaEventManager has no {name} any more"
        setattr(LambdaEventManager, name, lambda self, **arguments: None)
