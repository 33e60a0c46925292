//! `countersign serve`: the store, the use cases, the workers and the page in one process.

use std::{
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use countersign_pipeline::{Pipeline, Settings, people::NewUser};
use countersign_server::App;
use countersign_store::Store;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
};

use crate::{
    cli::Serve,
    fault::{Fault, Outcome},
    ingest::{owner_object, owner_said},
    lock::{ServeLock, WorkerLock},
    output::{Output, note},
    place,
};

/// How long the last entries of the log may take to be written when the server stops, seconds.
const CLOSE_SECONDS: u64 = 10;

/// Runs the command.
pub async fn run(args: Serve, out: Output) -> Outcome<ExitCode> {
    let begun = Instant::now();
    let server = Server::start(&args).await?;
    let owner = place::first_start(&server.pipeline).await?;
    greet(&server, owner.as_ref(), begun.elapsed(), out);
    server.run().await
}

fn greet(server: &Server, owner: Option<&NewUser>, took: Duration, out: Output) {
    let address = server.address;
    let mut object = json!({
        "address": format!("http://{address}"),
        "version": env!("CARGO_PKG_VERSION"),
        "start_ms": took.as_millis() as u64,
    });
    let mut text = format!("Countersign {} is ready on http://{address}", env!("CARGO_PKG_VERSION"));
    if let Some(owner) = owner {
        object["owner"] = owner_object(owner);
        text.push('\n');
        text.push_str(&owner_said(owner));
    }
    out.result(&object, &text);
}

/// A server that has its address, its store and its lock, and does not answer yet.
pub struct Server {
    /// The use cases.
    pub pipeline: Pipeline,
    /// Where it listens.
    pub address: SocketAddr,
    listener: TcpListener,
    https: bool,
    stop: Stop,
    _lock: ServeLock,
    _worker_lock: WorkerLock,
}

impl Server {
    /// Takes the directory and the port, in this order, then opens the store.
    pub async fn start(args: &Serve) -> Outcome<Self> {
        let data = &args.place.data;
        std::fs::create_dir_all(data).map_err(|error| Fault::file(data, &error))?;
        let witnesses = args.witnesses.addresses()?;
        let stop = Stop::watch()?;
        let mut lock = ServeLock::take(data)?;
        let listener = listen(args.listen).await?;
        let address =
            listener.local_addr().map_err(|error| Fault::new("cannot_listen", error.to_string()))?;
        lock.announce(address).map_err(|error| Fault::file(data, &error))?;
        let store = place::open(&args.place).await?;
        let worker_lock = place::join_workers(data, &store).await?;
        let settings =
            Settings { stable_age_seconds: args.stable_age.into(), models: args.models.servers(), witnesses };
        let pipeline = Pipeline::with(store, settings)?;
        pipeline.sweep_releases().await?;
        pipeline.sweep_certifications().await?;
        pipeline.sweep_copies()?;
        Ok(Self {
            pipeline,
            address,
            listener,
            https: args.behind_https,
            stop,
            _lock: lock,
            _worker_lock: worker_lock,
        })
    }

    /// Answers until a signal comes, then ends in order.
    pub async fn run(self) -> Outcome<ExitCode> {
        let Self { pipeline, listener, https, stop, _lock, _worker_lock, .. } = self;
        let store = pipeline.store.clone();
        let run = pipeline.started(env!("CARGO_PKG_VERSION")).await?;
        let ending = pipeline.clone();
        let sequencer = store.spawn_sequencer();
        let worker = pipeline.spawn_worker();
        let witnessing = pipeline.spawn_witnessing();
        let refusals = pipeline.spawn_refusals();
        let served = countersign_server::serve(listener, App::new(pipeline, https), stop.wait()).await;
        note("stopping");
        if let Err(error) = ending.stopped(run).await {
            note(&format!("the stop is not in the log: {error}"));
        }
        close(&store, &[sequencer, worker, witnessing, refusals]).await?;
        served.map_err(|error| Fault::new("cannot_listen", error.to_string()))?;
        note("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes an address.
pub async fn listen(address: SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let fault = match error.kind() {
            std::io::ErrorKind::AddrInUse => Fault::new(
                "address_in_use",
                "Another program listens there. Choose another address with --listen, or stop that program.",
            ),
            std::io::ErrorKind::PermissionDenied => Fault::new(
                "permission_denied",
                "This account may not listen there. Ports from 1024 on need no right.",
            ),
            _ => Fault::new("cannot_listen", error.to_string()),
        };
        fault.at(address)
    })
}

/// Stops background work, brings the log up to date, closes the store. Jobs that were cut off are done again.
async fn close(store: &Store, tasks: &[JoinHandle<()>]) -> Outcome<()> {
    tasks.iter().for_each(JoinHandle::abort);
    let closing = async {
        let sequenced = store.sequence().await;
        store.close().await;
        sequenced
    };
    match tokio::time::timeout(Duration::from_secs(CLOSE_SECONDS), closing).await {
        Ok(sequenced) => Ok(sequenced.map(drop)?),
        // Nothing is lost: what is committed gets its place in the log at the next start.
        Err(_) => Err(Fault::new(
            "slow_stop",
            "The last log entries were not written in time; the next start writes them.",
        )),
    }
}

/// SIGINT and SIGTERM, caught from the moment this exists: a signal that comes between "ready" and the first request
/// stops the server in order too.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to catch them.
    pub fn watch() -> Outcome<Self> {
        let fault = |error: std::io::Error| Fault::new("no_signals", error.to_string());
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(fault)?,
            terminate: signal(SignalKind::terminate()).map_err(fault)?,
        })
    }

    /// Ready at the first signal; the second one ends the process at once.
    pub async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(1);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
