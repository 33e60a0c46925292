"""Countersign as a person would set it up: everything over its own HTTP API."""

import json
import shutil
import time
import uuid

from headtohead.process import Server
from headtohead.wire import Client, expect

PORT = 18080
PASSWORD = "head-to-head-password"
GUARD = "X-Countersign: 1\r\n"
BOXES = 5


class Ours:
    """A data directory and the server on it."""

    def __init__(self, binary, data, database=None, port=PORT):
        self.binary, self.data, self.database, self.port = binary, data, database, port
        self.server = None
        self.tokens = {}
        self.users = {}
        self.projects = 0

    def start(self, fresh=False):
        if fresh:
            shutil.rmtree(self.data, ignore_errors=True)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        command = [self.binary, "--json", "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"]
        if self.database:
            command += ["--database", self.database]
        log = self.data.parent / f"{self.data.name}.log"
        self.server = Server([str(part) for part in command], self.port, "/api/health", log)
        return self.server

    def stop(self):
        if self.server is not None:
            self.server.stop()
            self.server = None

    @property
    def pids(self):
        return [self.server.pid]

    def owner_password(self):
        for _ in range(100):
            with open(self.server.out, encoding="utf-8") as file:
                for line in file:
                    if line.startswith("{") and "owner" in json.loads(line):
                        return json.loads(line)["owner"]["one_time_password"]
            time.sleep(0.05)
        raise RuntimeError("the first start printed no owner password")

    def _sign_in(self, login, password, renewed=None):
        """Signs in, changes a one-time password, makes an API token."""
        client = Client(self.port, {}, keep=True)
        me = expect(client.call("POST", "/api/v1/session", {"login": login, "password": password}, GUARD), 200)
        cookie = client.fields["set-cookie"].split(";")[0]
        lines = f"{GUARD}Cookie: {cookie}\r\n"
        if renewed:
            change = {"current": password, "new": renewed}
            expect(client.call("PUT", "/api/v1/me/password", change, lines), 204)
        token = expect(client.call("POST", "/api/v1/me/tokens", {"name": "bench"}, lines), 201)["token"]
        client.close()
        self.users[login] = me["user"]["id"]
        self.tokens[login] = token

    def api(self, login, method, path, body=None, *statuses):
        client = Client(self.port, {"Authorization": f"Bearer {self.tokens[login]}"}, keep=False)
        return expect(client.call(method, "/api/v1" + path, body), *(statuses or (200, 201, 204)))

    def setup(self, annotators):
        """The owner, a technician, a privacy officer and a number of annotators, each with a token of their own."""
        self._sign_in("owner", self.owner_password(), PASSWORD)
        for login in ["technician", "privacy", *self.annotators(annotators)]:
            account = {"login": login, "printed_name": login.title(), "password": PASSWORD}
            self.api("owner", "POST", "/users", account)
            self._sign_in(login, PASSWORD)

    @staticmethod
    def annotators(count):
        return [f"annotator{number:02}" for number in range(count)]

    def project(self, annotators):
        """A project of plain images, declared public by its privacy officer."""
        self.projects += 1
        draft = {"name": f"bench {self.projects}", "protocol": "images"}
        project = self.api("owner", "POST", "/projects", draft)["id"]
        roles = [("technician", "technician"), ("privacy", "privacy_officer")]
        roles += [(login, "annotator") for login in self.annotators(annotators)]
        for login, role in roles:
            grant = {"user": self.users[login], "role": role}
            self.api("owner", "POST", f"/projects/{project}/grants", grant)
        statement = {"statement": "publicly_released"}
        self.sign("privacy", f"/projects/{project}/declaration", statement, 204)
        self.sign("owner", f"/projects/{project}/protocol/signature", {}, 201)
        return project

    def sign(self, login, path, body, status):
        """Signed in person: a token cannot."""
        client = Client(self.port, {}, keep=True)
        who = {"login": login, "password": PASSWORD}
        expect(client.call("POST", "/api/v1/session", who, GUARD), 200)
        lines = f"{GUARD}Cookie: {client.fields['set-cookie'].split(';')[0]}\r\nIf-Match: \"1\"\r\n"
        expect(client.call("POST", "/api/v1/me/signing", {"version": 1}, lines), 200)
        expect(client.call("POST", "/api/v1" + path, {**who, **body}, lines), status)
        client.close()

    def import_tasks(self, project, body):
        """Seconds until the answer, which says that everything is durable."""
        client = Client(self.port, {"Authorization": f"Bearer {self.tokens['technician']}"}, keep=False)
        begun = time.monotonic()
        answer = expect(client.call("POST", f"/api/v1/projects/{project}/import", body), 201)
        return time.monotonic() - begun, answer

    def workers(self, project, count, keep):
        return [Worker(self.port, project, self.tokens[login], keep) for login in self.annotators(count)]


def import_body(urls):
    return json.dumps({"images": [{"url": url, "name": name} for name, url in urls]}).encode()


class Worker:
    """One annotator: claims whatever is next, draws five boxes, submits."""

    def __init__(self, port, project, token, keep):
        self.client = Client(port, {"Authorization": f"Bearer {token}"}, keep)
        self.claim_path = f"/api/v1/projects/{project}/tasks/claim"

    def take(self):
        """The claimed work, or None when nothing is left."""
        status, body = self.client.call("POST", self.claim_path, b"{}")
        if status == 404 and b"nothing_to_do" in body:
            return None
        work = expect((status, body), 200)
        return work["task"]["id"], work["task"]["fence"]

    def give(self, work):
        """Submits; what the answer vouched for."""
        task, fence = work
        changes = [{"op": "put", "annotation": box(number)} for number in range(BOXES)]
        body = {"fence": fence, "changes": changes}
        answer = self.client.call("POST", f"/api/v1/tasks/{task}/submit", body, 'If-Match: "0"\r\n')
        return task, expect(answer, 200)["content_hash"]


def box(number):
    return {
        "id": str(uuid.uuid4()),
        "class": "object",
        "frame": {"stream": 0, "index": 0},
        "shape": {"type": "box", "x": 100.0 + 90 * number, "y": 80.0 + 40 * number, "w": 64.0, "h": 48.0},
        "attributes": {},
    }
