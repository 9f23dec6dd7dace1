"""Settings of the numerical library, made before it is first imported: 64 bits, vector width, cache.

Compiled code is kept in a folder named after jaxlib's version and the processor, so that it is never loaded
where it was not made. NOROSHI_CACHE_DIR names another place; NOROSHI_CACHE_DIR=off keeps nothing. What a
user has set in the environment wins.
"""

import hashlib
import os
import platform
import sys
from importlib.metadata import version


def _processor() -> str:
    """Model and feature flags of the processor, as the system tells them."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            told = [line for line in lines if line.startswith(("model name", "flags", "Features"))]
    except OSError:
        told = []
    return "".join(sorted(set(told))) or platform.processor() or platform.machine()


def _cache_dir(processor: str) -> str | None:
    chosen = os.environ.get("NOROSHI_CACHE_DIR", "")
    if chosen == "off":
        return None
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    mark = hashlib.sha256(processor.encode()).hexdigest()[:12]
    return os.path.join(chosen or os.path.join(home, "noroshi"), f"jax-{version('jaxlib')}-{mark}")


def apply() -> None:
    """Make the settings; those of an already imported jax are changed in place."""
    processor = _processor()
    flags = os.environ.get("XLA_FLAGS", "")
    # 1.5 times the flights per second where the processor has 512-bit vectors (decision 0002).
    if "avx512f" in processor and "prefer_vector_width" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_prefer_vector_width=512".strip()
    wanted: dict[str, object] = {"jax_enable_x64": True}
    cache = _cache_dir(processor)
    if cache is not None and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        wanted["jax_compilation_cache_dir"] = cache
        wanted["jax_persistent_cache_min_compile_time_secs"] = 0.0
        wanted["jax_persistent_cache_min_entry_size_bytes"] = -1
    for name, value in wanted.items():
        os.environ.setdefault(name.upper(), str(value))
    if "jax" in sys.modules:
        for name, value in wanted.items():
            sys.modules["jax"].config.update(name, value)
