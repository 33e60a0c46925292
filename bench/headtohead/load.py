"""The load generator: clients in processes of their own, without think time, over one window."""

import multiprocessing
import threading
import time

from headtohead import machine

PROCESSES_MAX = 16
LEAD_SECONDS = 0.5


class Tally:
    """What one client saw."""

    def __init__(self):
        self.takes, self.gives, self.vouched, self.faults, self.dry_at = [], [], [], [], None


def work(worker, tally, begin, end):
    """Take and give until the end; a call that began before the end is finished and kept."""
    time.sleep(max(0.0, begin - time.monotonic()))
    while time.monotonic() < end:
        try:
            first = time.monotonic()
            task = worker.take()
            second = time.monotonic()
            if task is None:
                tally.dry_at = second
                break
            tally.takes.append((second, second - first))
            done = worker.give(task)
            third = time.monotonic()
            tally.gives.append((third, third - second))
            tally.vouched.append(done)
        except (OSError, RuntimeError, ValueError) as error:
            tally.faults.append(str(error)[:200])
            worker.client.close()
    worker.client.close()


def _process(workers, begin, end, pipe):
    tallies = [Tally() for _ in workers]
    threads = [
        threading.Thread(target=work, args=(worker, tally, begin, end))
        for worker, tally in zip(workers, tallies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send([vars(tally) for tally in tallies])
    pipe.close()


def run(workers, pids, warm_s, window_s):
    """Runs all workers at once; figures of the window after the warm-up."""
    context = multiprocessing.get_context("fork")
    count = min(PROCESSES_MAX, len(workers))
    begin = time.monotonic() + LEAD_SECONDS
    opens, closes = begin + warm_s, begin + warm_s + window_s
    running = []
    for number in range(count):
        inlet, outlet = context.Pipe(duplex=False)
        process = context.Process(target=_process, args=(workers[number::count], begin, closes, outlet))
        process.start()
        outlet.close()
        running.append((process, inlet))
    time.sleep(max(0.0, opens - time.monotonic()))
    watch = machine.Watch(pids)
    driver = sum(machine.cpu_seconds(process.pid) for process, _ in running)
    while time.monotonic() < closes and any(process.is_alive() for process, _ in running):
        if any(inlet.poll() for _, inlet in running):
            break
        time.sleep(0.05)
    # Clients that ran out of work have ended and no longer count.
    driver = max(0.0, sum(machine.cpu_seconds(process.pid) for process, _ in running) - driver)
    used = watch.end()
    tallies = []
    for process, inlet in running:
        tallies.extend(inlet.recv())
        process.join()
    used["others_cores"] = max(0.0, used["others_cores"] - driver / used["wall_s"])
    used["driver_cpu_s"] = driver
    return summary(tallies, opens, closes, used)


def summary(tallies, opens, closes, used):
    dry = [tally["dry_at"] for tally in tallies if tally["dry_at"]]
    closes = min([closes, *dry])

    def within(name):
        return [took for tally in tallies for at, took in tally[name] if opens <= at <= closes]

    takes, gives = within("takes"), within("gives")
    seconds = max(1e-9, closes - opens)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

    def milliseconds(values):
        return {name: machine.percentile(values, share) and machine.percentile(values, share) * 1000
                for name, share in shares.items()}

    return {
        "clients": len(tallies),
        "window_s": seconds,
        "pairs": len(gives),
        "pairs_per_s": len(gives) / seconds,
        "take_ms": milliseconds(takes),
        "give_ms": milliseconds(gives),
        "faults": sum(len(tally["faults"]) for tally in tallies),
        "fault_samples": sorted({fault for tally in tallies for fault in tally["faults"]})[:3],
        "ran_dry": bool(dry),
        "server_cpu_ms_per_pair": used["server_cpu_s"] * 1000 / len(gives) if gives else None,
        "driver_cpu_share": used["driver_cpu_s"] / used["wall_s"],
        "others_cores": used["others_cores"],
        "vouched": [done for tally in tallies for done in tally["vouched"]],
    }
