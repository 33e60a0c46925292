"""The peer: Label Studio from its package, set up through its own HTTP API. No analytics, loopback only."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from headtohead.process import Server
from headtohead.wire import Client, expect

VERSION = "1.23.2"
PORT = 18085
ADMIN = "admin@example.com"
PASSWORD = "head-to-head-password"
ADMIN_TOKEN = "0123456789abcdef0123456789abcdef01234567"
LABELS = ["object", "person", "text", "unusable", "other"]
LABEL_CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
    + "".join(f'<Label value="{label}"/>' for label in LABELS)
    + "</RectangleLabels></View>"
)
BOXES = 5


def install(cache):
    """The peer's own virtual environment; seconds it took, or None when it was there."""
    venv = cache / "peer"
    if (venv / "installed").is_file():
        return None
    print(f"installing label-studio {VERSION} (about 1 GB, once)", file=sys.stderr)
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    packages = [f"label-studio=={VERSION}", "gunicorn"]
    subprocess.run([venv / "bin" / "pip", "install", "-q", *packages], check=True)
    (venv / "installed").write_text(VERSION)
    return time.monotonic() - begun


def megabytes(folder):
    return sum(f.lstat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink()) / 1e6


class Peer:
    """A data directory and the server on it: its own start command with SQLite, or gunicorn with PostgreSQL."""

    def __init__(self, cache, data, postgres=None, port=PORT):
        self.bin = cache / "peer" / "bin"
        self.data, self.postgres, self.port = data, postgres, port
        self.server = None
        self.tokens = []
        self.projects = 0

    def env(self):
        env = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR")}
        env |= {"COLLECT_ANALYTICS": "0", "LATEST_VERSION_CHECK": "0", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": ""}
        env |= {"HOME": str(self.data.parent), "LABEL_STUDIO_BASE_DATA_DIR": str(self.data)}
        if self.postgres:
            env |= {"DJANGO_DB": "default", "DJANGO_SETTINGS_MODULE": "core.settings.label_studio"}
            env |= {f"POSTGRE_{key}": value for key, value in self.postgres.items()}
            env |= {"LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true", "PYTHONPATH": str(self.package())}
        return env

    def package(self):
        return next((self.bin.parent / "lib").glob("python3*/site-packages/label_studio"))

    def start(self, fresh=False):
        if fresh:
            shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=True)
        if self.postgres:
            command = [self.bin / "gunicorn", "-w", "2", "--threads", "4", "-b", f"127.0.0.1:{self.port}"]
            command += ["--timeout", "300", "core.wsgi:application"]
        else:
            command = [self.bin / "label-studio", "start", "--no-browser", "--data-dir", self.data]
            command += ["--internal-host", "127.0.0.1", "-p", self.port, "--username", ADMIN]
            command += ["--password", PASSWORD, "--user-token", ADMIN_TOKEN]
            command += ["--enable-legacy-api-token", "--log-level", "WARNING"]
        log = self.data.parent / f"{self.data.name}.log"
        self.server = Server([str(part) for part in command], self.port, "/health", log, self.env())
        return self.server

    def stop(self):
        if self.server is not None:
            self.server.stop()
            self.server = None

    @property
    def pids(self):
        return [self.server.pid]

    def migrate(self):
        """PostgreSQL only: the tables and the first account."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        code = (
            "from django.contrib.auth import get_user_model; from organizations.models import Organization; "
            "from rest_framework.authtoken.models import Token; "
            f"u = get_user_model().objects.create_user(email={ADMIN!r}, password={PASSWORD!r}, username='admin'); "
            "o = Organization.create_organization(created_by=u, title='Label Studio'); u.active_organization = o; "
            "u.save(); o.jwt.legacy_api_tokens_enabled = True; o.jwt.save(); Token.objects.filter(user=u).delete(); "
            f"Token.objects.create(user=u, key={ADMIN_TOKEN!r})"
        )
        log = open(self.data.parent / f"{self.data.name}.migrate.log", "ab")
        for arguments in (["migrate", "--no-color"], ["shell", "-c", code]):
            manage = [str(self.bin / "python"), str(self.package() / "manage.py"), *arguments]
            subprocess.run(manage, env=self.env(), cwd=self.package(), check=True, stdout=log, stderr=log)
        log.close()

    def api(self, method, path, body=None, *statuses):
        client = Client(self.port, {"Authorization": f"Token {ADMIN_TOKEN}"}, keep=False)
        return expect(client.call(method, path, body), *(statuses or (200, 201)))

    def setup(self, annotators, token_of):
        """A number of accounts. `token_of` maps account ids to their API tokens, from the database."""
        made = []
        for number in range(annotators):
            account = {"email": f"annotator{number:02}@example.com", "username": f"annotator{number:02}"}
            account |= {"first_name": "Annotator", "last_name": str(number), "password": PASSWORD}
            made.append(self.api("POST", "/api/users/", account)["id"])
        tokens = token_of()
        self.tokens = [tokens[user] for user in made]

    def sqlite(self):
        return sqlite3.connect(f"file:{self.data / 'label_studio.sqlite3'}?mode=ro", uri=True, timeout=60)

    def tokens_in_sqlite(self):
        with self.sqlite() as database:
            return dict(database.execute("SELECT user_id, key FROM authtoken_token"))

    def durability(self):
        with self.sqlite() as database:
            journal = database.execute("PRAGMA journal_mode").fetchone()[0]
            synchronous = database.execute("PRAGMA synchronous").fetchone()[0]
        return f"journal_mode={journal}, synchronous={'OFF NORMAL FULL EXTRA'.split()[synchronous]}"

    def project(self):
        self.projects += 1
        draft = {"title": f"bench {self.projects}", "label_config": LABEL_CONFIG}
        return self.api("POST", "/api/projects/", draft)["id"]

    def import_tasks(self, project, body):
        client = Client(self.port, {"Authorization": f"Token {ADMIN_TOKEN}"}, keep=False)
        begun = time.monotonic()
        answer = expect(client.call("POST", f"/api/projects/{project}/import", body), 201)
        return time.monotonic() - begun, answer

    def workers(self, project, count, keep):
        return [Worker(self.port, project, token, keep) for token in self.tokens[:count]]

    def twice(self, project):
        """How many tasks were annotated by two or more people although the project asks for one."""
        with self.sqlite() as database:
            return database.execute(TWICE.format(project=int(project))).fetchone()


TWICE = (
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN people > 1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(marks), 0) FROM "
    "(SELECT task_id, COUNT(DISTINCT completed_by_id) AS people, COUNT(*) AS marks FROM task_completion "
    "WHERE project_id = {project} GROUP BY task_id) t"
)


def import_body(urls):
    return json.dumps([{"data": {"image": url, "name": name}} for name, url in urls]).encode()


class Worker:
    """One annotator: the next task, five boxes, submit."""

    def __init__(self, port, project, token, keep):
        self.client = Client(port, {"Authorization": f"Token {token}"}, keep)
        self.next_path = f"/api/projects/{project}/next"

    def take(self):
        status, body = self.client.call("GET", self.next_path)
        if status == 404:
            return None
        return expect((status, body), 200)["id"]

    def give(self, task):
        body = {"result": [box(number) for number in range(BOXES)], "lead_time": 5.0}
        expect(self.client.call("POST", f"/api/tasks/{task}/annotations/", body), 201)
        return task, None


def box(number):
    place = {"x": 10.0 + 8 * number, "y": 9.0 + 4 * number, "width": 6.4, "height": 4.8, "rotation": 0}
    return {
        "id": f"box{number}",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 1000,
        "original_height": 1000,
        "image_rotation": 0,
        "value": {**place, "rectanglelabels": ["object"]},
    }
