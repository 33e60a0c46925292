"""A throw-away PostgreSQL cluster with its durability as shipped: fsync and synchronous_commit on."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


class Cluster:
    """Runs under the account `postgres` where the benchmarks run as root, which PostgreSQL refuses."""

    def __init__(self, binaries, parent):
        self.binaries = Path(binaries)
        # The path of a socket may have 107 bytes: not below the cache, which may lie deep.
        self.folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
        self.data = Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
        self.prefix = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            self.folder.chmod(0o755)
            for made in (self.folder, self.data):
                os.chown(made, account.pw_uid, account.pw_gid)
            self.prefix = ["setpriv", "--reuid=postgres", f"--regid={account.pw_gid}", "--clear-groups"]
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", self.data)
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=100"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")
        self.pid = int((self.data / "postmaster.pid").read_text().split()[0])

    def _run(self, name, *arguments):
        command = [*self.prefix, str(self.binaries / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        # pg_ctl's server keeps its output open elsewhere: only the exit status counts.
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr.strip() or done.stdout.strip()}")

    def create(self, name):
        self.psql("postgres", f"CREATE DATABASE {name}")

    def url(self, name):
        return f"postgres://localhost/{name}?host={self.folder}&user=postgres"

    def django(self, name):
        return {"HOST": str(self.folder), "PORT": "5432", "NAME": name, "USER": "postgres", "PASSWORD": ""}

    def psql(self, database, sql):
        command = [self.binaries / "psql", "-h", self.folder, "-U", "postgres", "-AtX", "-F", "\t"]
        command += ["-v", "ON_ERROR_STOP=1", "-c", sql, database]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def rows(self, database):
        return lambda sql, project: self.psql(database, sql.format(project=f"'{project}'::uuid"))

    def stop(self):
        subprocess.run(
            [*self.prefix, str(self.binaries / "pg_ctl"), "-D", str(self.data), "-m", "fast", "stop"],
            capture_output=True, cwd="/", check=False,
        )
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
