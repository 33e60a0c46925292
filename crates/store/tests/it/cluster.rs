//! A throw-away PostgreSQL cluster shared by all test processes of a run.
//!
//! The first process that needs it starts it; each keeps a shared lock on `users.lock` while it lives. A watchdog
//! stops the server and removes its folder when nobody held that lock for a while, however the tests ended.

use std::{
    fs::{self, File},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// How long the cluster outlives its last user, seconds.
const IDLE_SECONDS: u32 = 20;

/// Where to connect: `url(database)`.
pub struct Cluster {
    base: String,
    query: String,
    /// Keeps the watchdog away while this process lives.
    _user: Option<File>,
}

impl Cluster {
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }
}

/// The cluster; `None` only when the environment says that these tests are to be skipped.
pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(find).as_ref()
}

fn find() -> Option<Cluster> {
    if let Ok(url) = std::env::var("COUNTERSIGN_TEST_POSTGRES") {
        let (base, query) =
            url.split_once('?').map_or((url.as_str(), String::new()), |(b, q)| (b, format!("?{q}")));
        let scheme = base.find("://").map_or(0, |at| at + 3);
        let end = base[scheme..].find('/').map_or(base.len(), |at| scheme + at);
        return Some(Cluster { base: base[..end].to_owned(), query, _user: None });
    }
    let Some(binaries) = binaries() else {
        if std::env::var("COUNTERSIGN_SKIP_POSTGRES").is_ok_and(|value| value == "1") {
            eprintln!(
                "SKIPPED: every PostgreSQL test of the store (COUNTERSIGN_SKIP_POSTGRES=1, no server found)"
            );
            return None;
        }
        panic!(
            "no PostgreSQL server binaries found; install the package `postgresql` or set COUNTERSIGN_SKIP_POSTGRES=1"
        );
    };
    Some(start(&binaries))
}

/// The newest folder that holds `initdb` and `pg_ctl`.
fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).collect::<Vec<_>>();
    folders
        .into_iter()
        .rev()
        .chain(in_path)
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()))
}

fn start(binaries: &Path) -> Cluster {
    let folder = std::env::temp_dir().join(format!("countersign-pg-{}", tag()));
    fs::create_dir_all(&folder).expect("make the cluster's folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("open the cluster's folder");
    let user = File::create(folder.join("users.lock")).expect("users.lock");
    user.lock_shared().expect("lock users.lock");
    let starting = File::create(folder.join("start.lock")).expect("start.lock");
    starting.lock().expect("lock start.lock");
    let data = folder.join("data");
    let runs = as_server(&binaries.join("pg_ctl")).arg("-D").arg(&data).arg("status").output();
    if !runs.is_ok_and(|output| output.status.success()) {
        create(binaries, &folder, &data);
    }
    let query = format!("?host={}&user=postgres", folder.join("run").display());
    Cluster { base: "postgres://localhost".to_owned(), query, _user: Some(user) }
}

fn create(binaries: &Path, folder: &Path, data: &Path) {
    let _ = fs::remove_dir_all(data);
    let sockets = folder.join("run");
    for made in [data, &sockets] {
        fs::create_dir_all(made).expect("make a folder of the cluster");
        own(made);
    }
    let mut initdb = as_server(&binaries.join("initdb"));
    initdb.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(data);
    run(initdb);
    // No durability: the cluster is thrown away. What the store promises about it is PostgreSQL's own promise.
    let options = format!(
        "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c full_page_writes=off \
         -c max_connections=300 -c shared_buffers=64MB",
        sockets.display()
    );
    let mut pg_ctl = as_server(&binaries.join("pg_ctl"));
    pg_ctl.arg("-D").arg(data).args(["-w", "-l"]).arg(sockets.join("log")).args(["-o", &options, "start"]);
    run(pg_ctl);
    watch(binaries, folder, data);
}

/// Starts the watchdog in a process group of its own, so that it outlives the tests.
fn watch(binaries: &Path, folder: &Path, data: &Path) {
    let script = "(idle=0; while [ -d \"$1\" ]; do sleep 1; \
                  if flock -n -x \"$1/users.lock\" true; then idle=$((idle+1)); else idle=0; fi; \
                  if [ $idle -ge $4 ]; then exec 9>\"$1/start.lock\"; flock 9; \
                  if flock -n -x \"$1/users.lock\" true; then $5 \"$2/pg_ctl\" -D \"$3\" -m immediate stop; \
                  rm -rf \"$1\"; exit; fi; flock -u 9; idle=0; fi; done) </dev/null >/dev/null 2>&1 &";
    let as_server = if is_root() {
        format!("setpriv --reuid={0} --regid={0} --clear-groups", server_user())
    } else {
        String::new()
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "watchdog"]).args([folder, binaries, data]);
    shell.arg(IDLE_SECONDS.to_string()).arg(as_server).current_dir("/").process_group(0);
    run(shell);
}

/// The server refuses to run as root: then it runs as another user.
fn as_server(program: &Path) -> Command {
    let mut command;
    if is_root() {
        command = Command::new("setpriv");
        command.arg(format!("--reuid={}", server_user())).arg(format!("--regid={}", server_user()));
        command.arg("--clear-groups").arg(program);
    } else {
        command = Command::new(program);
    }
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn own(folder: &Path) {
    if is_root() {
        let mut chown = Command::new("chown");
        chown.arg(format!("{0}:{0}", server_user())).arg(folder);
        run(chown);
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|found| std::os::unix::fs::MetadataExt::uid(&found) == 0)
}

/// Numeric id of `postgres` where there is such a user, else of nobody.
fn server_user() -> u32 {
    const NOBODY: u32 = 65_534;
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    users
        .lines()
        .find_map(|line| line.strip_prefix("postgres:")?.split(':').nth(1)?.parse().ok())
        .unwrap_or(NOBODY)
}

/// One cluster per target folder, so that two checkouts do not share one.
fn tag() -> String {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let sum = folder
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
}

fn run(mut command: Command) {
    // Output goes to files of the cluster or is dropped: a pipe that the server inherits would never close.
    let status =
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("run a program of the server");
    assert!(status.success(), "{command:?} failed");
}
