//! Connections: accepted, bounded in number and in how long they may take for their headers, and ended in order.

use std::{future::Future, io, net::IpAddr, sync::Arc, time::Duration};

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{App, router};

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a client may take for the headers of a request, seconds.
const HEADERS_SECONDS: u64 = 20;
/// How long open requests may take to end when the server stops, seconds.
const DRAIN_SECONDS: u64 = 20;
/// Pause after an accept that failed, such as for want of file handles, milliseconds.
const ACCEPT_PAUSE_MILLIS: u64 = 100;

/// The other end of the connection that a request came by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub IpAddr);

/// Serves until `shutdown` is ready, then lets open requests end.
///
/// # Errors
/// None today; the type leaves room for a listener that can no longer accept.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    serve_router(listener, router(app.clone()), shutdown, move || app.stop()).await
}

/// The same for any service; `ending` is called when no more connections are taken.
pub(crate) async fn serve_router(
    listener: TcpListener,
    service: Router,
    shutdown: impl Future<Output = ()>,
    ending: impl FnOnce(),
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a connection could not be accepted"
                );
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MILLIS)).await;
                continue;
            }
        };
        // Beyond the limit the connection is closed at once: waiting would only move the queue here.
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "a socket option was refused");
        }
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEADERS_SECONDS));
        let watcher = graceful.watcher();
        let service = hyper_service(service.clone().layer(Extension(Peer(peer.ip()))));
        tokio::spawn(async move {
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
            }
            drop(slot);
        });
    }
    drop(listener);
    ending();
    if tokio::time::timeout(Duration::from_secs(DRAIN_SECONDS), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off");
    }
    Ok(())
}

fn hyper_service(router: Router) -> TowerToHyperService<Router> {
    TowerToHyperService::new(router)
}
