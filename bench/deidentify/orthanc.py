"""Orthanc as Debian ships it, unpacked into the cache and started on loopback: no service of the system."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

from headtohead import machine

PORT = 18742
START_SECONDS = 30
CONFIGURATION = {
    "Name": "bench", "HttpPort": PORT, "RemoteAccessAllowed": False, "AuthenticationEnabled": False,
    "DicomServerEnabled": False, "StorageCompression": False, "OverwriteInstances": True, "Plugins": [],
}


def install(cache):
    """The program and the folder of its libraries; None where there is no such package."""
    folder = cache / "orthanc"
    program = folder / "root" / "usr" / "sbin" / "Orthanc"
    if not program.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        listing = ["apt-get", "install", "--print-uris", "-qq", "--no-install-recommends", "orthanc"]
        try:
            listed = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
            names = [line.split()[1].split("_")[0] for line in listed if line.startswith("'")]
            subprocess.run(["apt-get", "download", "-qq", *names], cwd=folder, check=True, capture_output=True)
            for package in sorted(folder.glob("*.deb")):
                subprocess.run(["dpkg", "-x", str(package), str(folder / "root")], check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
    return program if program.is_file() else None


def call(method, path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data=body, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


class Orthanc:
    def __init__(self, program, folder):
        folder.mkdir(parents=True)
        storage = {"StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "storage")}
        (folder / "orthanc.json").write_text(json.dumps(CONFIGURATION | storage))
        libraries = program.parents[1] / "lib" / "x86_64-linux-gnu"
        environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries), "DCMDICTPATH": dictionary(program)}
        self.log = open(folder / "log", "wb")
        command = [str(program), str(folder / "orthanc.json")]
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        begun = time.monotonic()
        while True:
            try:
                self.version = json.loads(call("GET", "/system"))["Version"]
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                    self.stop()
                    raise RuntimeError(f"Orthanc does not answer; see {self.log.name}") from error
                time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def dictionary(program):
    found = sorted(program.parents[2].rglob("dicom.dic"))
    return str(found[0]) if found else ""


def measure(program, folder, files, rounds):
    """CPU time of the server for de-identifying each file so many times, storing not counted; outputs of one round."""
    server = Orthanc(program, folder)
    try:
        stored = {}
        for path in files:
            try:
                stored[path] = json.loads(call("POST", "/instances", path.read_bytes()))["ID"]
            except (urllib.error.HTTPError, KeyError):
                continue
        before, done, outputs = machine.cpu_seconds(server.process.pid), 0, {}
        for _ in range(rounds):
            for path, instance in stored.items():
                try:
                    outputs[path] = call("POST", f"/instances/{instance}/anonymize", b"{}")
                    done += 1
                except urllib.error.HTTPError:
                    continue
        cpu = machine.cpu_seconds(server.process.pid) - before
    finally:
        server.stop()
    return {"version": server.version, "files": len(files) * rounds, "done": done, "cpu_s": cpu}, outputs
