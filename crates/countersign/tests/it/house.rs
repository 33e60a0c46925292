//! Runs the binary, and speaks a little HTTP to it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

const START_SECONDS: u64 = 60;
pub const PASSWORD: &str = "a password for tests";

pub fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

/// The last JSON object that the binary printed.
pub fn object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let line =
        text.lines().rfind(|line| line.starts_with('{')).unwrap_or_else(|| panic!("no object in {text:?}"));
    serde_json::from_str(line).expect("an object")
}

pub fn samples(part: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERSIGN_SAMPLES");
    if folder.is_none() {
        println!("skipped: COUNTERSIGN_SAMPLES not set");
    }
    folder.map(|folder| PathBuf::from(folder).join(part))
}

/// A server of the test's own.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
}

impl Served {
    pub fn start(data: &Path) -> (Self, Option<String>) {
        Self::start_with(data, &[])
    }

    pub fn start_with(data: &Path, arguments: &[&str]) -> (Self, Option<String>) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--json", "serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("ready line: {line:?}"));
        let address = said["address"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
        let password = said["owner"]["one_time_password"].as_str().map(str::to_owned);
        let served = Self { child, address };
        let begun = Instant::now();
        while served.call("GET", "/api/health", &[], None).is_none_or(|(status, _)| status != 200) {
            assert!(begun.elapsed() < Duration::from_secs(START_SECONDS), "the server did not get ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        (served, password)
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        call(self.address, method, path, headers, body)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own; `None` when the server went away.
pub fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Option<(u16, Value)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(&body);
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(START_SECONDS))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer);
    let (head, content) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    // A cut-off answer acknowledges nothing.
    let length = head
        .lines()
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
    if length.is_some_and(|length| content.len() < length) {
        return None;
    }
    Some((status, serde_json::from_str(content).unwrap_or(Value::Null)))
}

/// People with API tokens on a project of plain images.
pub struct Team {
    pub project: String,
    pub tokens: Vec<String>,
}

impl Team {
    /// The owner, a technician, a privacy officer and so many annotators; a project with imported image tasks.
    pub fn gather(served: &Served, one_time: &str, annotators: usize, images: usize) -> Self {
        let owner = token(served, "owner", one_time, true);
        let api = |token: &str, method: &str, path: &str, body: Value| {
            let bearer = format!("Bearer {token}");
            let answer =
                served.call(method, &format!("/api/v1{path}"), &[("Authorization", &bearer)], Some(&body));
            let (status, value) = answer.expect("an answer");
            assert!((200..300).contains(&status), "{method} {path}: {status} {value}");
            value
        };
        let made = api(&owner, "POST", "/projects", json!({ "name": "crash", "protocol": "images" }));
        let project = made["id"].as_str().unwrap().to_owned();
        let signature = json!({ "login": "owner", "password": PASSWORD });
        in_person(served, "owner", &format!("/projects/{project}/protocol/signature"), signature);
        let join = |login: &str, role: &str| {
            let draft = json!({ "login": login, "printed_name": login, "password": PASSWORD });
            let user = api(&owner, "POST", "/users", draft);
            let grant = json!({ "user": user["user"]["id"], "role": role });
            api(&owner, "POST", &format!("/projects/{project}/grants"), grant);
            token(served, login, PASSWORD, false)
        };
        join("privacy", "privacy_officer");
        let technician = join("technician", "technician");
        let tokens = (0..annotators).map(|n| join(&format!("annotator{n}"), "annotator")).collect();
        let statement = json!({ "login": "privacy", "password": PASSWORD, "statement": "publicly_released" });
        in_person(served, "privacy", &format!("/projects/{project}/declaration"), statement);
        let list: Vec<Value> =
            (0..images).map(|n| json!({ "url": format!("https://images.example/{n}.jpg") })).collect();
        api(&technician, "POST", &format!("/projects/{project}/import"), json!({ "images": list }));
        Self { project, tokens }
    }
}

/// Signs something in person, which a token cannot: about a first version.
fn in_person(served: &Served, login: &str, path: &str, signed: Value) {
    let cookie = cookie(served, login, PASSWORD);
    let headers = [("Cookie", cookie.as_str()), ("X-Countersign", "1"), ("If-Match", "\"1\"")];
    let post = |path: &str, body: Value| {
        let (status, answer) = served.call("POST", path, &headers, Some(&body)).unwrap();
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    };
    post("/api/v1/me/signing", json!({ "version": 1 }));
    post(&format!("/api/v1{path}"), signed);
}

/// Signs in, changes a one-time password, and makes an API token.
pub fn token(served: &Served, login: &str, password: &str, one_time: bool) -> String {
    let cookie = cookie(served, login, password);
    let headers = [("Cookie", cookie.as_str()), ("X-Countersign", "1")];
    if one_time {
        let change = json!({ "current": password, "new": PASSWORD });
        let (status, _) = served.call("PUT", "/api/v1/me/password", &headers, Some(&change)).unwrap();
        assert_eq!(status, 204);
    }
    let made = served.call("POST", "/api/v1/me/tokens", &headers, Some(&json!({ "name": "test" }))).unwrap();
    assert_eq!(made.0, 201, "{}", made.1);
    made.1["token"].as_str().unwrap().to_owned()
}

/// Signs in; what the browser sends from then on.
pub fn cookie(served: &Served, login: &str, password: &str) -> String {
    let address = served.address;
    let body = json!({ "login": login, "password": password }).to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "POST /api/v1/session HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-Countersign: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .and_then(|line| line.split(';').next())
        .unwrap_or_else(|| panic!("no cookie: {answer}"))
        .to_owned()
}
