//! Real connections: served, and ended in order.

use countersign_model::Role;
use countersign_server::{App, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::house::House;

async fn ask(stream: &mut TcpStream, path: &str, cookie: &str, wanted: &str) -> String {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: here\r\nCookie: countersign_session={cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    while !text.contains(wanted) {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).await.unwrap();
        assert!(length > 0, "the connection ended after {text:?}");
        text.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_open_streams_and_idle_connections() {
    let house = House::new().await;
    let user = house.person("ada", &[]).await;
    house.project("p", "images", &[(user, Role::Auditor)]).await;
    let secret = house.session("ada").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = App::new(house.pipeline.clone(), false);
    let server = tokio::spawn(serve(listener, app, async move { drop(stopped.await) }));

    let mut idle = TcpStream::connect(address).await.unwrap();
    assert!(ask(&mut idle, "/api/health", "", "ready").await.starts_with("HTTP/1.1 200 OK"));
    let mut live = TcpStream::connect(address).await.unwrap();
    let head = ask(&mut live, "/api/v1/events", &secret, "listening").await;
    assert!(head.contains("text/event-stream"), "{head}");

    stop.send(()).unwrap();
    let mut rest = Vec::new();
    live.read_to_end(&mut rest).await.unwrap();
    idle.read_to_end(&mut rest).await.unwrap();
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
