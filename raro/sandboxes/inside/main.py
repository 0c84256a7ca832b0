"""The inner shim: confine this process, then run the code that follows on standard input.

Started as `python -I -S main.py`, inside bubblewrap or what `launch` built.
"""

import builtins
import io
import os
import sys
import time

LIBRARY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, LIBRARY)

from raro.sandboxes.inside import confine, execute, plan  # noqa: E402

MOST_FDS = 1 << 16
MOST_LOOKS = 2000


def main() -> int:
    """Returns the exit status: 0 when the code ran to its end."""
    orders: plan.Confinement = plan.read_block(0)
    _wait_for_first_process()
    confine.tie_to_host(orders["life_fd"])
    _keep_only(orders["result_fd"])
    _prefer_for_oom_killer()
    _link_font_cache(orders["font_cache"])
    confine.confine(orders)
    os.write(orders["result_fd"], plan.READY)
    source = plan.read_rest(0)
    _become_a_plain_interpreter(orders)
    return execute.run(source, orders["result_fd"])


def _wait_for_first_process() -> None:
    """Go on once process 1 waits for this one.

    bwrap's asks to die with its parent only after it has started this one (bubblewrap.c, do_init): if that parent died
    before, nobody would end what runs here.
    """
    for _ in range(MOST_LOOKS):
        if _first_process() in ("S", ""):
            return
        time.sleep(0.001)


def _first_process() -> str:
    """The state of process 1 (proc(5)); empty where that cannot be seen."""
    try:
        with open("/proc/1/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _keep_only(result_fd: int) -> None:
    os.closerange(3, result_fd)
    os.closerange(result_fd + 1, MOST_FDS)
    os.set_inheritable(result_fd, False)


def _prefer_for_oom_killer() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:
        return  # no /proc here; the host's own watch on memory stays


def _link_font_cache(folder: str | None) -> None:
    # matplotlib ignores a cache folder that it cannot write to, so the read-only files are linked into one.
    if folder is None or not os.path.isdir(folder):
        return
    private = os.environ["MPLCONFIGDIR"]
    os.makedirs(private, exist_ok=True)
    os.chmod(private, 0o777)
    for name in os.listdir(folder):
        os.symlink(os.path.join(folder, name), os.path.join(private, name))


def _become_a_plain_interpreter(orders: plan.Confinement) -> None:
    sys.path.remove(LIBRARY)
    sys.path[:0] = [orders["folder"]]
    sys.path += orders["packages"]
    sys.argv[:] = [""]
    for name in [name for name in sys.modules if name.split(".")[0] == "raro"]:
        del sys.modules[name]
    # What `site`, which is not loaded, would give.
    builtins.__dict__.update(exit=sys.exit, quit=sys.exit)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    silence = os.open("/dev/null", os.O_RDONLY)
    os.dup2(silence, 0)
    os.close(silence)
    os.chdir(orders["folder"])


if __name__ == "__main__":
    sys.exit(main())
