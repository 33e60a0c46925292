"""The machine: what it is, what a process tree costs, who else is busy."""

import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
FSYNC_PROBES = 200


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return "absent"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"


def percentile(values, share):
    """Nearest-rank percentile; None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def fsync_ms(folder):
    """p50 and p95 of a 4 KiB append with fdatasync, milliseconds: what one durable commit costs at least."""
    path = Path(folder) / "fsync.probe"
    times = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(FSYNC_PROBES):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    path.unlink()
    return {"p50": statistics.median(times), "p95": percentile(times, 0.95)}


def facts(folder):
    """What has to stand beside every number."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.M)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.M)
    return {
        "cpu": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory.group(1)) / 2**20) if memory else None,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "fsync_ms": fsync_ms(folder),
        "load_average": os.getloadavg()[0],
    }


def tree(pid):
    """A process and all that descend from it."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting.extend(children.get(current, []))
    return found


def cpu_seconds(pid):
    """CPU time of a process tree, user and system, those that ended included."""
    total = 0
    for member in tree(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS_PER_SECOND


def memory_mb(pid):
    """Resident memory of a process tree now and at its peak, MB of 10^6 bytes. Shared pages count in each process."""
    now = peak = 0
    for member in tree(pid):
        try:
            status = Path(f"/proc/{member}/status").read_text()
        except OSError:
            continue
        now += int((re.search(r"VmRSS:\s*(\d+)", status) or [0, 0])[1])
        peak += int((re.search(r"VmHWM:\s*(\d+)", status) or [0, 0])[1])
    return {"rss": now * 1024 / 1e6, "peak": peak * 1024 / 1e6}


def busy_seconds():
    """CPU time that all cores spent on anything since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _wait, hard, soft, steal = (fields + [0] * 8)[:8]
    return (user + nice + system + hard + soft + steal) / TICKS_PER_SECOND


class Watch:
    """What a server used and what the rest of the machine did between two moments."""

    def __init__(self, pids):
        self.pids = pids
        self.begun = time.monotonic()
        self.busy = busy_seconds()
        self.server = sum(cpu_seconds(pid) for pid in pids)
        self.own = sum(os.times()[:4])

    def end(self):
        wall = time.monotonic() - self.begun
        server = sum(cpu_seconds(pid) for pid in self.pids) - self.server
        own = sum(os.times()[:4]) - self.own
        others = max(0.0, busy_seconds() - self.busy - server - own)
        return {"wall_s": wall, "server_cpu_s": server, "driver_cpu_s": own, "others_cores": others / wall}
