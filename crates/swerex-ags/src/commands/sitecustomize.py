# Made by `swerex-ags shims`. SWE-agent calls is_alive(timeout=...) on every deployment, but the RemoteDeployment of
# swe-rex 1.4.0 takes no such argument: without this, a run that ends in a soft failure loses its patch.
import importlib.abc
import importlib.util
import inspect
import os
import sys

_NAME = "swerex.deployment.remote"


def _mend(module):
    cls = getattr(module, "RemoteDeployment", None)
    if cls is None or "timeout" in inspect.signature(cls.is_alive).parameters:
        return

    async def is_alive(self, *, timeout=None):
        return await self.runtime.is_alive(timeout=timeout)

    cls.is_alive = is_alive


class _Finder(importlib.abc.MetaPathFinder):
    """Mends the module right after it is imported, if it ever is."""

    def find_spec(self, name, path, target=None):
        if name != _NAME:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            _mend(module)

        spec.loader.exec_module = exec_module
        return spec


def _run_hidden():
    """Runs the sitecustomize that this one hides, as Python would have."""
    for directory in sys.path:
        path = os.path.join(directory, "sitecustomize.py")
        if os.path.isfile(path) and not os.path.samefile(path, __file__):
            spec = importlib.util.spec_from_file_location("hidden_sitecustomize", path)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
            return


sys.meta_path.insert(0, _Finder())
_run_hidden()
