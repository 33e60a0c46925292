"""What live monitoring costs the person who reviews, and how soon the person concerned is told: over the product's own API."""

import json
import socket
import threading
import time

from headtohead import machine, ours
from headtohead.wire import Client, expect

REVIEWERS = 8
ITEMS = 2_000
# Of a reader's first checked reads so many are wrong, later so many: one in twenty, then three in ten.
BEFORE, AFTER = 20, 10
WRONG_OF_TEN = 3
STEADY = 120
LATE_MAX = 200
RUN_LENGTH = 1_000


class Reviewer:
    """Claims whatever waits for review and takes it as it is, or changes a class."""

    def __init__(self, port, project, token):
        self.client = Client(port, {"Authorization": f"Bearer {token}"}, keep=True)
        self.claim_path = f"/api/v1/projects/{project}/tasks/claim"
        self.times = []

    def review(self, wrong):
        status, body = self.client.call("POST", self.claim_path, {"role": "reviewer"})
        if status == 404 and b"nothing_to_do" in body:
            return False
        work = expect((status, body), 200)
        mark = work["read"]["annotations"][0]
        body = {"fence": work["task"]["fence"], "decision": "accept", "all_right": True, "missing": "nothing"}
        if wrong:
            kept = {name: mark[name] for name in ("id", "frame", "shape", "attributes") if name in mark}
            changed = kept | {"class": "person"}
            body |= {"decision": "fix", "reason": "wrong_class"}
            body["changes"] = [{"op": "put", "annotation": changed}]
        match = f'If-Match: "{work["read"]["revision"]}"\r\n'
        begun = time.monotonic()
        answer = self.client.call("POST", f"/api/v1/tasks/{work['task']['id']}/review", body, match)
        self.times.append((time.monotonic() - begun) * 1000)
        expect(answer, 200)
        return True


class Listener(threading.Thread):
    """The live stream of the person whose work is checked: when the first word about it came."""

    def __init__(self, port, token):
        super().__init__(daemon=True)
        self.told = None
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=300)
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        self.sock.sendall(f"{head}Accept: text/event-stream\r\n\r\n".encode())

    def run(self):
        read = b""
        try:
            while self.told is None:
                piece = self.sock.recv(65_536)
                if not piece:
                    return
                read += piece
                if b'"object_kind":"feedback"' in read:
                    self.told = time.monotonic()
        except OSError:
            return


def signed_in(server, login, project, role):
    account = {"login": login, "printed_name": login.title(), "password": ours.PASSWORD}
    server.api("owner", "POST", "/users", account)
    server._sign_in(login, ours.PASSWORD)
    server.api("owner", "POST", f"/projects/{project}/grants", {"user": server.users[login], "role": role})
    return server.tokens[login]


def drawn(server, project, login):
    """Everything that waits to be read, read by one person."""
    worker = ours.Worker(server.port, project, server.tokens[login], keep=True)
    count = 0
    while (work := worker.take()) is not None:
        worker.give(work)
        count += 1
    return count


def crowd(server, project, reviewers):
    """All reviews of a list at once, one in twenty of them wrong."""

    def work(reviewer, first):
        number = first
        while reviewer.review(number % BEFORE == 0):
            number += len(reviewers)

    threads = [threading.Thread(target=work, args=(one, place)) for place, one in enumerate(reviewers)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    times = sorted(time for one in reviewers for time in one.times)
    return {
        "reviews": len(times), "reviews_per_s": len(times) / seconds,
        "p50_ms": machine.percentile(times, 0.5), "p99_ms": machine.percentile(times, 0.99), "longest_ms": times[-1],
    }


def afternoon(server, project, login, reviewer):
    """One person's errors rise from one in twenty to three in ten; reviews until they are told, and how long that took."""
    listener = Listener(server.port, server.tokens[login])
    listener.start()
    time.sleep(1)
    late = 0
    for number in range(STEADY + LATE_MAX):
        wrong = number % BEFORE == 0 if number < STEADY else number % AFTER < WRONG_OF_TEN
        late += number >= STEADY
        if not reviewer.review(wrong):
            raise RuntimeError("nothing is left to review")
        answered = time.monotonic()
        cards = server.api(login, "GET", "/me/feedback")
        shown = time.monotonic()
        if cards:
            listener.join(10)
            if listener.told is None:
                raise RuntimeError("a card is there and the live stream said nothing")
            return {
                "checked_before": late, "card_ms": (shown - answered) * 1000,
                "told_ms": max(0.0, (listener.told - answered) * 1000),
            }
    raise RuntimeError(f"no alarm within {LATE_MAX} reviews")


def run(bench):
    server = bench.ours("monitor")
    server.start(fresh=True)
    server.setup(2)
    first, second = server.project(2), server.project(2)
    tokens = [signed_in(server, f"reviewer{number:02}", first, "reviewer") for number in range(REVIEWERS)]
    server.api("owner", "POST", f"/projects/{second}/grants", {"user": server.users["reviewer00"], "role": "reviewer"})
    server.api("owner", "PUT", f"/projects/{second}/monitor", {"run_length": RUN_LENGTH})
    items = bench.tasks(ITEMS)
    for project, count in [(first, items), (second, STEADY + LATE_MAX)]:
        urls = [(f"part {number:06}", f"/images/{project}/{number:06}.png") for number in range(count)]
        server.import_tasks(project, ours.import_body(urls))
        drawn(server, project, "annotator00")
    result = crowd(server, first, [Reviewer(server.port, first, token) for token in tokens])
    result |= afternoon(server, second, "annotator00", Reviewer(server.port, second, tokens[0]))
    result["run_length"], result["reviewers"] = RUN_LENGTH, REVIEWERS
    server.stop()
    return json.loads(json.dumps(result))


def render(result):
    from headtohead.report import met, number, table

    rows = [
        [
            f"a review with {result['reviewers']} people reviewing flat out, the check of its reader in its write",
            f"p50 {number(result['p50_ms'])} ms, p99 {number(result['p99_ms'])} ms, longest {number(result['longest_ms'])} ms",
            f"p99 < 50 ms: {met(result['p99_ms'], 50)}",
        ],
        ["reviews", f"{number(result['reviews'])}, {number(result['reviews_per_s'])} per second", ""],
        [
            "from the answer to the review that raised the alarm to the word in the live stream of the person concerned",
            f"{number(result['told_ms'])} ms", f"< 1,000 ms: {met(result['told_ms'], 1000)}",
        ],
        [
            "the same, to their card when they ask for it",
            f"{number(result['card_ms'])} ms", f"< 1,000 ms: {met(result['card_ms'], 1000)}",
        ],
        [
            f"checked reads from 5 % to 30 % errors to the alarm (one run, {number(result['run_length'])} checks to a false alarm)",
            number(result["checked_before"]), "",
        ],
    ]
    return (
        "## Monitoring\n\nOver HTTP, SQLite with `synchronous=FULL`. No peer checks people as they are reviewed; for "
        "information.\n\n" + table(["", "ours", "aim"], rows)
    )
