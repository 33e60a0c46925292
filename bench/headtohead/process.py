"""A server as a child process."""

import os
import signal
import subprocess
import time

from headtohead import machine
from headtohead.wire import Client

POLL_SECONDS = 0.001
STOP_SECONDS = 60


class Server:
    """Started, polled until it answers, stopped. `started_s` is the time from exec to the first 200."""

    def __init__(self, command, port, health, log, env=None, start_seconds=600):
        self.port = port
        self.log = open(log, "ab")
        self.out = f"{log}.out"
        begun = time.monotonic()
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=self.log, env=env, stdin=subprocess.DEVNULL, start_new_session=True
            )
        while True:
            try:
                if Client(port, {}, keep=False).call("GET", health)[0] == 200:
                    break
            except (OSError, ValueError, IndexError):
                pass
            if self.process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with {self.process.returncode}; see {log}")
            if time.monotonic() - begun > start_seconds:
                self.stop()
                raise RuntimeError(f"{command[0]} did not answer within {start_seconds} s; see {log}")
            time.sleep(POLL_SECONDS)
        self.started_s = time.monotonic() - begun

    @property
    def pid(self):
        return self.process.pid

    def memory(self):
        return machine.memory_mb(self.pid)

    def stop(self):
        if self.process.poll() is None:
            # Its own group, made at its start: workers that it forked end with it.
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
